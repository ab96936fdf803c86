"""Every threshold of time and threads in one place, and the choice of how many threads replay.

All work is given in nanoseconds that one thread is estimated to take. Results do not depend on any
of these numbers, for every kernel gives the same bits on any number of threads.
"""

from __future__ import annotations

from corereg import _kernels

RETURN_SECONDS = 0.05
"""How long a replay may keep Python, Ctrl-C and callbacks waiting."""

KERNEL_WORTH_THREADS = _kernels.KERNEL_WORTH_THREADS
"""A kernel that Python calls is shared among threads from this much work on: waking a thread costs
some microseconds."""

PROGRAM_WORTH_THREADS = _kernels.PROGRAM_WORTH_THREADS
"""A replayed program is surely shared among threads from this much work on: its threads stay awake
between its kernels, but a barrier stands between dependent ones."""

TRIAL_WORTH_THREADS = 8_000
"""From this much work in a step on, more threads may pay, and ThreadTuner tries them."""

FORWARD_WORTH_THREADS = 200_000
"""From this much work on, `predict` deals the batches of one call out to several threads."""

FORWARD_ROWS = 256
"""Rows that a forward pass computes at a time, at most: so its activations stay in the cache."""

FORWARD_ROWS_STEP, FEW_FORWARD_PASSES = 16, 8
"""Few forward passes are cut so that all threads have as many rows, in multiples of the first; few
are those of up to the second number for each thread."""

SIGNATURES = 8
"""Signatures (shapes, dtypes) of one function whose recordings are kept."""

TRIAL_STEPS = 8  # at most, replayed to see how long they take ...
TRIAL_SECONDS = 0.002  # ... and about so long at most
FIRST_TRIAL = 0.02  # seconds of replay before the other number of threads is tried
FIRST_SHARE = 0.1  # of RETURN_SECONDS, for the first replay: how long it takes is only a guess


def rows_of_forward_pass(rows: int, threads: int) -> int:
    """Rows that a forward pass takes of so many: few passes are cut so that all threads have as
    many. The results are few different numbers, for each is recorded by itself."""
    passes = -(-rows // FORWARD_ROWS)
    if threads == 1 or not 1 < passes < FEW_FORWARD_PASSES * threads:
        return FORWARD_ROWS
    passes = -(-passes // threads) * threads
    return max(rows // passes // FORWARD_ROWS_STEP, 1) * FORWARD_ROWS_STEP


class ThreadTuner:
    """Chooses by trial on how many threads to replay, and how many steps before Python gets a look.

    work: nanoseconds that a step may take one thread. Small steps gain or lose by more threads
    depending on the machine and on what else it does, and the results are the same: so the faster
    way is kept, and the other is tried now and then, for a twenty-fifth of the time at most.
    """

    def __init__(self, work: float) -> None:
        self._work = work
        self._begin()

    def _begin(self) -> None:
        work, self._limit = self._work, _kernels.get_num_threads()
        most = self._limit if work >= TRIAL_WORTH_THREADS else 1
        self.threads = most if work >= PROGRAM_WORTH_THREADS else 1  # the fastest number of late
        self._seconds = max(work, 1.0) * 1e-9  # a step on so many, of late
        self._other = 1 if self.threads != 1 else most
        self._steps = max(2, min(TRIAL_STEPS, int(TRIAL_SECONDS / (work * 1e-9 + 1e-9))))
        self._spent, self._trial = 0.0, self._next_trial(work * 1e-9)
        self._share = FIRST_SHARE

    def _next_trial(self, seconds: float) -> float:
        """How much replaying makes up for a trial at so many seconds a step."""
        return max(FIRST_TRIAL, 25 * self._steps * seconds)

    def plan(self) -> tuple[int, int]:
        """Threads, and how many steps at most. Begins anew where more threads are allowed now, as
        after a call with a limit of its own."""
        if _kernels.get_num_threads() > self._limit:
            self._begin()
        if self._spent >= self._trial and self._other != self.threads:
            return self._other, self._steps
        return self.threads, max(1, int(self._share * RETURN_SECONDS / self._seconds))

    def record_time(self, threads: int, seconds: float, steps: float) -> None:
        """Tells how many seconds so many steps took on so many threads."""
        self._spent += seconds
        self._share = 1.0
        found = seconds / steps if seconds > 0 else 1e-9
        if threads == self.threads:
            self._seconds = found
            return
        slower = max(found, self._seconds)  # of a trial; the slower number is tried again later
        if found < self._seconds:
            self._other, self.threads, self._seconds = self.threads, threads, found
        else:
            self._other = threads
        self._trial = self._spent + self._next_trial(slower)
