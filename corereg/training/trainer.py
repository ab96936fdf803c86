"""Trainer: what a model has in order to be trained, tested and used.

It holds what `compile` was told, the locks, the recordings and the sums of epochs. What is done
with them stands in fit.py, evaluate.py and predict.py, as functions of a model.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import numpy as np

from corereg import _kernels, losses, metrics, optimizers
from corereg.autograd import Parameter, Tensor
from corereg.callbacks.history import History
from corereg.layers.base import Layer, Shape
from corereg.losses.base import Loss
from corereg.random import next_model_seed
from corereg.runtime.capture import CaptureCache
from corereg.runtime.dependencies import Obstacle, snapshot_of
from corereg.runtime.report import RUN_EAGERLY, Execution, ExecutionReport, eager, warn_eager
from corereg.training.accumulators import EpochAccumulators
from corereg.training.data.arrays import ArrayDataset, Batch, RowOrder
from corereg.training.data.checks import check_inputs, check_training_data, prefix_errors

Array = np.ndarray[Any, Any]
Metrics = tuple[list[metrics.Metric], list[metrics.Metric]]


class TrainableModel(Protocol):
    """What training asks of a model. `corereg.models` has such models; training imports none."""

    name: str
    built: bool
    stop_training: bool
    _trainer: Trainer
    _parameters: list[Parameter]  # of the model itself

    @property
    def _layers(self) -> list[Layer]: ...
    @property
    def layers(self) -> list[Layer]: ...
    @property
    def weights(self) -> list[Parameter]: ...
    @property
    def trainable_weights(self) -> list[Parameter]: ...
    @property
    def dtype(self) -> str: ...
    @property
    def input_shape(self) -> Shape: ...
    @property
    def output_shape(self) -> Shape: ...
    def compute_output_shape(self, input_shape: Any) -> Any: ...
    def build(self, input_shape: Sequence[int | None]) -> None: ...
    def __call__(self, x: Any, *, training: bool | None = None) -> Tensor: ...


class Compilation:
    """What `compile` was told. Recorded steps depend on its attributes."""

    def __init__(
        self,
        optimizer: optimizers.Optimizer | None = None,
        loss: Loss | None = None,
        requested_metrics: list[Any] | None = None,
        requested_weighted_metrics: list[Any] | None = None,
        run_eagerly: bool = False,
    ) -> None:
        self.optimizer, self.loss, self.run_eagerly = optimizer, loss, run_eagerly
        self.requested_metrics = requested_metrics or []
        self.requested_weighted_metrics = requested_weighted_metrics or []
        self.metrics: Metrics | None = None  # as objects, once shapes are known

    @classmethod
    def from_arguments(
        cls, optimizer: Any, loss: Any, metrics: Any, weighted_metrics: Any, run_eagerly: bool
    ) -> Compilation:
        """Names looked up, or ValueError that lists the known ones."""
        return cls(
            optimizers.get(optimizer),
            None if loss is None else losses.get(loss),
            _requested("metrics", metrics),
            _requested("weighted_metrics", weighted_metrics),
            bool(run_eagerly),
        )

    def need(self, who: str) -> tuple[optimizers.Optimizer, Loss]:
        """The optimizer and the loss, or RuntimeError if one is missing."""
        if self.optimizer is None or self.loss is None:
            raise RuntimeError(
                f"{who}: the model has no {'optimizer' if self.optimizer is None else 'loss'}; "
                "call compile(optimizer=..., loss=...) first"
            )
        return self.optimizer, self.loss

    def metrics_for(self, who: str, y: Array, outputs: Shape) -> Metrics:
        """The metrics as objects ("accuracy" depends on shapes), checked against the targets."""
        found = self.metrics
        if found is None:
            sparse = y.ndim == 1 or y.shape[-1] == 1 != outputs[-1]
            requested = self.requested_metrics, self.requested_weighted_metrics
            one, other = ([metrics.get(m, outputs, sparse) for m in group] for group in requested)
            found = one, other
        with prefix_errors(who):
            for metric in (*found[0], *found[1]):
                metric.check_targets(y, outputs)
        return found


class Trainer:
    """The training side of one model."""

    def __init__(self) -> None:
        self.compilation = Compilation()
        self.stop_training = False
        self.row_order = RowOrder(next_model_seed())
        self._epochs: dict[str, Any] = {}
        self._make_transient_state()

    def _make_transient_state(self) -> None:
        """State that is excluded from pickling and copying: locks and what was recorded."""
        self._history: Callable[[], History | None] | None = None
        self.lock = _kernels.TrainingLock()
        self.weights_lock = _kernels.ReadWriteLock()
        self._shapes: tuple[_kernels.Snapshot, tuple[str, Shape, Shape]] | None = None
        self._warned: set[str] = set()  # reasons of eager runs that the user was told of
        self.forget_recordings()

    def __getstate__(self) -> dict[str, Any]:
        transient = Trainer.__new__(Trainer)
        transient._make_transient_state()
        return {k: v for k, v in vars(self).items() if k not in vars(transient)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._make_transient_state()
        vars(self).update(state)

    # ---- compile --------------------------------------------------------------------------------

    def compile(self, compilation: Compilation) -> None:
        """Takes what to train with from now on."""
        self.lock.check_idle("compile")
        self.compilation = compilation
        self.forget_recordings()

    def layers_changed(self) -> None:
        """Forgets what depended on the layers: what "accuracy" means depends on the output."""
        self.compilation.metrics = None
        self.forget_recordings()

    def forget_recordings(self) -> None:
        """Drops what was recorded with other layers, another loss, optimizer or metrics."""
        self.captures = {kind: CaptureCache() for kind in ("train", "test", "penalty", "predict")}
        self.forward_pool: _kernels.ForwardPool | None = None
        self._sums: dict[str, EpochAccumulators] = {}
        self.penalties = np.zeros(0)  # of the weights, for recorded tests to read

    def new_sums(self, kind: str) -> EpochAccumulators:
        """Where recorded steps of this kind ("train", "test") add up, set to zero."""
        metrics = self.compilation.metrics
        assert metrics is not None
        found = self._sums.get(kind)
        if found is None or found.metrics is not metrics[0]:
            found = self._sums[kind] = EpochAccumulators(*metrics)
        found.reset()
        return found

    @property
    def metrics_names(self) -> list[str]:
        """What evaluate returns, in order."""
        groups = self.compilation.metrics or ([], [])
        return ["loss", *(metric.name for group in groups for metric in group)]

    # ---- history ---------------------------------------------------------------------------------

    def history_of(self, model: TrainableModel) -> History | None:
        """The History of the last fit, or None."""
        if self._history is None:
            return None
        found = self._history()
        if found is None:  # nobody else kept it
            found = History()
            vars(found).update(self._epochs, model=model)
            self._history = weakref.ref(found)
        return found

    def keep_history(self, value: History) -> None:
        """Keeps the data of a History. It holds the model: if it were held from here, the two would
        live until the garbage collector comes by. So it is made again when asked for."""
        self._history = weakref.ref(value)
        names = ("history", "epoch", "params")
        self._epochs = {name: getattr(value, name) for name in names if hasattr(value, name)}

    # ---- data ------------------------------------------------------------------------------------

    def check_data(
        self,
        model: TrainableModel,
        who: str,
        x: Any,
        y: Any,
        weight: Any = None,
        class_weight: Any = None,
    ) -> ArrayDataset:
        """Checked data; builds the model if this is the first it sees."""
        _, loss = self.compilation.need(who)
        known = self._known_shapes(model) if model.built else None
        dtype = model.dtype if known is None else known[0]
        x = check_inputs(who, x, dtype)
        if known is not None and x.shape[1:] == known[1][1:]:
            outputs = known[2]
        else:
            outputs = self.check_input_shape(model, who, x.shape)
        data = check_training_data(who, x, y, loss, outputs, dtype, weight, class_weight)
        found = self.compilation.metrics_for(who, data.targets[0], outputs)
        if not model.built:
            model.build(x.shape)
        self.compilation.metrics = found
        return data

    def check_input_shape(self, model: TrainableModel, who: str, shape: tuple[int, ...]) -> Shape:
        """The model's output shape for x of this shape, or an error if it does not fit."""
        if not model.built:
            if not model.layers:
                raise ValueError(f"{who}: the model has no layers; add() some first")
            found: Shape = model.compute_output_shape((None, *shape[1:]))
            return found
        _, expected, outputs = self._known_shapes(model)
        if len(shape) != len(expected) or any(
            e not in (None, s) for e, s in zip(expected[1:], shape[1:], strict=True)
        ):
            text = ", ".join(["rows", *("any" if n is None else str(n) for n in expected[1:])])
            raise ValueError(f"{who}: expected X of shape ({text}), received {tuple(shape)}")
        return outputs

    def _known_shapes(self, model: TrainableModel) -> tuple[str, Shape, Shape]:
        """dtype and shapes of a built model, found anew when a layer's attribute was set."""
        if self._shapes is None or not self._shapes[0].unchanged():
            found = model.dtype, model.input_shape, model.output_shape
            self._shapes = snapshot_of([model._layers, *model._layers]), found
        return self._shapes[1]

    # ---- one step --------------------------------------------------------------------------------

    def ready_optimizer(self, model: TrainableModel) -> optimizers.Optimizer:
        """The optimizer with state for exactly the weights that the model has now."""
        optimizer = self.compilation.optimizer
        assert optimizer is not None
        own, mine = optimizer.parameters, model.weights
        if len(own) != len(mine) or any(a is not b for a, b in zip(own, mine, strict=True)):
            try:
                optimizer.build(mine)
            except BaseException:  # an interrupt: it is built again at the next step
                optimizer.parameters = []
                raise
        return optimizer

    def compute_loss(self, batch: Batch, prediction: Tensor) -> Tensor:
        """The loss of a batch, without penalties."""
        loss = self.compilation.loss
        assert loss is not None
        (target,), (weight,) = batch.targets, batch.weights
        _kernels.track_part(loss)
        return loss(target, prediction, weight)

    def setting_weights(self) -> AbstractContextManager[Any]:
        """What is entered to set weights outside of steps. A thread that sets them while another
        one trains would wait long: it is on its own."""
        return nullcontext() if self.lock.trains_elsewhere else self.weights_lock.writing

    def forget_gradients(self) -> None:
        """Drops gradients, half of which an interrupt may have left."""
        if self.compilation.optimizer is not None:
            self.compilation.optimizer.zero_grad()

    # ---- what runs how ---------------------------------------------------------------------------

    def obstacle(self, kind: str) -> Obstacle | None:
        """Why steps of a kind run through Python, or None."""
        return RUN_EAGERLY if self.compilation.run_eagerly else self.captures[kind].obstacle

    def warn_if_eager(self, who: str, kind: str) -> None:
        """Warns once for each reason why steps run through Python though nobody wished it."""
        obstacle = self.captures[kind].obstacle
        if obstacle is None or obstacle.wished or obstacle.reason in self._warned:
            return
        self._warned.add(obstacle.reason)
        warn_eager(who, obstacle)

    def execution_report(self) -> ExecutionReport:
        """For fit, evaluate and predict: replayed or eager, on how many threads, and why."""
        entries = []
        for what, kind in (("fit", "train"), ("evaluate", "test"), ("predict", "predict")):
            obstacle = self.obstacle(kind)
            last = self.captures[kind].last
            if obstacle is not None:
                entries.append(eager(what, obstacle))
            elif last is not None and last.ready:
                entries.append(Execution(what, "replayed", last.threads))
            else:
                entries.append(Execution(what, "not run yet"))
        return ExecutionReport(entries)


def _requested(who: str, given: Any) -> list[Any]:
    """Names and objects of metrics, checked to exist."""
    from corereg.metrics.base import resolve

    if given is None:
        return []
    entries = list(given) if isinstance(given, list | tuple) else [given]
    found = [resolve(entry) for entry in entries]
    names = [entry if isinstance(entry, str) else entry.name for entry in found]
    if len(set(names)) < len(names):
        raise ValueError(f"compile: expected different {who}, received {names}")
    return found
