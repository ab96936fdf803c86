"""Epochs fused into one replay, where no callback observes batches.

An epoch of a small data set takes about the time that Python needs to begin and end it. So the new
order of its rows, its steps, its validation and the sums of both are programs, replayed for as many
epochs as may run until Python is due (RETURN_SECONDS of corereg.runtime.scheduling), which then is
told of each. Where a callback observes epochs, a replay runs one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from corereg.runtime.capture import ReplayPlan
from corereg.training.accumulators import MAX_FUSED_EPOCHS, EpochAccumulators, Logs
from corereg.training.steps import ArraySteps

if TYPE_CHECKING:
    from corereg.training.sums import Sums


class FusedValidation:
    """The validation within a fit.

    frequency: whether an epoch, counted from 1, validates; None: none does. recorded: gives the
    plan of a validation, or None as long as it is not known; None: Python has to do it. sums: where
    it adds up.
    """

    def __init__(
        self,
        frequency: Callable[[int], bool] | None,
        recorded: Callable[[], ReplayPlan | None] | None,
        sums: Sums | None,
    ) -> None:
        self._frequency, self._recorded, self.sums = frequency, recorded, sums

    def due(self, epoch: int) -> bool:
        """Whether an epoch, counted from 1, validates."""
        return self._frequency is not None and self._frequency(epoch)

    def plan(self) -> ReplayPlan | None:
        """The programs of a validation; None: Python has to do it."""
        return None if self._recorded is None else self._recorded()


class FinishedEpoch(NamedTuple):
    """An epoch that has run, counted from 0: its logs, the seconds that its steps took, and whether
    Python has to validate after it."""

    epoch: int
    logs: Logs
    seconds: float
    lacks_validation: bool


class FusedEpochs:
    """The epochs of one `fit` over arrays.

    steps: its training steps, which add up in `sums`. True as long as there are epochs that have
    run beyond the one that `next_epoch` gave last.
    """

    def __init__(
        self, steps: ArraySteps, sums: EpochAccumulators, validation: FusedValidation
    ) -> None:
        self._steps, self._sums, self._validation = steps, sums, validation
        self._finished: list[FinishedEpoch] = []  # the next one last

    def __bool__(self) -> bool:
        return len(self._finished) > 1

    def next_epoch(self, epoch: int, epochs: int) -> FinishedEpoch | None:
        """The epoch of this number, of so many, once those before it have been told; None: it has
        to be run step by step."""
        if self._finished and self._finished[-1].epoch < epoch:
            self._finished.pop()
        if not self._finished and self._steps.has_run:
            self._run(epoch, min(epochs - epoch, MAX_FUSED_EPOCHS))
        return self._finished[-1] if self._finished else None

    def finished_from(self, epoch: int) -> list[FinishedEpoch]:
        """The epochs from this one on that have run, in order."""
        return [one for one in reversed(self._finished) if one.epoch >= epoch]

    def _run(self, epoch: int, most: int) -> None:
        """Runs epochs from this one on, at most so many: those up to the first that Python has to
        validate, or those that validate alike."""
        after = self._validation.plan() if self._validation.due(epoch + 1) else None
        validates = after is not None
        due = self._validation.due
        last = (n for n in range(1, most) if due(epoch + n + validates) != validates)
        seconds = 0.0
        try:
            seconds = self._steps.run_epochs(next(last, most), after or [])
        finally:  # an interrupt comes when they have run
            logs = self._sums.pop_logs()
            if validates:
                assert isinstance(self._validation.sums, EpochAccumulators)
                more_logs = self._validation.sums.pop_logs("val_")
                for own, more in zip(logs, more_logs, strict=True):
                    own |= more
            end = epoch + len(logs)
            found = zip(range(end - 1, epoch - 1, -1), logs, strict=True)
            lacking = not validates and due(end)  # by the last one alone
            self._finished = [
                FinishedEpoch(number, log, seconds, lacking and number == end - 1)
                for number, log in found
            ]
