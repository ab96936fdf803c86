"""Steps: one batch each, recorded for each signature of batches and then replayed without Python.

The first batch of a signature runs through the autograd graph under a recorder; the next ones
replay its kernel calls. What changes from step to step is in memory that the calls read: the batch
itself, the optimizer's step and rate, the dropout counters, the sums of the epoch. Over a data set
of arrays, the calls that gather the next rows go in front, and many steps are one call. A model
with a part that cannot be replayed runs every step through the graph, with the same results.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Any

from corereg import _kernels
from corereg.runtime.capture import Capture, ReplayPlan
from corereg.training.accumulators import EpochAccumulators
from corereg.training.data.arrays import ArrayDataset, Batch
from corereg.training.data.row_order import PassPosition, RowOrder
from corereg.training.trainer import TrainableModel, Trainer

if TYPE_CHECKING:
    from corereg.training.sums import Sums

Access = AbstractContextManager[Any]
"""What is entered while a step runs: the reading or the writing side of the weights' lock."""


class StepRunner:
    """Runs one function of a batch, recorded where that is allowed.

    trainer: holds the recordings of this kind ("train", "test"), and whether the user wants every
    step to run through Python; step: does everything with a batch; sums: where it adds up; access:
    entered while it runs. optimizer: of which each step is one step, or None; augmentation: what
    the step does to batches, as far as that tells its recordings from others. result: what the
    last step returned, in memory that replays write.
    """

    make_capture: type[Capture] = Capture

    def __init__(
        self,
        trainer: Trainer,
        kind: str,
        step: Callable[[Batch], Any],
        sums: Sums,
        access: Access,
        optimizer: Any = None,
        augmentation: Hashable = None,
    ) -> None:
        self.augmentation = augmentation
        self.captures, self.compilation = trainer.captures[kind], trainer.compilation
        self.step, self.sums, self.access = step, sums, access
        self.optimizer = optimizer
        self.result: Any = None
        self.last: Batch | None = None  # in whose memory the last step ran, if that is known

    def find(self, data: ArrayDataset, rows: int) -> Capture | None:
        """The capture for batches of so many rows of data, recorded or not yet; None: the step has
        to run through Python."""
        if self.compilation.run_eagerly:
            return None
        signature = self.make_capture, self.augmentation, data.batch_signature(rows)
        captures = self.captures
        found = captures.known(signature)
        if found is None and not captures.refuses():
            found = captures.add(signature, self.make_capture(data.allocate_batch(rows)))
        return found

    @property
    def rate_needs_python(self) -> bool:
        """Whether Python has to be asked for the learning rates of steps to come."""
        return self.optimizer is not None and self.optimizer.rate_needs_python

    def rates_ahead(self, most: int) -> AbstractContextManager[int]:
        """What is entered while at most so many steps run: gives how many may."""
        return rates_ahead(self.optimizer, most)

    def record(self, capture: Capture) -> None:
        """Runs and records the step on what is in the capture's batch."""
        self.last = capture.memory
        self.result = self.captures.record(capture, lambda: self.step(capture.memory))

    def replay_once(self, capture: Capture) -> None:
        """Replays a capture's calls on what is in its batch."""
        capture.replay_once()
        self.result, self.last = capture.result, capture.memory

    def run_eagerly(self, batch: Batch) -> None:
        """Runs the step through Python."""
        self.last = batch
        self.result = self.step(batch)

    def run_whole(self, data: ArrayDataset) -> None:
        """One step on all rows of a data set that has given none yet."""
        capture = self.find(data, len(data))
        with self.access, self.rates_ahead(1):
            if capture is None:
                self.run_eagerly(data.next_batch(len(data)))
                return
            data.fill_batch(capture.memory)
            if capture.ready:
                self.replay_once(capture)
            else:
                self.record(capture)


def step_runner(
    model: TrainableModel, kind: str, step: Callable[..., None], access: Access
) -> StepRunner:
    """What runs `step`, which adds up in the trainer's sums of a kind ("train", "test"), on
    batches."""
    trainer = model._trainer
    sums = trainer.sums(kind)
    trains = kind == "train"
    optimizer = trainer.compilation.optimizer if trains else None
    augmentation = trainer.augmentation if trains else None
    run = partial(step, model, sums)
    return StepRunner(trainer, kind, run, sums, access, optimizer, augmentation)


def rates_ahead(optimizer: Any, most: int) -> AbstractContextManager[int]:
    """What is entered while at most so many steps of an optimizer, or of none, run: gives how many
    may until Python has to be asked for the learning rate."""
    if optimizer is None or not optimizer.rate_needs_python:
        return nullcontext(most)
    found: AbstractContextManager[int] = optimizer.rates_ahead(most)
    return found


def work_of(plan: ReplayPlan) -> float:
    """Nanoseconds that one thread is estimated to take for a plan."""
    return sum([program.work * times for program, times in plan])


class ArraySteps:
    """Steps over arrays, batch after batch, pass after pass.

    size: rows a step takes; order: of the rows in each pass, None: rows as they are; block: how
    many of them are shuffled together, 0 for all.
    """

    once = False  # what was read can be read again

    def __init__(
        self,
        runner: StepRunner,
        data: ArrayDataset,
        size: int,
        order: RowOrder | None,
        block: int = 0,
    ) -> None:
        self._runner, self.data, self.size, self._order = runner, data, size, order
        self._block = 0 if order is None else block
        # by rows: a capture, and its program with the calls that gather rows in front
        self._gathering: dict[int, tuple[Capture, _kernels.Program]] = {}
        self._epoch_plan: tuple[int, ReplayPlan] | None = None  # with the version of the captures
        self._plan_work = 0.0
        self._left = 0  # rows left in this pass

    def close(self) -> None:
        """Ends nothing: arrays are there."""

    @property
    def sums(self) -> Sums:
        """Where the steps add up."""
        return self._runner.sums

    @property
    def last_batch(self) -> Batch | None:
        """What the last step ran on, if it is still there."""
        return self._runner.last

    @property
    def steps(self) -> int:
        """Batches in a pass."""
        return -(-len(self.data) // self.size)

    @property
    def has_run(self) -> bool:
        """Whether a step has run whose program gathers its rows."""
        return bool(self._gathering)

    def ready(self) -> bool:
        """Whether there is another batch: always, for a new pass follows."""
        return True

    def begin_epoch(self) -> None:
        """Continues an unfinished pass."""

    def end_epoch(self) -> None:
        """No-op: arrays have no end-of-epoch hook."""

    def restart(self) -> None:
        """Begins a new pass at the next step."""
        self._left = 0

    @property
    def position(self) -> PassPosition | None:
        """The place in the pass; None between two."""
        if not self._left:
            return None
        rows = len(self.data)
        return rows, rows - self._left, self._kind_of_order

    @property
    def _kind_of_order(self) -> int:
        return 0 if self._order is None else 1 + self._block

    def resume(self, position: PassPosition | None) -> bool:
        """Goes on at a place in the pass that was begun last; False if this cannot be one, for the
        data are others."""
        if position is None:
            self._left = 0
            return True
        rows, taken, shuffled = position
        order = self._order
        fits = rows == len(self.data) and taken < rows and shuffled == self._kind_of_order
        if not fits or (order is not None and order.passes[0] < 1):
            return False
        self.data.resume_epoch(order, taken, self._block)
        self._left = rows - taken
        return True

    def skip(self, steps: int) -> None:
        """No-op: `resume` has found the place."""

    def run(self, most: int | None) -> int:
        """Runs at least one step and at most `most`, none beyond the pass; returns how many."""
        most = self.steps if most is None else most
        begins = not self._left
        if begins:
            self._left = len(self.data)
        rows = min(self.size, self._left)
        capture = self._runner.find(self.data, rows)
        most = min(most, self._left // rows)
        with self._runner.access:
            if self._runner.rate_needs_python:
                with self._runner.rates_ahead(most) as most:
                    done = self._run_some(begins, capture, rows, most)
            else:
                done = self._run_some(begins, capture, rows, most)
        self._left -= done * rows
        return done

    def _run_some(self, begins: bool, capture: Capture | None, rows: int, most: int) -> int:
        if begins:  # inside: the passes that a snapshot counts are those of finished steps
            self.data.start_epoch(self._order, self._block)
        known = self._gathering.get(rows)
        if known is None or known[0] is not capture or not capture.ready:
            self._run_first(capture, rows)
            return 1
        done = capture.replay([(known[1], 1)], most)
        self._runner.result, self._runner.last = capture.result, capture.memory
        return done

    def _run_first(self, capture: Capture | None, rows: int) -> None:
        """One step whose program does not gather its rows yet."""
        if capture is None:
            self._runner.run_eagerly(self.data.next_batch(rows))
            return
        gather = _kernels.Program()
        with gather:
            self.data.fill_batch(capture.memory)
        if capture.ready:
            self._runner.replay_once(capture)
        else:
            self._runner.record(capture)
        if capture.ready:
            assert capture.program is not None
            self._gathering[rows] = capture, gather.joined(capture.program)

    # ---- whole epochs, see corereg.training.fused_epochs -----------------------------------------

    def epoch_plan(self) -> ReplayPlan | None:
        """A pass as programs, which append its sums to their log; None: not known yet."""
        captures, sums = self._runner.captures, self._runner.sums
        if not self._gathering or self._block:  # no step has run; Python shuffles in blocks
            return None
        if self._left or self._runner.compilation.run_eagerly or self._runner.rate_needs_python:
            return None
        if not isinstance(sums, EpochAccumulators):
            return None
        known = self._epoch_plan
        if known is None or known[0] != captures.version or self._captures_changed():
            plan = self._make_epoch_plan(sums)
            if plan is None:
                return None
            self._epoch_plan = known = captures.version, plan
            self._plan_work = work_of(plan)
        return known[1]

    def _captures_changed(self) -> bool:
        """Whether something has been set anew that the batches of a pass depend on."""
        return any(capture.changed() for capture, _ in self._gathering.values())

    def _make_epoch_plan(self, sums: EpochAccumulators) -> ReplayPlan | None:
        if not sums.supports_replay:
            return None
        full, rest = divmod(len(self.data), self.size)
        parts: ReplayPlan = []
        for rows, times in ((self.size, full), (rest, 1)):
            if rows and times:
                known = self._gathering.get(rows)
                capture = self._runner.find(self.data, rows)
                if known is None or known[0] is not capture or not capture.ready:
                    return None
                parts.append((known[1], times))
        begin, end = _kernels.Program(run=False), _kernels.Program(run=False)
        with begin:
            self.data.start_epoch(self._order)
            sums.begin_log()
        with end:
            sums.append_to_log()
        return [(begin, 1), *parts, (end, 1)]

    def run_epochs(self, most: int, after: ReplayPlan) -> float:
        """Runs whole passes in one call, at most `most` (<= MAX_FUSED_EPOCHS), and the programs in
        `after` after each. Their sums are in the log of `sums`, one entry for each pass that was
        run: none if the next one has to be run step by step. Returns the seconds that one took."""
        plan = self.epoch_plan()
        if plan is None:
            return 0.0
        work, more = self._plan_work, work_of(after)
        capture = self._gathering[min(self.size, len(self.data))][0]
        assert capture.program is not None
        began = time.perf_counter()
        with self._runner.access:
            steps = (work + more) / capture.program.work
            times = capture.replay([*plan, *after], most, steps)
            self._runner.last = capture.memory
        return (time.perf_counter() - began) / max(times, 1) * work / (work + more)
