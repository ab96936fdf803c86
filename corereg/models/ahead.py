"""Epochs that run in one call, where nobody wants to look between two of them.

An epoch of a small data set takes about the time that Python needs to begin and end it. So the new
order of its rows, its steps, its validation and the sums of both are programs, replayed for as many
epochs as may run until Python is due (corereg.models.steps.RETURN_SECONDS), which then hears of
each.
"""

from __future__ import annotations

from collections.abc import Callable

from corereg.models.means import EPOCHS, Logs, Means
from corereg.models.steps import Sections, Steps


class Validation:
    """The validation within a fit: when it is due, as a function of the epoch, counted from 1; the
    programs of one, None where Python has to do it; and where they add up."""

    def __init__(self, due: Callable[[int], bool], means: Means) -> None:
        self.due, self.means = due, means
        self.programs: Callable[[], Sections | None] = lambda: None


class Ahead:
    """The epochs of one `fit` over arrays.

    run: its training steps, whose sums are in means; single: somebody looks at each epoch.
    """

    def __init__(self, run: Steps, means: Means, validation: Validation, single: bool) -> None:
        self._run, self._means, self._validation = run, means, validation
        self._single = single
        self._logs: list[Logs] = []  # of epochs that have run, the next one last
        self._seconds = 0.0

    def __bool__(self) -> bool:
        """Whether there are epochs that have run already."""
        return bool(self._logs)

    def next(self, epoch: int, epochs: int) -> tuple[Logs, float] | None:
        """The logs of an epoch of so many, counted from 0, and the seconds that its steps took;
        None: it has to be run step by step."""
        if not self._logs:
            self._go(epoch, 1 if self._single else min(epochs - epoch, EPOCHS))
        return (self._logs.pop(), self._seconds) if self._logs else None

    def _go(self, epoch: int, most: int) -> None:
        """Runs epochs from this one on, at most so many: those up to the first that Python has to
        validate, or those that validate alike."""
        due = self._validation.due
        after = self._validation.programs() if due(epoch + 1) else None
        if after is None:
            most = next((n for n in range(1, most) if due(epoch + n)), most)
        else:
            most = next((n for n in range(1, most) if not due(epoch + 1 + n)), most)
        self._seconds = self._run.passes(most, self._means, after or [])
        self._logs = self._means.moved()
        if after is not None:
            for logs, more in zip(self._logs, self._validation.means.moved("val_"), strict=True):
                logs |= more
