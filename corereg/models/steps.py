"""Steps recorded once for each shape of batch, then replayed without Python.

The first batch of a shape runs through the autograd graph under a recorder, which keeps its kernel
calls; the next ones replay them. What changes from step to step is in memory that the calls read:
the batch itself, the optimizer's step and rate, the dropout counters, the sums of the epoch. Over
a data set of arrays, the calls that fetch the next rows go in front, and many steps are one call.
A model with a part that cannot be replayed runs every step through the graph, with the same
results.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg.models.data import Batch, Rows
from corereg.models.means import Means
from corereg.models.recordable import snapshot, why_not

if TYPE_CHECKING:
    from corereg.models.compiled import Compiled

Access = Callable[[], AbstractContextManager[Any]]
Sections = list[tuple[_kernels.Program, int]]  # programs, and how often each
RETURN_SECONDS = 0.05  # how long a replay may keep Python, and Ctrl-C, waiting
TRIAL_STEPS = 8  # at most, replayed to see how long they take ...
TRIAL_SECONDS = 0.002  # ... and about so long at most
FIRST_TRIAL = 0.02  # seconds of replay before the other number of threads is tried
WORTH_THREADS = 8_000  # nanoseconds of work in a step from which threads may pay ...
SURELY_THREADS = _kernels.SURELY_THREADS  # ... and from which they surely do
SHAPES = 8  # of batches, whose programs a model keeps


class Recorded:
    """A step on batches of one shape: their memory, and the calls."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.program = _kernels.Program()
        self.pace: Pace | None = None
        self._threads = 0  # of the last replay

    def record(self, step: Callable[[Batch], None]) -> None:
        """Runs the step on what is in the batch's memory, and keeps its calls."""
        with self.program:
            step(self.batch)
        self.pace = Pace(self.program.work)

    def replay(self, programs: Sections, times: int, steps: float = 1) -> int:
        """Runs programs around this step, together the work of `steps` such steps, at most `times`
        times over: returns how often; 0 if that would keep Python waiting."""
        assert self.pace is not None
        threads, most = self.pace.plan()
        times = min(times, int(most / steps))
        if times:
            threads = min(threads, _kernels.get_num_threads())  # may have been lowered since
            cold = int(threads != self._threads and times > 1)  # a CPU has to fetch the weights
            if cold:
                _kernels.replay(programs, 1, threads)
            began = time.perf_counter()
            _kernels.replay(programs, times - cold, threads)
            self.pace.took(threads, time.perf_counter() - began, (times - cold) * steps)
            self._threads = threads
        return times


class Recordings:
    """The recorded steps of one kind (training, testing) of a model, by the shapes of batches."""

    def __init__(self) -> None:
        self.reason: str | None = None  # why steps run through the graph, or None
        self.version = 0  # another one when what was recorded is forgotten
        self._found: dict[Any, Recorded] = {}
        self._snapshot: Any = None
        self._loss: Any = None
        self._optimizer: Any = None

    def find(self, model: Compiled, rows: Rows, count: int) -> Recorded | None:
        """The step for batches of `count` such rows, recorded or not yet; None: run it eagerly."""
        if model.run_eagerly:
            return None
        if not self.fresh(model):
            self.clear()
            self.reason = why_not(model)
            self._look(model)
        if self.reason is not None:
            return None
        shape = rows.shapes(count)
        found = self._found.pop(shape, None) or Recorded(rows.room(count))
        self._found[shape] = found  # the last used is the last to go
        while len(self._found) > SHAPES:
            del self._found[next(iter(self._found))]
        return found

    def fresh(self, model: Compiled) -> bool:
        """Whether what was recorded is what Python would run."""
        return (
            self._snapshot is not None
            and self._loss is model.loss
            and self._optimizer is model.optimizer
            and self._snapshot.unchanged()
        )

    def _look(self, model: Compiled) -> None:
        self._loss, self._optimizer = model.loss, model.optimizer
        self._snapshot = snapshot(model)

    def clear(self) -> None:
        """Forgets all."""
        self.version += 1
        self._found.clear()
        self._snapshot = None

    def record(self, model: Compiled, found: Recorded, step: Callable[[Batch], None]) -> None:
        """Runs and records the step that `find` gave."""
        try:
            found.record(step)
        except BaseException:
            self.clear()
            raise
        self._look(model)
        self.reason = found.program.fault


def run_batch(
    model: Compiled,
    recordings: Recordings,
    step: Callable[[Batch], None],
    rows: Rows,
    access: Access,
) -> None:
    """One step on all of these rows."""
    rows.begin()
    found = recordings.find(model, rows, len(rows))
    with access():
        if found is None:
            step(rows.take(len(rows)))
            return
        rows.fill(found.batch)
        if found.pace is None:
            recordings.record(model, found, step)
        else:
            found.replay([(found.program, 1)], 1)


class Steps:
    """Steps over a data set, batch after batch, pass after pass.

    step: does everything with one batch, by kernels; rows: the data; size: rows a step takes;
    seed: of the orders of the passes, None: rows as they are; access: entered while steps run.
    """

    def __init__(
        self,
        model: Compiled,
        recordings: Recordings,
        step: Callable[[Batch], None],
        rows: Rows,
        size: int,
        seed: int | None,
        access: Access,
    ) -> None:
        self._model, self._recordings, self._step = model, recordings, step
        self._rows, self._size, self._access = rows, size, access
        self._random = None if seed is None else np.array([seed], np.uint64)
        # by rows: with the calls that fetch
        self._whole: dict[int, tuple[Recorded, _kernels.Program]] = {}
        self._pass: tuple[int, Sections] | None = None  # with the version of its recordings
        self._left = 0  # rows left in this pass

    once = False

    @property
    def steps(self) -> int:
        """Batches in a pass."""
        return -(-len(self._rows) // self._size)

    def ready(self) -> bool:
        """Whether there is another batch."""
        return True

    def begin_epoch(self) -> None:
        """A pass that has not ended goes on."""

    def end_epoch(self) -> None:
        """Nobody needs to know."""

    def restart(self) -> None:
        """Begins a new pass at the next step."""
        self._left = 0

    def run(self, most: int | None) -> int:
        """Runs at least one step and at most `most`, none beyond the pass; returns how many."""
        most = self.steps if most is None else most
        if not self._left:
            self._rows.begin(self._random)
            self._left = len(self._rows)
        rows = min(self._size, self._left)
        known = self._whole.get(rows)
        found = self._recordings.find(self._model, self._rows, rows)
        with self._access():
            if known is not None and known[0] is found:
                done = found.replay([(known[1], 1)], min(most, self._left // rows))
            else:
                done = self._first(found, rows)
        self._left -= done * rows
        return done

    def whole_pass(self, means: Means) -> Sections | None:
        """A pass as programs, which move their sums to the log of means; None: not yet."""
        recordings = self._recordings
        if self._left or self._model.run_eagerly or not means.movable:
            return None
        known = self._pass
        if known is None or known[0] != recordings.version or not recordings.fresh(self._model):
            programs = self._find_pass(means)
            if programs is None:
                return None
            self._pass = known = recordings.version, programs
        return known[1]

    def _find_pass(self, means: Means) -> Sections | None:
        full, rest = divmod(len(self._rows), self._size)
        parts: Sections = []
        for rows, times in ((self._size, full), (rest, 1)):
            if rows and times:
                known = self._whole.get(rows)
                found = self._recordings.find(self._model, self._rows, rows)
                if known is None or known[0] is not found:
                    return None
                parts.append((known[1], times))
        begin, end = _kernels.Program(run=False), _kernels.Program(run=False)
        with begin:
            self._rows.begin(self._random)
            means.begin()
        with end:
            means.move()
        return [(begin, 1), *parts, (end, 1)]

    def passes(self, most: int, means: Means, after: Sections) -> float:
        """Runs whole passes in one call, at most `most` (<= EPOCHS), and the programs in `after`
        after each. Their sums are in the log of means, one for each pass that was run: none if
        the next one has to be run step by step. Returns the seconds that one took."""
        programs = self.whole_pass(means)
        if programs is None:
            return 0.0
        work, more = (sum(part.work * n for part, n in some) for some in (programs, after))
        found = self._whole[min(self._size, len(self._rows))][0]
        began = time.perf_counter()
        with self._access():
            times = found.replay([*programs, *after], most, (work + more) / found.program.work)
        return (time.perf_counter() - began) / max(times, 1) * work / (work + more)

    def _first(self, found: Recorded | None, rows: int) -> int:
        if found is None:
            self._step(self._rows.take(rows))
            return 1
        fetch = _kernels.Program()
        with fetch:
            self._rows.fill(found.batch)
        if found.pace is None:
            self._recordings.record(self._model, found, self._step)
        else:
            found.replay([(found.program, 1)], 1)
        self._whole[rows] = found, fetch.joined(found.program)
        return 1


class Pace:
    """How many threads to replay on, and how many steps before Python gets a look.

    work: nanoseconds that a step may take one thread. Small steps gain or lose by more threads
    depending on the machine and on what else it does, and the results are the same: so the faster
    way is kept, and the other is tried now and then, for a twenty-fifth of the time at most.
    """

    def __init__(self, work: float) -> None:
        most = _kernels.get_num_threads() if work >= WORTH_THREADS else 1
        first = most if work >= SURELY_THREADS else 1
        self._seconds = {first: work * 1e-9}  # a step, of late
        self._other = 1 if first != 1 else most
        self._steps = max(2, min(TRIAL_STEPS, int(TRIAL_SECONDS / (work * 1e-9 + 1e-9))))
        self._spent, self._trial = 0.0, self._later(work * 1e-9)

    def _later(self, seconds: float) -> float:
        """How much replaying makes up for a trial at so many seconds a step."""
        return max(FIRST_TRIAL, 25 * self._steps * seconds)

    def plan(self) -> tuple[int, int]:
        """Threads, and how many steps at most."""
        if self._spent >= self._trial and self._other not in self._seconds:
            return self._other, self._steps
        fastest = min(self._seconds, key=self._seconds.__getitem__)
        return fastest, max(1, int(RETURN_SECONDS / self._seconds[fastest]))

    def took(self, threads: int, seconds: float, times: float) -> None:
        """Says how long the work of `times` steps took."""
        self._spent += seconds
        self._seconds[threads] = max(seconds / times, 1e-9)
        if len(self._seconds) > 1:  # a trial: forget the slower, to be tried again
            self._other = max(self._seconds, key=self._seconds.__getitem__)
            self._trial = self._spent + self._later(self._seconds[self._other])
            del self._seconds[self._other]
