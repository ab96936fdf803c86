"""The sums of an epoch (loss, penalty, metrics), kept in memory that kernels add to.

No step reads a value back: the same additions run whether a step is run by Python or replayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg._lazy import later
from corereg.autograd import Tensor
from corereg.metrics.base import Metric
from corereg.training.compilation import OutputLoss, OutputMetric
from corereg.training.data.arrays import Batch
from corereg.training.penalty_sums import PenaltySums

if TYPE_CHECKING:
    from corereg.metrics import state as states
else:  # backups need it
    states = later("corereg.metrics.state")

Array = np.ndarray[Any, Any]
Logs = dict[str, Any]  # floats; arrays of metrics that have several values
MAX_FUSED_EPOCHS = 512  # whose sums the log can hold until Python looks


class EpochAccumulators:
    """Means over rows of the loss, the losses of outputs where there are several, the penalty in
    the loss, and the metrics.

    metrics count every row once, weighted metrics by the sample weights. The log keeps the sums of
    several epochs that run without Python. Sums begin with `reset`, not when they are made: a
    training may be using the metrics while a test within it makes its sums. has_penalty: whether
    steps found any penalty; what has none logs none. penalties: the same by name, if they are asked
    for. latest: a place for those sums of a model that have begun last.
    """

    def __init__(
        self,
        losses: Sequence[OutputLoss],
        metrics: tuple[OutputMetric, ...],
        latest: list[EpochAccumulators | None],
    ) -> None:
        self.losses, self.metrics, self._latest = losses, metrics, latest
        self._shown = sorted(metrics, key=lambda one: one.name) if len(losses) > 1 else metrics
        self._names = [one.name for one in losses if one.name is not None]
        count = len(self._names)
        self._sums, self._counts = np.zeros(2 + count), np.zeros(2, np.int64)
        self._loss, self._penalty = self._sums[:1], self._sums[1:2]
        self._output_losses = [self._sums[2 + i : 3 + i] for i in range(count)]
        self._rows, self._logged = self._counts[:1], self._counts[1:]  # the latter: in the log
        self.has_penalty = False
        self.penalties = PenaltySums()
        self._states: list[Array] = []  # all arrays that the log keeps
        self._log: list[Array] = []  # of each state, by epochs

    @property
    def supports_replay(self) -> bool:
        """Whether the log holds all that the metrics add up: metrics that override how they do so
        are only known to Python."""
        return all(
            getattr(type(one.metric), name) is getattr(Metric, name)
            for one in self.metrics
            for name in ("reset_state", "update_state", "result", "states")
        )

    def reset(self) -> None:
        """Sets all sums to zero."""
        self._latest[0] = self
        self._sums.fill(0)
        self._counts.fill(0)
        self.penalties.reset()
        for one in self.metrics:
            one.metric.reset_state()

    def get_state(self) -> dict[str, Any]:
        """Copies of all that was added up since `reset`."""
        return {
            "sums": self._sums.copy(),
            "rows": self._rows.copy(),
            "has_penalty": self.has_penalty,
            "penalties": self.penalties.get_state(),
            "metrics": [states.state_of(one.metric) for one in self.metrics],
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Puts back what `get_state` gave."""
        self._sums[...] = state["sums"]
        self._rows[...] = state["rows"]
        self.has_penalty = state["has_penalty"]
        if "penalties" in state:  # backups of earlier versions have none
            self.penalties.set_state(state["penalties"])
        for one, own in zip(self.metrics, state["metrics"], strict=True):
            states.put_state(one.metric, own)

    def begin_log(self) -> None:
        """As `reset`, by kernels, with the arrays that the metrics have now; empties no log."""
        self._latest[0] = self
        found = [self._loss, self._penalty, *self._output_losses, self._rows]
        found += self.penalties.cells.values()
        for one in self.metrics:
            found += one.metric.states
        self._states = list({id(state): state for state in found}.values())
        self._log = [np.zeros(MAX_FUSED_EPOCHS, state.dtype) for state in self._states]
        for state in self._states:
            _kernels.store_and_reset(state)

    def append_to_log(self) -> None:
        """Appends the sums to the log, by kernels, and sets them to zero."""
        for state, column in zip(self._states, self._log, strict=True):
            _kernels.store_and_reset(state, column, self._logged)
        _kernels.increment(self._logged)

    def pop_logs(self, prefix: str = "") -> list[Logs]:
        """The means of the epochs in the log, the last one first; the log is empty then."""
        count = self._logged.item()
        self._logged[0] = 0
        columns = [column[:count].tolist() for column in self._log]
        found = []
        for epoch in range(count):  # the last one's sums stay where the metrics have them
            for state, column in zip(self._states, columns, strict=True):
                state[0] = column[epoch]
            found.append(self.logs(prefix))
        return found[::-1]

    def add(
        self, batch: Batch, predictions: Sequence[Tensor], loss: Array, parts: Sequence[Tensor] = ()
    ) -> None:
        """Adds one batch: its loss, a scalar, the losses of outputs if there are several, and its
        predictions."""
        rows = batch.rows
        _kernels.accumulate_weighted_sum(self._loss, loss, rows)
        _kernels.increment(self._rows, rows)
        for total, part in zip(self._output_losses, parts, strict=bool(self._names)):
            _kernels.accumulate_weighted_sum(total, part.data, rows)
        targets, weights = batch.targets, batch.weights
        for output, metric, _, weighted in self.metrics:
            _kernels.track_part(metric)
            prediction = outside_graph(predictions[output])
            target = targets[output]
            if output in batch.flat and metric.has_own_update and target is not None:
                target = target.reshape(-1)
            metric.add_batch(target, prediction, weights[output] if weighted else None)

    def add_penalty(self, batch: Batch, parts: Array, in_loss: bool = False) -> None:
        """Adds the penalty of one batch, the sum of parts. in_loss: its loss has it already."""
        _kernels.accumulate_weighted_sum(self._penalty, parts, batch.rows)
        if not in_loss:
            _kernels.accumulate_weighted_sum(self._loss, parts, batch.rows)

    def loss_so_far(self) -> float:
        """The sum of the loss, of which only whether it is finite says something."""
        return self._loss.item()

    def loss_and_rows(self) -> tuple[float, int]:
        """The sum of the loss over rows so far, and how many rows that are."""
        return self._loss.item(), self._rows.item()

    def mean_losses(self) -> Logs:
        """The means so far of the loss, and of the losses of outputs where there are several."""
        found = self.logs()
        return {name: found[name] for name in ("loss", *self._names)}

    def logs(self, prefix: str = "") -> Logs:
        """The means so far by name."""
        rows = max(self._rows.item(), 1)
        out = {f"{prefix}loss": self._loss.item() / rows}
        if self._names:
            for name, total in zip(self._names, self._output_losses, strict=True):
                out[prefix + name] = total.item() / rows
        if self.has_penalty:
            out[f"{prefix}penalty"] = self._penalty.item() / rows
        for one in self._shown:
            add_result(out, prefix + one.name, one.metric.result(), prefix)
        if self.penalties.names:
            out |= self.penalties.logs(prefix)
        return out


def outside_graph(prediction: Tensor) -> Any:
    """The array of a prediction, for metrics compute outside the graph; as a tensor if it has a
    mask."""
    if prediction._keras_mask is None:
        return prediction.data
    made = Tensor(prediction.data)
    made._keras_mask = prediction._keras_mask
    return made


def add_result(logs: Logs, name: str, result: Any, prefix: str = "") -> None:
    """Puts the result of a metric into logs: a float, an array where it has several values, or what
    a dict holds under its own names."""
    if type(result) is float:
        logs[name] = result
    elif isinstance(result, dict):
        for key, value in result.items():
            add_result(logs, f"{prefix}{key}", value)
    else:
        array = np.array(result.data if isinstance(result, Tensor) else result, np.float64)
        logs[name] = array if array.ndim else array.item()
