"""What a model knows of its training: compile, the checks of data, one training at a time."""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels, losses, metrics, optimizers
from corereg.autograd import Parameter, Tensor
from corereg.callbacks.history import History
from corereg.losses.base import Loss
from corereg.models.data import Rows, inputs, prefix_errors, training_rows
from corereg.models.means import Means
from corereg.models.recordable import snapshot_of
from corereg.models.steps import Recordings

if TYPE_CHECKING:
    from corereg.layers.base import Layer, Shape

Array = np.ndarray[Any, Any]
Logs = dict[str, float]


class Compiled:
    """What Sequential adds layers to, without the training itself."""

    name: str
    built: bool

    if TYPE_CHECKING:
        _layers: list[Layer]

        @property
        def layers(self) -> list[Layer]: ...
        @property
        def weights(self) -> list[Parameter]: ...
        @property
        def trainable_weights(self) -> list[Parameter]: ...
        @property
        def losses(self) -> list[Tensor]: ...
        @property
        def dtype(self) -> str: ...
        @property
        def input_shape(self) -> Shape: ...
        @property
        def output_shape(self) -> Shape: ...
        def build(self, input_shape: Sequence[int | None]) -> None: ...
        def __call__(self, x: Any, training: bool = False) -> Tensor: ...

    def __init__(self) -> None:
        self.optimizer: optimizers.Optimizer | None = None
        self.loss: Loss | None = None
        self.stop_training = False
        self.run_eagerly = False
        self._epochs: dict[str, Any] = {}
        self._wanted: tuple[list[Any], list[Any]] = ([], [])
        self._begin()

    def _begin(self) -> None:
        """What is made again in a copy."""
        self._history: Callable[[], History | None] | None = None
        self._metrics: tuple[list[metrics.Metric], list[metrics.Metric]] | None = None
        self._busy = threading.Lock()
        self._trainer: int | None = None  # the thread that trains
        self._testing = threading.RLock()  # metrics count for one at a time
        self._weights_lock = _kernels.ReadWriteLock()  # of the weights
        self._predictor: _kernels.Predictor | None = None
        self._predicts_eagerly = False
        self._looked_at: tuple[_kernels.Snapshot, tuple[str, Shape, Shape]] | None = None
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: weights, optimizer and all, but nothing recorded."""
        made_again = Compiled.__new__(type(self))
        made_again._begin()
        return {k: v for k, v in vars(self).items() if k not in vars(made_again)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._begin()
        vars(self).update(state)

    # ---- compile --------------------------------------------------------------------------------

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
    ) -> None:
        """Says how to train: an optimizer, a loss and metrics, by name or as objects.

        metrics ignore sample weights, weighted_metrics use them. Unknown names raise ValueError,
        and the message lists the known ones; nothing is changed then.
        run_eagerly: run every step of `fit` through Python, for debugging; the results are the
        same.
        """
        self._check_idle("compile")
        found = optimizers.get(optimizer), None if loss is None else losses.get(loss)
        wanted = (
            _metric_list("metrics", metrics),
            _metric_list("weighted_metrics", weighted_metrics),
        )
        self.optimizer, self.loss = found
        self._wanted, self._metrics = wanted, None
        self._forget()
        self.run_eagerly = bool(run_eagerly)

    def _forget(self) -> None:
        """Drops what was recorded with other layers, another loss, optimizer or metrics."""
        self._recorded = {"train": Recordings(), "test": Recordings()}
        self._means: dict[str, Means] = {}
        self._penalties: tuple[_kernels.Snapshot, _kernels.Program] | None = None
        self._penalty = np.zeros(0)  # of the weights, for recorded tests to read

    def _means_for(self, kind: str) -> Means:
        """Where recorded steps of this kind ("train", "test") add up, begun anew."""
        assert self._metrics is not None
        if kind not in self._means:
            self._means[kind] = Means(*self._metrics)
        self._means[kind].reset()
        return self._means[kind]

    @property
    def history(self) -> History | None:
        """The History of the last fit, or None."""
        if self._history is None:
            return None
        found = self._history()
        if found is None:  # nobody else kept it
            found = History()
            vars(found).update(self._epochs, model=self)
            self._history = weakref.ref(found)
        return found

    @history.setter
    def history(self, value: History) -> None:
        # A History holds the model: held from here, the two would live until the garbage
        # collector comes by. So its data are, and it is made again when asked for.
        self._history = weakref.ref(value)
        names = ("history", "epoch", "params")
        self._epochs = {name: getattr(value, name) for name in names if hasattr(value, name)}

    @property
    def metrics_names(self) -> list[str]:
        """What evaluate returns, in order."""
        if self._metrics is None:
            return ["loss"]
        return ["loss", *(m.name for group in self._metrics for m in group)]

    def _compiled(self, who: str) -> tuple[optimizers.Optimizer, Loss]:
        if self.optimizer is None or self.loss is None:
            raise RuntimeError(
                f"{who}: the model has no {'optimizer' if self.optimizer is None else 'loss'}; "
                "call compile(optimizer=..., loss=...) first"
            )
        return self.optimizer, self.loss

    def _rows(self, who: str, x: Any, y: Any, weight: Any = None, by_class: Any = None) -> Rows:
        """Checked data; builds the model if this is the first it sees."""
        _, loss = self._compiled(who)
        known = self._known() if self.built else None
        dtype = self.dtype if known is None else known[0]
        x = inputs(who, x, dtype)
        if known is not None and x.shape[1:] == known[1][1:]:
            outputs = known[2]
        else:
            outputs = self._outputs_for(who, x.shape)
        rows = training_rows(who, x, y, loss, outputs, dtype, weight, by_class)
        assert rows.y is not None
        if self._metrics is None:
            sparse = rows.y.ndim == 1 or rows.y.shape[-1] == 1 != outputs[-1]
            found = [[metrics.get(m, outputs, sparse) for m in group] for group in self._wanted]
        else:
            found = list(self._metrics)
        with prefix_errors(who):
            for metric in (*found[0], *found[1]):
                metric.check_targets(rows.y, outputs)
        if not self.built:
            self.build(x.shape)
        self._metrics = found[0], found[1]
        return rows

    def _outputs_for(self, who: str, shape: tuple[int, ...]) -> Shape:
        """The model's output shape for x of this shape, or an error if it does not fit."""
        if not self.built:
            if not self.layers:
                raise ValueError(f"{who}: the model has no layers; add() some first")
            outputs: Shape = (None, *shape[1:])
            for layer in self.layers:
                outputs = layer.compute_output_shape(outputs)
            return outputs
        _, expected, outputs = self._known()
        if len(shape) != len(expected) or any(
            e not in (None, s) for e, s in zip(expected[1:], shape[1:], strict=True)
        ):
            text = ", ".join(["rows", *("any" if n is None else str(n) for n in expected[1:])])
            raise ValueError(f"{who}: expected X of shape ({text}), received {tuple(shape)}")
        return outputs

    def _known(self) -> tuple[str, Shape, Shape]:
        """dtype and shapes of a built model, found anew when a layer's attribute was set."""
        if self._looked_at is None or not self._looked_at[0].unchanged():
            found = self.dtype, self.input_shape, self.output_shape
            self._looked_at = snapshot_of(self._layers, [self._layers], ()), found
        return self._looked_at[1]

    def _ready_optimizer(self) -> optimizers.Optimizer:
        """The optimizer with state for exactly the weights that the model has now."""
        assert self.optimizer is not None
        own, mine = self.optimizer.parameters, self.weights
        if len(own) != len(mine) or any(a is not b for a, b in zip(own, mine, strict=True)):
            self.optimizer.build(mine)
        return self.optimizer

    # ---- threads --------------------------------------------------------------------------------

    def _check_idle(self, who: str) -> None:
        if self._busy.locked():
            raise RuntimeError(f"{who}: the model is being trained; wait until that has ended")

    def _check_not_elsewhere(self, who: str) -> None:
        """Testing shares the metrics with training: only callbacks may do both at once."""
        if self._busy.locked() and self._trainer != threading.get_ident():
            raise RuntimeError(
                f"{who}: this model is being trained by another thread; wait until that has ended, "
                "or evaluate from a callback"
            )

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """Keeps training in other threads from changing weights meanwhile."""
        self._weights_lock.acquire_read()
        try:
            yield
        finally:
            self._weights_lock.release_read()

    @contextlib.contextmanager
    def _own_pass(self) -> Iterator[None]:
        """Keeps `losses` those of the last call that the user made: replays change none either."""
        kept = [(layer._activity, layer._activity[:]) for layer in self._layers]
        try:
            yield
        finally:
            for activity, before in kept:
                activity[:] = before

    def _writing(self) -> _kernels.ReadWriteLock:
        """Keeps others from reading the weights meanwhile."""
        return self._weights_lock

    def _assigning(self) -> contextlib.AbstractContextManager[Any]:
        """As _writing, for weights set outside of steps. A thread that sets them while another one
        trains would wait long: it is on its own."""
        idle = self._trainer in (None, threading.get_ident())
        return self._weights_lock if idle else contextlib.nullcontext()

    def _training(self, who: str) -> _Training:
        """One training at a time."""
        return _Training(self, who)


class _Training:
    def __init__(self, model: Compiled, who: str) -> None:
        self._model, self._who = model, who

    def __enter__(self) -> None:
        model = self._model
        if not model._busy.acquire(blocking=False):
            raise RuntimeError(
                f"{self._who}: this model is being trained by another call; train one model from "
                "one thread at a time"
            )
        model._trainer = threading.get_ident()
        try:
            model._testing.acquire()
        except BaseException:  # an interrupt
            model._trainer = None
            model._busy.release()
            raise

    def __exit__(self, *error: object) -> None:
        model = self._model
        assert model.optimizer is not None
        try:
            model.optimizer.zero_grad()  # an interrupt may have left half a gradient
        finally:
            model._testing.release()
            model._trainer = None
            model._busy.release()


def _metric_list(who: str, wanted: Any) -> list[Any]:
    """Names and objects, checked to exist."""
    from corereg.metrics.base import resolve

    if wanted is None:
        return []
    entries = list(wanted) if isinstance(wanted, list | tuple) else [wanted]
    found = [resolve(entry) for entry in entries]
    names = [entry if isinstance(entry, str) else entry.name for entry in found]
    if len(set(names)) < len(names):
        raise ValueError(f"compile: expected different {who}, received {names}")
    return found


def count(who: str, name: str, value: Any, least: int = 1) -> int:
    """value as an integer >= least, else a clear error."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < least:
        raise ValueError(f"{who}: expected {name} as an integer >= {least}, received {value!r}")
    return int(value)


def fewest(*counts: int | None) -> int | None:
    """The least of those that are known."""
    return min((n for n in counts if n is not None), default=None)
