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
TRIAL_STEPS = 8  # replayed to see how long they take
TRIAL_EVERY = 50  # replays between two trials of the slower number of threads


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
        self._paces: dict[int, Pace] = {}  # by rows
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
        pace = self._paces.setdefault(rows, Pace(program.threads))
        threads, times = pace.plan(times)
        began = time.perf_counter()
        program.replay(times, threads)
        pace.took(threads, (time.perf_counter() - began) / times)
        return times


class Pace:
    """How many threads to replay on, and how many steps before Python gets a look.

    Small steps gain or lose by a second thread depending on what else the machine does, and the
    results are the same: so both ways are tried, the faster is kept, and the other is tried again
    now and then.
    """

    def __init__(self, most_threads: int) -> None:
        self._seconds = dict.fromkeys((most_threads, 1), 0.0)  # a step, of late; 0: not tried
        self._until_trial = TRIAL_EVERY

    def plan(self, times: int) -> tuple[int, int]:
        """Threads, and steps, at most `times`."""
        fastest = min(self._seconds, key=self._seconds.__getitem__)
        slowest = max(self._seconds, key=self._seconds.__getitem__)
        if not self._seconds[fastest]:
            return fastest, min(times, TRIAL_STEPS)
        self._until_trial -= 1
        if not self._until_trial and slowest != fastest:
            self._until_trial = TRIAL_EVERY
            return slowest, min(times, TRIAL_STEPS)
        return fastest, max(1, min(times, int(RETURN_SECONDS / self._seconds[fastest])))

    def took(self, threads: int, seconds: float) -> None:
        """Says how long a step took."""
        self._seconds[threads] = max(seconds, 1e-9)
