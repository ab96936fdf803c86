"""Steps of the user's own: `train_step`, `test_step` and `compute_loss` that a model overrides, and
the general forms of them, in Keras's order, that such a model can build upon.

A model that overrides none of them takes the quicker way of fit.py and evaluate.py, with the same
results.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg._lazy import later
from corereg.autograd import Tensor, enable_grad, tensor
from corereg.autograd.draws import noted_draws
from corereg.graph.inference import trial
from corereg.graph.nest import flatten
from corereg.layers.calling import CallSignature
from corereg.metrics.base import Metric
from corereg.metrics.state import put_state, state_of
from corereg.regularizers.penalties import penalties
from corereg.runtime.capture import Capture
from corereg.runtime.dependencies import Obstacle
from corereg.training.accumulators import Logs
from corereg.training.data.arrays import Batch
from corereg.training.data.structures import pack_x_y_sample_weight, unpack_x_y_sample_weight
from corereg.training.penalty_sums import PenaltySums
from corereg.training.steps import StepRunner
from corereg.training.trainer import TrainableModel

if TYPE_CHECKING:
    from corereg.training import trackers as tracking
else:  # steps of the user's own need it
    tracking = later("corereg.training.trackers")


def data_of(batch: Batch) -> Any:
    """A batch as a step of the user's own gets it: of tensors."""

    def tensors(arrays: tuple[Any, ...]) -> Any:
        made = [None if a is None else Tensor(a) for a in arrays]
        if all(one is None for one in made):
            return None
        return made[0] if len(made) == 1 else made

    return pack_x_y_sample_weight(batch.x, tensors(batch.targets), tensors(batch.weights))


# ---- the general forms ---------------------------------------------------------------------------


def train_step(model: TrainableModel, data: Any) -> dict[str, Any]:
    """See `Model.train_step`."""
    x, y, sample_weight = unpack_x_y_sample_weight(data)
    optimizer = model._trainer.ready_optimizer(model)
    optimizer.zero_grad()
    with noted_draws() as draws:
        y_pred = model(x, training=True)
        loss = _loss_of(model, x, y, y_pred, sample_weight, True)
    model._trainer.trackers.loss.update_state(loss, _rows_of(x))
    if loss.requires_grad:
        optimizer.scale_loss(loss).backward()
        _kernels.track_part(optimizer)
        if optimizer.passes > 1:
            with optimizer.second_pass(draws):
                again = model(x, training=True)
                again = _loss_of(model, x, y, again, sample_weight, True)
                optimizer.scale_loss(again).backward()
        optimizer.update()
        optimizer.zero_grad()
    return model.compute_metrics(x, y, y_pred, sample_weight)


def test_step(model: TrainableModel, data: Any) -> dict[str, Any]:
    """See `Model.test_step`."""
    x, y, sample_weight = unpack_x_y_sample_weight(data)
    y_pred = model(x, training=False)
    loss = _loss_of(model, x, y, y_pred, sample_weight, False)
    model._trainer.trackers.loss.update_state(loss, _rows_of(x))
    return model.compute_metrics(x, y, y_pred, sample_weight)


def _loss_of(
    model: TrainableModel, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool
) -> Tensor:
    """What `compute_loss` of the model gives, which is told `training` if it takes it."""
    told = CallSignature.of(type(model).compute_loss).takes_training
    named = {"training": training} if told else {}
    return model.compute_loss(x, y, y_pred, sample_weight, **named)


def compute_loss(model: TrainableModel, y: Any, y_pred: Any, sample_weight: Any) -> Tensor:
    """See `Model.compute_loss`."""
    trainer = model._trainer
    predictions = list(flatten(y_pred))
    targets, weights = (tracking.by_output(one, predictions) for one in (y, sample_weight))
    parts: list[Tensor] = []
    if y is not None:
        for one in trainer.known_losses(model, len(predictions)):
            target = tracking.array_of(targets[one.output])
            weight = tracking.array_of(weights[one.output])
            part = one.loss(target, predictions[one.output], weight)
            if one.name is not None and not trial.under_way:
                trainer.trackers.outputs[one.name].update_state(part, len(predictions[0]))
            parts.append(part)
    total = trainer.total_loss(parts) if parts else None
    call = _kernels.current_call()
    added: list[tuple[Any, Tensor]] = [*penalties(model.trainable_weights)]
    if call is not None:
        added += [(one, one.value) for one in call.losses]
    for _, value in added:
        total = value if total is None else total + value
    if trainer.compilation.log_penalties:
        found = [(source, value.data) for source, value in added]
        trainer.trackers.penalties.add(model, found, len(predictions[0]))
    else:
        trainer.trackers.penalties.hide()
    if total is None:
        total = tensor(np.zeros((), model.dtype))
    return total


def compute_metrics(
    model: TrainableModel, y: Any, y_pred: Any, sample_weight: Any
) -> dict[str, Any]:
    """See `Model.compute_metrics`."""
    trainer = model._trainer
    if trainer.compilation.metrics is None and y is not None:
        predictions = list(flatten(y_pred))
        targets = [tracking.array_of(one) for one in tracking.by_output(y, predictions)]
        trainer.make_metrics(model, targets, [tuple(one.shape) for one in predictions])
    trackers = trainer.trackers
    if trackers.compiled is not None and y is not None:
        trackers.compiled.update_state(y, y_pred, sample_weight)
    return metrics_result(model)


def metrics_result(model: TrainableModel) -> dict[str, Any]:
    """What the metrics of a model say now, by name. The losses are those that the user's own steps
    have added up, else those of the last epoch, test or batch."""
    trainer = model._trainer
    compiled = trainer.compilation
    if compiled.metrics is None and (
        compiled.requested_metrics or compiled.requested_weighted_metrics
    ):
        raise ValueError(
            "get_metrics_result: expected metrics that have seen data, but they are made with the "
            "first batch; call fit, evaluate or train_on_batch before"
        )
    found: dict[str, Any] = {}
    for metric in model.metrics:
        result = metric.result()
        if isinstance(result, dict):
            found.update(result)
        else:
            found[metric.name] = result
    last = None if trainer.trackers.have_losses else trainer.last_sums()
    return found if last is None else found | last.mean_losses()


def _rows_of(x: Any) -> int:
    first = next(flatten(x))
    return len(first) if getattr(first, "ndim", 0) else 1


# ---- running them --------------------------------------------------------------------------------


class LogsCapture(Capture):
    """The recording of a step that returns logs: their arrays are what replays write."""

    def finish(self, program: _kernels.Program, result: Any) -> Any:
        for name, value in result.items():
            if not isinstance(value, Tensor) or not program.writes(value.data):
                self.obstacle = Obstacle(
                    f"the step returned {name!r} as a number that no kernel writes",
                    "return tensors that ops computed, or the results of metrics",
                    False,
                )
        return result


class LogsRunner(StepRunner):
    """Runs steps that return logs."""

    make_capture = LogsCapture


class ReturnedLogs:
    """What a step of the user's own returned last, in place of sums: it keeps means itself, by
    metrics, which are reset for each epoch."""

    def __init__(self, model: TrainableModel) -> None:
        self._model = model
        self.runner: StepRunner | None = None

    @property
    def penalties(self) -> PenaltySums:
        """Those that `Model.compute_loss` has found."""
        return self._model._trainer.trackers.penalties

    def reset(self) -> None:
        """Sets the metrics of the model back."""
        self.penalties.reset()
        for metric in self._model.metrics:
            metric.reset_state()
        if self.runner is not None:
            self.runner.result = None

    def get_state(self) -> dict[str, Any]:
        """Copies of what the metrics have added up, and the logs."""
        return {
            "logs": self._returned_logs(),
            "metrics": [state_of(one) for one in self._own_metrics()],
            "penalties": self.penalties.get_state(),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Puts back what `get_state` gave."""
        for metric, own in zip(self._own_metrics(), state["metrics"], strict=True):
            put_state(metric, own)
        if self.runner is not None:
            self.runner.result = state["logs"]
        if "penalties" in state:  # backups of earlier versions have none
            self.penalties.set_state(state["penalties"])

    def _own_metrics(self) -> list[Metric]:
        """The metrics of the model, those that stand for several replaced by these."""
        return [one for m in self._model.metrics for one in getattr(m, "metrics", [m])]

    def logs(self, prefix: str = "") -> Logs:
        """The logs as numbers, and the penalties by name."""
        return self._returned_logs(prefix) | self.penalties.logs(prefix)

    def _returned_logs(self, prefix: str = "") -> Logs:
        returned = None if self.runner is None else self.runner.result
        if not returned:
            return {}
        names = [name for name in ("loss", *self._names()) if name in returned]
        order = {name: returned[name] for name in (*names, *sorted(returned))}
        return {f"{prefix}{name}": as_number(value) for name, value in order.items()}

    def loss_so_far(self) -> float:
        """What the last step returned as its loss; 0 if it returned none."""
        returned = None if self.runner is None else self.runner.result
        return as_number(returned["loss"]) if returned and "loss" in returned else 0.0

    def loss_and_rows(self) -> None:
        """None: it knows no sums."""

    def _names(self) -> list[str]:
        return self._model._trainer.metrics_names


def as_number(value: Any) -> float:
    """A scalar tensor or number as a float."""
    array = np.asarray(value.data if isinstance(value, Tensor) else value, np.float64)
    return float(array.mean()) if array.size else float("nan")


def logs_runner(model: TrainableModel, kind: str, access: Any) -> StepRunner:
    """What runs a model's own steps of a kind ("train", "test"), which return logs, on batches."""
    sums = ReturnedLogs(model)
    step = partial(run_train_step if kind == "train" else run_test_step, model)
    sums.runner = LogsRunner(model._trainer, kind, step, sums, access)
    return sums.runner


def run_train_step(model: TrainableModel, batch: Batch) -> dict[str, Any]:
    """One step by the model's own `train_step`; its logs."""
    _kernels.track_dependency(model._trainer.compilation)
    model._trainer.ready_optimizer(model)
    with enable_grad(), _kernels.CallContext(training=True):
        return checked_logs("train_step", model.train_step(data_of(batch)))


def run_test_step(model: TrainableModel, batch: Batch) -> dict[str, Any]:
    """One step by the model's own `test_step`; its logs."""
    _kernels.track_dependency(model._trainer.compilation)
    with enable_grad(), _kernels.CallContext(training=False):
        return checked_logs("test_step", model.test_step(data_of(batch)))


def checked_logs(who: str, returned: Any) -> dict[str, Any]:
    """What a step returned, if it is a dict of numbers by name; else TypeError."""
    if not isinstance(returned, dict):
        raise TypeError(
            f"{who}: expected a dict of logs, such as {{'loss': loss}}, received "
            f"{type(returned).__name__}; return it at the end of {who}"
        )
    flat: dict[str, Any] = {}
    for name, value in returned.items():
        if isinstance(value, dict):
            flat.update(value)
        else:
            flat[name] = value
    return flat
