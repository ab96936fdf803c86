"""The sums of an epoch (loss, penalty, metrics), kept in memory that kernels add to.

No step reads a value back: the same additions run whether a step is run by Python or replayed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.metrics.base import Metric
from corereg.training.data.arrays import Batch

Array = np.ndarray[Any, Any]
Logs = dict[str, float]
MAX_FUSED_EPOCHS = 512  # whose sums the log can hold until Python looks


class EpochAccumulators:
    """Means over rows of the loss, the penalty in it, and the metrics.

    metrics count every row once, weighted metrics by the sample weights. The log keeps the sums of
    several epochs that run without Python.
    """

    def __init__(self, metrics: list[Metric], weighted_metrics: list[Metric]) -> None:
        self.metrics, self.weighted_metrics = metrics, weighted_metrics
        self._sums, self._counts = np.zeros(2), np.zeros(2, np.int64)
        self._loss, self._penalty = self._sums[:1], self._sums[1:]
        self._rows, self._logged = self._counts[:1], self._counts[1:]  # the latter: in the log
        self._states: list[Array] = []  # all arrays that the log keeps
        self._log: list[Array] = []  # of each state, by epochs
        self.reset()

    @property
    def _all_metrics(self) -> tuple[Metric, ...]:
        return (*self.metrics, *self.weighted_metrics)

    @property
    def supports_replay(self) -> bool:
        """Whether the log holds all that the metrics add up: metrics that override how they do so
        are only known to Python."""
        return all(
            getattr(type(metric), name) is getattr(Metric, name)
            for metric in self._all_metrics
            for name in ("reset_state", "update_state", "result", "states")
        )

    def reset(self) -> None:
        """Sets all sums to zero."""
        self._sums.fill(0)
        self._counts.fill(0)
        for metric in self.metrics:
            metric.reset_state()
        for metric in self.weighted_metrics:
            metric.reset_state()

    def begin_log(self) -> None:
        """As `reset`, by kernels, with the arrays that the metrics have now; empties no log."""
        found = [self._loss, self._penalty, self._rows]
        for metric in self._all_metrics:
            found += metric.states
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

    def add(self, batch: Batch, prediction: Array, loss: Array) -> None:
        """Adds one batch: its loss, a scalar, and its predictions."""
        _kernels.accumulate_weighted_sum(self._loss, loss, batch.rows)
        _kernels.increment(self._rows, batch.rows)
        (target,), (weight,) = batch.targets, batch.weights
        for metric in self.metrics:
            _kernels.track_part(metric)
            metric.update_state(target, prediction)
        for metric in self.weighted_metrics:
            _kernels.track_part(metric)
            metric.update_state(target, prediction, weight)

    def add_penalty(self, batch: Batch, parts: Array, in_loss: bool = False) -> None:
        """Adds the penalty of one batch, the sum of parts. in_loss: its loss has it already."""
        _kernels.accumulate_weighted_sum(self._penalty, parts, batch.rows)
        if not in_loss:
            _kernels.accumulate_weighted_sum(self._loss, parts, batch.rows)

    def logs(self, prefix: str = "") -> Logs:
        """The means so far by name."""
        rows = max(self._rows.item(), 1)
        out = {
            f"{prefix}loss": self._loss.item() / rows,
            f"{prefix}penalty": self._penalty.item() / rows,
        }
        for metrics in (self.metrics, self.weighted_metrics):
            for metric in metrics:
                out[prefix + metric.name] = metric.result()
        return out
