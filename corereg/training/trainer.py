"""Trainer: what a model has in order to be trained, tested and used.

It holds what `compile` was told, the locks, the recordings and the sums of epochs. What is done
with them stands in fit.py, evaluate.py and predict.py, as functions of a model.
"""

from __future__ import annotations

import operator
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np

from corereg import _kernels
from corereg._lazy import later
from corereg.autograd import Parameter, Tensor
from corereg.random import next_model_seed
from corereg.runtime.capture import CaptureCache
from corereg.training.compilation import Compilation, OutputLoss
from corereg.training.data.model_data import (
    CheckedInputs,
    check_model_inputs,
    check_model_targets,
    check_model_weights,
    flat_outputs,
)
from corereg.training.data.model_shapes import (
    KnownShapes,
    ModelShapes,
    ShapedModel,
    input_shapes,
)
from corereg.training.data.row_order import RowOrder
from corereg.training.data.structures import nest_given

if TYPE_CHECKING:
    from corereg import matmul_precision as precisions, optimizers, warn as warning
    from corereg.callbacks.history import History
    from corereg.graph.halves import Halves
    from corereg.runtime import report
    from corereg.runtime.dependencies import Obstacle
    from corereg.runtime.report import ExecutionReport
    from corereg.training import accumulators, mixing
    from corereg.training.accumulators import EpochAccumulators
    from corereg.training.data import arrays
    from corereg.training.data.arrays import ArrayDataset, Batch
    from corereg.training.data.feature_names import InputColumns
    from corereg.training.sparse_products import SparseChoice
    from corereg.training.trackers import Trackers
else:  # what a model that only predicts does not need
    precisions = later("corereg.matmul_precision")
    warning = later("corereg.warn")
    accumulators = later("corereg.training.accumulators")
    arrays = later("corereg.training.data.arrays")
    mixing = later("corereg.training.mixing")
    report = later("corereg.runtime.report")

Array = np.ndarray[Any, Any]
ZERO_WEIGHTS = "all sample weights are 0, so the loss is 0 and nothing is learned from the data"


class TrainableModel(ShapedModel, Protocol):
    """What training asks of a model. `corereg.models` has such models; training imports none."""

    name: str
    built: bool
    _built_shapes: Any  # None: it was not built yet
    _has_own_call: ClassVar[bool]
    stop_training: bool
    _trainer: Trainer
    _parameters: list[Parameter]  # of the model itself

    @property
    def weights(self) -> list[Parameter]: ...
    @property
    def trainable_weights(self) -> list[Parameter]: ...
    def _flatten_layers(self, include_self: bool = True) -> list[Any]: ...
    def build(self, input_shape: Any) -> None: ...
    def _run_noting(self, x: Any, note: Callable[[Any, Any], None]) -> Any: ...
    @property
    def outputs(self) -> list[Any]: ...
    def _halves(self) -> Halves | None: ...
    def train_step(self, data: Any) -> dict[str, Any]: ...
    def test_step(self, data: Any) -> dict[str, Any]: ...
    def predict_step(self, data: Any) -> Any: ...
    def compute_loss(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool = True
    ) -> Tensor: ...
    def compute_metrics(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any
    ) -> dict[str, Any]: ...
    @property
    def metrics(self) -> list[Any]: ...
    def __call__(self, x: Any, *, training: bool | None = None) -> Any: ...


class Captures(dict[str, CaptureCache]):
    """The recordings of each kind: "train", "test", "penalty", "predict"."""

    def __missing__(self, kind: str) -> CaptureCache:
        made = self[kind] = CaptureCache()
        return made


class Trainer:
    """The training side of one model."""

    def __init__(self) -> None:
        self.compilation = Compilation()
        self.matmul_parts = [-1]  # what compile's matmul_precision means; -1: nothing was said
        self.stop_training = False
        self.row_order = RowOrder(next_model_seed())
        self.unaveraged: list[Array] | None = None
        self.augmented: dict[str, Array] = {}  # random states that the last `augment=` ended with
        self._epochs: dict[str, Any] = {}
        self.columns: InputColumns | None = None  # of the tables that it was trained on
        self._make_transient_state()

    def _make_transient_state(self) -> None:
        """State that is excluded from pickling and copying: locks and what was recorded."""
        self._history: Callable[[], History | None] | None = None
        self.stop_evaluating = self.stop_predicting = False  # what callbacks ask of a run
        self.lock = _kernels.TrainingLock()
        self.weights_lock = _kernels.WeightsLock()
        self._shapes = KnownShapes()
        self.loop: Any = None  # the TrainingLoop of a fit that is under way
        self.augmentation: Any = None  # the Augmentation of a training that is under way
        self.last_augmentation: Any = None  # that of the last training
        self.loadable: bytes | None = None  # tells what `save` wrote last that can be loaded
        self._warned: set[str] = set()  # what the user was told of, of eager runs for one
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
        precision = compilation.matmul_precision
        self.matmul_parts[0] = (
            -1 if precision is None else precisions.parts_of("compile", precision)
        )
        self.forget_recordings()

    def layers_changed(self) -> None:
        """Forgets what depended on the layers: what "accuracy" means depends on the output."""
        self.compilation.metrics = None
        self.forget_recordings()

    def forget_recordings(self) -> None:
        """Drops what was recorded with other layers, another loss, optimizer or metrics."""
        self._locked: list[Parameter] | None = None  # the optimizer's weights that have the lock
        self.captures = Captures()
        self.forward_pool: _kernels.ForwardPool | None = None
        self.samplers: Any = None  # the SamplerPool of predict_mc, once there is one
        self.sparse_choice: SparseChoice  # of the forward passes in the pool, if there is one
        self._sums: dict[str, EpochAccumulators] = {}
        self._latest_sums: list[EpochAccumulators | None] = [None]
        self.losses: tuple[OutputLoss, ...] = ()  # of the data that came last
        self.output_names: list[str | None] = []
        self.told_not_finite = False  # whether train_on_batch has warned of its loss
        self.repeated_batch: Any = None  # what repeats the last train_on_batch, or None
        self.penalties = np.zeros(0)  # of the weights, for recorded tests to read
        self._trackers: Trackers | None = None
        self.input_form: Any = None  # how the inputs of the forward pool nest; None: one tensor
        self.input_dtypes: tuple[str, ...] | None = None  # of the inputs of predict; None: floats
        self.output_like: Any = None  # how the outputs of predict nest; None: one tensor

    def sums(self, kind: str) -> EpochAccumulators:
        """Where recorded steps of this kind ("train", "test") add up."""
        metrics = self.compilation.metrics
        assert metrics is not None
        found = self._sums.get(kind)
        if found is None or found.metrics is not metrics or found.losses is not self.losses:
            found = self._sums[kind] = accumulators.EpochAccumulators(
                self.losses, metrics, self._latest_sums
            )
        return found

    def last_sums(self) -> EpochAccumulators | None:
        """The sums that steps have added to last, or None."""
        return self._latest_sums[0]

    def reset_sums(self) -> None:
        """Sets all sums to zero."""
        for sums in self._sums.values():
            sums.reset()

    @property
    def trackers(self) -> Trackers:
        """The means that steps of the user's own update."""
        wanted = self.losses, self.compilation.metrics or ()
        found = self._trackers
        if found is None or any(a is not b for a, b in zip(found.made_for, wanted, strict=True)):
            from corereg.training.trackers import Trackers

            known, found = found, Trackers(*wanted)
            if known is not None and known.made_for[0] is self.losses:
                found.loss, found.outputs = known.loss, known.outputs  # metrics came later
            self._trackers = found
        return found

    @property
    def metrics_names(self) -> list[str]:
        """What evaluate returns, in order."""
        losses = [one.name for one in self.losses if one.name is not None]
        return ["loss", *losses, *(one.name for one in self.compilation.metrics or ())]

    # ---- history ---------------------------------------------------------------------------------

    def history_of(self, model: TrainableModel) -> History | None:
        """The History of the last fit, or None."""
        if self._history is None:
            return None
        found = self._history()
        if found is None:  # nobody else kept it
            from corereg.callbacks.history import History

            found = History()
            vars(found).update(self._epochs, model=model)
            self._history = weakref.ref(found)
        return found

    def keep_history(self, value: History) -> None:
        """Keeps the data of a History. It holds the model: if it were held from here, the two would
        live until the garbage collector comes by. So it is made again when asked for."""
        self._history = weakref.ref(value)
        own = vars(value)
        self._epochs = {
            name: own[name] for name in ("history", "epoch", "params", "notes") if name in own
        }

    # ---- data ------------------------------------------------------------------------------------

    def shapes_of(self, model: TrainableModel) -> ModelShapes:
        """dtype and shapes of a built model."""
        return self._shapes.of(model)

    def check_inputs(
        self, model: TrainableModel, who: str, x: Any, finite: bool = False
    ) -> tuple[tuple[Array, ...], ModelShapes]:
        """x as checked arrays, one for each input, and the shapes that they mean. finite: whether
        NaN and infinity raise ValueError, as numbers too large for the model's dtype do."""
        return self._checked_inputs(model, who, x, finite)[:2]

    def _checked_inputs(
        self, model: TrainableModel, who: str, x: Any, finite: bool
    ) -> CheckedInputs:
        if model._has_own_call and model._built_shapes is None:
            model.built = False  # what Keras's programs set in __init__, where nothing is known yet
        known = self.shapes_of(model) if model.built else None
        return check_model_inputs(who, model, known, x, finite, self.columns)

    def remember_columns(self, model: TrainableModel, who: str, x: Any) -> None:
        """Takes the names of the columns of x, as training on it does."""
        self.columns = self._checked_inputs(model, who, x, False).columns

    def check_data(
        self,
        model: TrainableModel,
        who: str,
        x: Any,
        y: Any = None,
        weight: Any = None,
        class_weight: Any = None,
    ) -> ArrayDataset:
        """Checked data; builds the model if this is the first it sees."""
        compilation = self.compilation
        compilation.need_optimizer(who)
        inputs, shapes, columns = self._checked_inputs(model, who, x, True)
        rows, names, dtype = len(inputs[0]), shapes.output_names, shapes.dtype
        losses = compilation.losses_for(who, names)
        targets = check_model_targets(who, y, rows, losses, shapes)
        weights: tuple[Array | None, ...] = (None,) * len(targets)
        if weight is not None or class_weight is not None:
            weights = check_model_weights(who, targets, weight, class_weight, rows, shapes)
            if ZERO_WEIGHTS not in self._warned and not any(w is None or w.any() for w in weights):
                self._warned.add(ZERO_WEIGHTS)
                warning.warn_user(f"{who}: {ZERO_WEIGHTS}")
        metrics = compilation.metrics_for(who, names, targets, shapes.outputs)
        if not model.built:
            model.build(input_shapes(x, inputs, shapes.input_names))
        compilation.metrics, self.losses, self.output_names = metrics, losses, names
        like = nest_given(x, shapes.input_names)
        data = arrays.ArrayDataset(inputs, targets, weights, dtype, like, shapes.input_dtypes)
        data.columns = columns
        if compilation.has_own_metrics:
            data.flat = flat_outputs(who, y, targets, names)
        return data

    # ---- one step --------------------------------------------------------------------------------

    def ready_optimizer(self, model: TrainableModel) -> optimizers.Optimizer:
        """The optimizer with state for exactly the weights that the model has now."""
        optimizer = self.compilation.optimizer
        assert optimizer is not None
        own, mine = optimizer.parameters, model.weights
        if len(own) != len(mine) or not all(map(operator.is_, own, mine)):
            self.weights_lock = _kernels.shared_lock(mine, self.weights_lock)
            with self.weights_lock.writing:  # nobody may save the half of its state
                try:
                    optimizer.build(mine)
                except BaseException:  # an interrupt: it is built again at the next step
                    optimizer.parameters = []
                    raise
            self._locked = optimizer.parameters
        return optimizer

    def finish_weights(self, model: TrainableModel) -> None:
        """What `fit` does to the weights at its end: the optimizer's averages become weights. The
        trained ones are kept, for a `fit` that goes on from them."""
        optimizer = self.compilation.optimizer
        if optimizer is not None and optimizer.use_ema:
            with self.shared_lock(model).writing:
                if self.unaveraged is None:
                    self.unaveraged = [p._copied() for p in optimizer.parameters]
                optimizer.finalize_variable_values(model.trainable_weights)

    def resume_weights(self, model: TrainableModel, goes_on: bool) -> None:
        """What `fit` does at its begin. goes_on: from a later epoch than the first; then weights
        which the last fit has replaced by their averages, and nobody has set since, become the
        trained ones again."""
        kept, optimizer = self.unaveraged, self.compilation.optimizer
        self.unaveraged = None
        if kept is None or not goes_on or optimizer is None or not optimizer._averages:
            return
        own = optimizer.parameters
        if len(kept) != len(own) or any(
            a.shape != p.shape or (p.trainable and p.data.tobytes() != average.data.tobytes())
            for a, p, average in zip(kept, own, optimizer._averages, strict=True)
        ):
            return
        with self.shared_lock(model).writing:
            for p, values in zip(own, kept, strict=True):
                if p.trainable:
                    p.assign(values)

    def known_losses(self, model: TrainableModel, outputs: int) -> tuple[OutputLoss, ...]:
        """The losses of the outputs, for a loop of one's own also before any data were checked."""
        compilation = self.compilation
        if not self.losses and compilation.loss is not None:
            self.output_names = self._names_of(model, outputs, compilation.loss)
            self.losses = compilation.losses_for("compute_loss", self.output_names)
        return self.losses

    def make_metrics(
        self,
        model: TrainableModel,
        targets: Sequence[Array | None],
        shapes: Sequence[tuple[int, ...]],
    ) -> None:
        """Makes the compiled metrics by a batch's targets and the shapes of its outputs, as the
        check of data does where there is one."""
        found = self.compilation
        names = self._names_of(model, len(shapes), found.requested_metrics)
        found.metrics = found.metrics_for("compute_metrics", names, targets, shapes)

    def _names_of(self, model: TrainableModel, outputs: int, told: Any) -> list[str | None]:
        """The names of the outputs; of one alone only where it was told of by name."""
        if outputs == 1 and not isinstance(told, dict):
            return [None]
        return self.shapes_of(model).output_names

    def output_losses(self, batch: Batch, predictions: Sequence[Tensor]) -> list[Tensor]:
        """The loss of each output that has one, without its weight and without penalties."""
        self.losses = self.compilation.losses_for("fit", self.output_names)  # may be set anew
        found = []
        for output, loss, _, _ in self.losses:
            _kernels.track_part(loss)
            mixed = None if batch.classes is None else batch.classes[output]
            prediction, weight = predictions[output], batch.weights[output]
            if mixed is None:
                found.append(loss(batch.targets[output], prediction, weight))
            else:
                found.append(mixing.mixed_loss(loss, mixed, prediction, weight))
        return found

    def total_loss(self, parts: Sequence[Tensor]) -> Tensor | None:
        """What the losses of the outputs add up to; None without any."""
        total: Tensor | None = None
        for part, one in zip(parts, self.losses, strict=True):
            weighted = part if one.weight is None else part * one.weight
            total = weighted if total is None else total + weighted
        return total

    # ---- the lock of weights ---------------------------------------------------------------------

    def shared_lock(self, model: TrainableModel) -> _kernels.WeightsLock:
        """The lock of the model's weights, one for all models that share some of them."""
        self.weights_lock = _kernels.shared_lock(model.weights, self.weights_lock)
        return self.weights_lock

    def lock_of_steps(self, model: TrainableModel) -> _kernels.WeightsLock:
        """As `shared_lock`, without a look at all weights before every single step."""
        optimizer = self.compilation.optimizer
        if optimizer is None or optimizer.parameters is not self._locked:
            self.shared_lock(model)
            self._locked = None if optimizer is None else optimizer.parameters
        return self.weights_lock

    def forget_gradients(self) -> None:
        """Drops gradients, half of which an interrupt may have left, and what else a step that was
        not finished has changed for a while."""
        if self.compilation.optimizer is not None:
            self.compilation.optimizer.abandon_step()
        if self.compilation.gradient_observer is not None:
            self.compilation.gradient_observer = None

    def review_sparse_products(self) -> None:
        """Has forward passes recorded anew if other kernels may be faster for the weights now."""
        if self.forward_pool is not None and self.sparse_choice.outdated():
            self.forward_pool = None

    # ---- what runs how ---------------------------------------------------------------------------

    def obstacle(self, kind: str) -> Obstacle | None:
        """Why steps of a kind run through Python, or None."""
        return report.RUN_EAGERLY if self.compilation.run_eagerly else self.captures[kind].obstacle

    def warn_if_eager(self, who: str, kind: str) -> None:
        """Warns once for each reason why steps run through Python though nobody wished it."""
        obstacle = self.captures[kind].obstacle
        if obstacle is None or obstacle.wished or obstacle.reason in self._warned:
            return
        self._warned.add(obstacle.reason)
        report.warn_eager(who, obstacle)

    def execution_report(
        self, weights: Sequence[Parameter], precision: tuple[str, ...]
    ) -> ExecutionReport:
        """For fit, evaluate and predict: replayed or eager, on how many threads, and why; and of
        which of the model's weights `predict` multiplies with those alone that are not zero.
        precision: of the products."""
        entries = []
        for what, kind in (("fit", "train"), ("evaluate", "test"), ("predict", "predict")):
            obstacle, captures = self.obstacle(kind), [*self.captures[kind]]
            if self.captures[kind].last is not None:
                captures.append(self.captures[kind].last)
            ready = [capture for capture in captures if capture.ready]
            if obstacle is not None:
                entries.append(report.eager(what, obstacle))
            elif ready:
                sparse = self._sparse_layers(weights) if kind == "predict" else ()
                entries.append(report.Execution(what, "replayed", ready[-1].threads, sparse=sparse))
            elif captures:
                entries.append(
                    report.Execution(what, "eager", None, report.TWO_RUNS, "run it again")
                )
            else:
                entries.append(report.Execution(what, "not run yet"))
        return report.ExecutionReport([one._replace(precision=precision) for one in entries])

    def _sparse_layers(self, weights: Sequence[Parameter]) -> tuple[str, ...]:
        """The layers of the weights for which forward passes use sparse kernels."""
        used = () if self.forward_pool is None else self.sparse_choice.weights
        return tuple(p.name.rpartition("/")[0] for p in weights if id(p.data) in used)
