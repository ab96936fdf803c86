"""Many training steps in a row: recorded once for each batch size, then replayed without Python.

The first batch of a size runs through the autograd graph under a recorder, which keeps its kernel
calls; the next ones replay them. What changes from step to step is in memory that the calls read:
the cursor and order of the rows, the optimizer's step and rate, the dropout counters, the sums of
the epoch. A model with a part that cannot be replayed runs every step through the graph, with the
same results.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.models.data import Batch, Rows
from corereg.models.recordable import same

RETURN_SECONDS = 0.05  # how long a replay may keep Python, and Ctrl-C, waiting


class Steps:
    """The steps of one `fit`.

    step: does everything with one batch, by kernels; rows: the data; size: rows a step takes;
    rng: shuffles before every pass, None: rows as they are; signature: changes when the recorded
    steps are no longer those that Python would run; reason: why not to record at all, or None.
    """

    def __init__(
        self,
        step: Callable[[Batch], None],
        rows: Rows,
        size: int,
        rng: np.random.Generator | None,
        signature: Callable[[], list[Any]],
        reason: str | None,
    ) -> None:
        self._step, self._rows, self._size, self._rng = step, rows, size, rng
        self._signature, self.reason = signature, reason
        self._programs: dict[int, Any] = {}
        self._recorded: list[Any] = []
        self._pace = 0.0  # seconds a replayed step took of late
        self._left = 0  # rows left in this pass

    def run(self, most: int) -> int:
        """Runs at least one step and at most `most`; returns how many."""
        if not self._left:
            self._rows.begin(self._rng)
            self._left = len(self._rows)
        rows = min(self._size, self._left)
        times = min(most, self._left // rows)
        done = self._eager(rows) if self.reason else self._replayed(rows, times)
        self._left -= done * rows
        return done

    def _eager(self, rows: int) -> int:
        self._step(self._rows.take(rows))
        return 1

    def _replayed(self, rows: int, times: int) -> int:
        if self._programs and not same(self._signature(), self._recorded):
            self._programs.clear()
        program = self._programs.get(rows)
        if program is None:
            program = _kernels.Program()
            with program:
                self._eager(rows)
            if program.fault is not None:
                self.reason = program.fault
            self._programs[rows] = program
            self._recorded = self._signature()
            return 1
        if self._pace:
            times = max(1, min(times, int(RETURN_SECONDS / self._pace)))
        else:
            times = min(times, 8)
        began = time.perf_counter()
        program.replay(times)
        self._pace = (time.perf_counter() - began) / times
        return times
