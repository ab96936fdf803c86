"""train_on_batch for arrays of the same form as in the call before: it checks their values, copies
them and replays the step, and does nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.metrics.base import Metric
from corereg.runtime.capture import Capture, CaptureCache
from corereg.training.accumulators import EpochAccumulators, Logs
from corereg.training.data.arrays import ArrayDataset, Batch
from corereg.training.data.checks import check_finite, check_targets, prefix_errors
from corereg.training.data.model_shapes import ModelShapes
from corereg.training.overriding import overrides
from corereg.training.steps import StepRunner, rates_ahead
from corereg.training.trainer import TrainableModel, Trainer

Array = np.ndarray[Any, Any]
WHO = "train_on_batch"
AS_KERNELS_READ = 0x101  # NumPy's flags C_CONTIGUOUS and ALIGNED


class RepeatedBatch:
    """A recorded step on arrays of one form: x for the only input, of numbers, and y for the only
    output, both NumPy's own arrays without gaps. `repeatable` makes one.

    It does not hold the model, which holds it. A form is a shape and a dtype. What the step depends
    on otherwise is looked at in each call.
    """

    def __init__(
        self,
        x: Array,
        y: Array,
        targets: Array,
        shapes: ModelShapes,
        captures: CaptureCache,
        capture: Capture,
        sums: EpochAccumulators,
    ) -> None:
        self._captures, self._capture, self._sums = captures, capture, sums
        self._version = captures.version
        self._form, self._target_form = (*_form(x), *_form(y)), _form(targets)
        self._is_float = x.dtype.kind == "f"
        self._loss = sums.losses[0].loss
        self._dtype, self._outputs = shapes.dtype, shapes.outputs[0]
        self._metrics = [
            one.metric
            for one in sums.metrics
            if type(one.metric).check_targets is not Metric.check_targets
        ]

    @property
    def batch(self) -> Batch:
        """What the last step ran on."""
        found: Batch = self._capture.memory
        return found

    @property
    def penalty_names(self) -> tuple[str, ...]:
        """Of the penalties that the logs have besides "penalty"."""
        return self._sums.penalties.names

    def takes(self, model: TrainableModel, x: Any, y: Any) -> bool:
        """Whether x and y are arrays of this form, and the step is still as it was recorded."""
        return (
            type(x) is np.ndarray
            and type(y) is np.ndarray
            and (*_form(x), *_form(y)) == self._form
            and x.flags.num & y.flags.num & AS_KERNELS_READ == AS_KERNELS_READ
            and self._is_current(model._trainer)
            and not self._capture.changed()
            and not overrides(model, "train_step", "compute_loss", "compute_metrics")
        )

    def _is_current(self, trainer: Trainer) -> bool:
        captures = trainer.captures["train"]
        return captures is self._captures and captures.version == self._version

    def run(self, model: TrainableModel, x: Array, y: Array) -> Logs | None:
        """The logs of one step on arrays that it takes; errors of all checks of train_on_batch that
        values can fail. None, if it has to be recorded anew."""
        if self._is_float:
            check_finite(WHO, "X", x, self._dtype)
        targets = check_targets(WHO, y, len(x), self._loss, self._outputs, self._dtype)
        if _form(targets) != self._target_form:
            return None
        if self._metrics:
            with prefix_errors(WHO):
                for metric in self._metrics:
                    metric.check_targets(targets, self._outputs)
        trainer = model._trainer
        with trainer.lock.training(WHO, trainer.forget_gradients):
            if not self._is_current(trainer):  # another thread has trained or compiled
                return None
            self._sums.reset()
            optimizer = trainer.compilation.optimizer
            with trainer.lock_of_steps(model).writing, rates_ahead(optimizer, 1):
                memory = self._capture.memory.arrays
                _kernels.gather_rows(x, memory[0])
                _kernels.gather_rows(targets, memory[1])
                self._capture.replay_once()
            return self._sums.logs()


def repeatable(
    model: TrainableModel, x: Any, y: Any, data: ArrayDataset, runner: StepRunner
) -> RepeatedBatch | None:
    """What repeats the step that a runner just ran on x and y, of which the checks made `data`;
    None if it needs Python or all checks."""
    sums, trainer = runner.sums, model._trainer
    if type(x) is not np.ndarray or type(y) is not np.ndarray or data.input_dtypes is not None:
        return None
    if not isinstance(sums, EpochAccumulators) or len(sums.losses) != 1 or data.weights != (None,):
        return None
    shapes = trainer.shapes_of(model)
    if len(data.targets) != 1 or len(data.inputs) != 1 or shapes.kinds is not None:
        return None
    targets, capture = data.targets[0], runner.find(data, len(data))
    if targets is None or capture is None or not capture.ready or _form(data.inputs[0]) != _form(x):
        return None
    return RepeatedBatch(x, y, targets, shapes, runner.captures, capture, sums)


def _form(array: Array) -> tuple[Any, ...]:
    return array.shape, array.dtype
