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
TRIAL_STEPS = 8  # at most, replayed to see how long they take ...
TRIAL_SECONDS = 0.002  # ... and about so long at most
FIRST_TRIAL = 0.02  # seconds of replay before the other number of threads is tried
WORTH_THREADS = 8_000  # nanoseconds of work in a step from which threads may pay ...
SURELY_THREADS = 100_000  # ... and from which they surely do


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
        pace = self._paces.setdefault(rows, Pace(program.work))
        threads, times = pace.plan(times)
        threads = min(threads, _kernels.get_num_threads())  # the limit may have been lowered since
        began = time.perf_counter()
        program.replay(times, threads)
        pace.took(threads, time.perf_counter() - began, times)
        return times


class Pace:
    """How many threads to replay on, and how many steps before Python gets a look.

    work: nanoseconds that a step may take one thread. Small steps gain or lose by more threads
    depending on the machine and on what else it does, and the results are the same: so the faster
    way is kept, and the other is tried now and then, for a fiftieth of the time at most.
    """

    def __init__(self, work: float) -> None:
        most = _kernels.get_num_threads() if work >= WORTH_THREADS else 1
        first = most if work >= SURELY_THREADS else 1
        self._seconds = {first: work * 1e-9}  # a step, of late
        self._other = 1 if first != 1 else most
        self._steps = max(1, min(TRIAL_STEPS, int(TRIAL_SECONDS / (work * 1e-9 + 1e-9))))
        self._spent, self._trial = 0.0, self._later(work * 1e-9)

    def _later(self, seconds: float) -> float:
        """How much replaying makes up for a trial at so many seconds a step."""
        return max(FIRST_TRIAL, 50 * self._steps * seconds)

    def plan(self, times: int) -> tuple[int, int]:
        """Threads, and steps, at most `times`."""
        if self._spent >= self._trial and self._other not in self._seconds:
            return self._other, min(times, self._steps)
        fastest = min(self._seconds, key=self._seconds.__getitem__)
        return fastest, max(1, min(times, int(RETURN_SECONDS / self._seconds[fastest])))

    def took(self, threads: int, seconds: float, times: int) -> None:
        """Says how long `times` steps took."""
        self._spent += seconds
        self._seconds[threads] = max(seconds / times, 1e-9)
        if len(self._seconds) > 1:  # a trial: forget the slower, to be tried again
            self._other = max(self._seconds, key=self._seconds.__getitem__)
            self._trial = self._spent + self._later(self._seconds[self._other])
            del self._seconds[self._other]
