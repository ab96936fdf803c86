"""Epochs that run in one call, where nobody wants to look between two of them.

An epoch of a small data set takes about the time that Python needs to begin and end it. So the new
order of its rows, its steps, its validation and the sums of both are programs, replayed for as many
epochs as may run until Python is due (corereg.models.steps.RETURN_SECONDS), which then hears of
each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from corereg.models.means import EPOCHS, Logs, Means
from corereg.models.steps import Sections, Steps


class Validation:
    """The validation within a fit.

    frequency: whether an epoch, counted from 1, validates; None: none does. recorded: gives the
    programs of a validation, or None as long as they are not known; None: Python has to do it.
    means: where they add up.
    """

    def __init__(
        self,
        frequency: Callable[[int], bool] | None,
        recorded: Callable[[], Sections | None] | None,
        means: Means,
    ) -> None:
        self._frequency, self._recorded, self.means = frequency, recorded, means

    def due(self, epoch: int) -> bool:
        """Whether an epoch, counted from 1, validates."""
        return self._frequency is not None and self._frequency(epoch)

    def programs(self) -> Sections | None:
        """Those of a validation; None: Python has to do it."""
        return None if self._recorded is None else self._recorded()


class Done(NamedTuple):
    """An epoch that has run, counted from 0: its logs, the seconds that its steps took, and whether
    its validation has run, too."""

    epoch: int
    logs: Logs
    seconds: float
    validated: bool


class Ahead:
    """The epochs of one `fit` over arrays. run: its training steps, whose sums are in means."""

    def __init__(self, run: Steps, means: Means, validation: Validation) -> None:
        self._run, self._means, self._validation = run, means, validation
        self._done: list[Done] = []  # the next one last

    def __bool__(self) -> bool:
        """Whether there are epochs that have run already."""
        return bool(self._done)

    def next(self, epoch: int, epochs: int) -> Done | None:
        """An epoch of so many, counted from 0; None: it has to be run step by step."""
        if not self._done:
            self._go(epoch, min(epochs - epoch, EPOCHS))
        return self._done.pop() if self._done else None

    def rest(self) -> list[Done]:
        """The epochs that have run and that nobody has asked for, in order."""
        rest = self._done[::-1]
        self._done.clear()
        return rest

    def _go(self, epoch: int, most: int) -> None:
        """Runs epochs from this one on, at most so many: those up to the first that Python has to
        validate, or those that validate alike."""
        after = self._validation.programs() if self._validation.due(epoch + 1) else None
        validates = after is not None
        due = self._validation.due
        last = (n for n in range(1, most) if due(epoch + n + validates) != validates)
        seconds = 0.0
        try:
            seconds = self._run.passes(next(last, most), self._means, after or [])
        finally:  # an interrupt comes when they have run
            logs = self._means.moved()
            if validates:
                for own, more in zip(logs, self._validation.means.moved("val_"), strict=True):
                    own |= more
            numbers = range(epoch + len(logs) - 1, epoch - 1, -1)
            found = zip(numbers, logs, strict=True)
            self._done = [Done(number, logs, seconds, validates) for number, logs in found]
