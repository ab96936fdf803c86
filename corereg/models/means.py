"""Running means of an epoch, kept in memory that kernels add to.

No step reads a value back: the same additions run whether a step is run by Python or replayed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.metrics.base import Metric
from corereg.models.data import Batch

Array = np.ndarray[Any, Any]
Logs = dict[str, float]
EPOCHS = 512  # whose sums are kept at most until Python looks


class Means:
    """Means over rows of the loss, the penalty in it, and the metrics."""

    def __init__(self, found: list[Metric], weighted: list[Metric]) -> None:
        self.metrics, self.weighted = found, weighted
        self._loss, self._penalty = np.zeros(1), np.zeros(1)
        self._rows = np.zeros(1, np.int64)
        self._states: list[Array] = []  # that begin, move and moved are about
        self._log: list[Array] = []  # of each state, by epochs
        self._place = np.zeros(1, np.int64)
        self.reset()

    @property
    def movable(self) -> bool:
        """Whether `move` moves all that the metrics have added up."""
        return all(
            getattr(type(metric), name) is getattr(Metric, name)
            for metric in (*self.metrics, *self.weighted)
            for name in ("reset_state", "update_state", "result", "states")
        )

    def begin(self) -> None:
        """As `reset`, by kernels, and with the arrays that the metrics have now."""
        found = [self._loss, self._penalty, self._rows]
        for metric in (*self.metrics, *self.weighted):
            found += metric.states
        self._states = list({id(state): state for state in found}.values())
        self._log = [np.zeros(EPOCHS, state.dtype) for state in self._states]
        for state in self._states:
            _kernels.store_and_reset(state)

    def move(self) -> None:
        """Moves the sums to the end of a log of EPOCHS epochs, by kernels."""
        for state, column in zip(self._states, self._log, strict=True):
            _kernels.store_and_reset(state, column, self._place)
        _kernels.increment(self._place)

    def moved(self, prefix: str = "") -> list[Logs]:
        """The means of the epochs in the log, the last one first; the log is empty then."""
        count = self._place.item()
        self._place[0] = 0
        columns = [column[:count].tolist() for column in self._log]
        found = []
        for epoch in range(count):  # the last one's sums stay where the metrics have them
            for state, column in zip(self._states, columns, strict=True):
                state[0] = column[epoch]
            found.append(self.logs(prefix))
        return found[::-1]

    def reset(self) -> None:
        """Begins anew."""
        for total in (self._loss, self._penalty, self._rows, self._place):
            total.fill(0)
        for metric in (*self.metrics, *self.weighted):
            metric.reset_state()

    def add(self, batch: Batch, prediction: Array, loss: Array) -> None:
        """Counts one batch: its loss, a scalar, and its predictions."""
        _kernels.accumulate_weighted_sum(self._loss, loss, batch.rows)
        _kernels.increment(self._rows, batch.rows)
        for metric in self.metrics:
            metric.update_state(batch.y, prediction)
        for metric in self.weighted:
            metric.update_state(batch.y, prediction, batch.weight)

    def add_penalty(self, batch: Batch, parts: Array, in_loss: bool = False) -> None:
        """Counts the penalty of one batch, the sum of parts. in_loss: its loss has it already."""
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
        for metric in (*self.metrics, *self.weighted):
            out[prefix + metric.name] = metric.result()
        return out
