"""Progbar: a progress bar for loops of one's own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from corereg.progress import ProgressBar
from corereg.shown import as_call

Values = Iterable[tuple[str, Any]]


class Progbar:
    """A progress display, as `keras.utils.Progbar`.

    target: steps in all, None if unknown; verbose: 0 shows nothing, 1 a bar in a terminal, 2 one
    line at the end; stateful_metrics: names of values that are shown as they are, not as their
    means over steps. width, interval, stateless_metrics and unit_name are taken for Keras's sake:
    the display finds them itself.

    >>> bar = utils.Progbar(3, verbose=0)
    >>> for step in range(3):
    ...     bar.update(step + 1, [("loss", 1.0 / (step + 1))])
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        self.target, self.verbose = target, verbose
        self._bar = ProgressBar(None, target, verbose)
        self._stateful = set(stateful_metrics or ())
        self._sums: dict[str, list[float]] = {}  # of each name the sum and the count
        self._seen = 0
        self._ended = False
        self._bar.begin_epoch()

    __repr__ = as_call

    def update(
        self, current: int, values: Values | None = None, finalize: bool | None = None
    ) -> None:
        """Shows that `current` steps are done. values: pairs of a name and a number. finalize:
        whether this was the last; by default when the target is reached."""
        ends = current == self.target if finalize is None else finalize
        steps = max(current - self._seen, 1)
        for name, value in values or ():
            number = float(value)
            if name in self._stateful or ends:
                self._sums[name] = [number, 1.0]
            else:
                known = self._sums.setdefault(name, [0.0, 0.0])
                known[0] += number * steps
                known[1] += steps
        self._seen = current
        logs = {name: total / count for name, (total, count) in self._sums.items()}
        self._bar.update(current, logs)
        if ends and not self._ended:
            self._ended = True
            self._bar.end_epoch(logs)

    def add(self, n: int, values: Values | None = None) -> None:
        """Shows that n more steps are done."""
        self.update(self._seen + n, values)
