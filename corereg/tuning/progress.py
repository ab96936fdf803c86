"""What a search shows while it runs: how far it is, the time left, and the best settings so far.

In a terminal and in a notebook one display is updated in place; elsewhere a line is written now and
then. No failure of the stream stops a search.
"""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any

from corereg.progress import Display
from corereg.tuning.score_table import ScoreTable

SHOWN = 5  # settings
SECONDS_BETWEEN_DRAWS = 0.2
SECONDS_BETWEEN_LINES = 10.0
WIDTH = 100


class SearchProgress:
    """The display of one search. verbose: 0 nothing, 1 and "auto" all, 2 lines alone."""

    def __init__(self, table: ScoreTable, verbose: int | str, stream: Any = None) -> None:
        if verbose not in ("auto", 0, 1, 2):
            raise ValueError(f"verbose: expected 'auto', 0, 1 or 2, received {verbose!r}")
        self._table = table
        self._stream = sys.stdout if stream is None else stream
        on = verbose != 0 and self._stream is not None and Display.interactive
        self._notebook = _notebook_display() if on and verbose != 2 and stream is None else None
        self._block = on and verbose != 2 and self._notebook is None and _is_terminal(self._stream)
        self._lines = on and not self._block and self._notebook is None
        self._began = self._next = time.perf_counter()
        self._next += SECONDS_BETWEEN_DRAWS if not self._lines else SECONDS_BETWEEN_LINES
        self._trainings = self._all = self._resumed = 0
        self._drawn = 0  # lines above the cursor

    def expect(self, trainings: int, known: int = 0) -> None:
        """So many more trainings are to be done; known: those of a file."""
        self._all += trainings + known
        self._trainings += known
        self._resumed += known

    def update(self, trainings: int) -> None:
        """So many more are done."""
        self._trainings += trainings
        now = time.perf_counter()
        if now >= self._next:
            self._next = now + (SECONDS_BETWEEN_LINES if self._lines else SECONDS_BETWEEN_DRAWS)
            self._draw()

    def close(self) -> None:
        """Draws the end, and leaves the cursor at the start of a line."""
        self._draw()
        self._drawn = 0

    def head(self) -> str:
        """How far it is, in one line."""
        seconds = time.perf_counter() - self._began
        own = self._trainings - self._resumed
        text = f"{self._trainings}/{self._all} trainings, {_clock(seconds)}"
        if own and self._trainings < self._all:
            text += f", ETA {_clock(seconds / own * (self._all - self._trainings))}"
        order = self._table.order()
        if order:
            best = order[0]
            text += f", best {self._table.means[best]:.4f} {_settings(self._table.settings[best])}"
        return text

    def rows(self) -> list[str]:
        """The best settings so far, one a line, under a head."""
        table = self._table
        means, errors = table.means, table.standard_errors
        found = [f"{'rank':>4} {'mean score':>11} {'error':>8}  settings"]
        for rank, place in enumerate(table.order()[:SHOWN], 1):
            numbers = f"{rank:>4} {means[place]:>11.4f} {errors[place]:>8.4f}"
            found.append(f"{numbers}  {_settings(table.settings[place])}")
        return found

    def _draw(self) -> None:
        if self._notebook is not None:
            text = "\n".join([self.head(), *self.rows()])
            self._notebook.update({"text/plain": text}, raw=True)
        elif self._block:
            width = max(min(shutil.get_terminal_size().columns - 1, WIDTH), 20)
            lines = [line[:width] for line in (self.head(), *self.rows())]
            up = f"\x1b[{self._drawn}F" if self._drawn else ""
            self._write(up + "".join(f"\x1b[2K{line}\n" for line in lines))
            self._drawn = max(len(lines), self._drawn)
        elif self._lines:
            self._write(self.head()[: WIDTH - 1] + "\n")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError, AttributeError):
            self._block = self._lines = False


def _notebook_display() -> Any:
    """A handle of Jupyter that can be updated, or None outside of a notebook."""
    if "ipykernel" not in sys.modules:
        return None
    from IPython import get_ipython
    from IPython.display import display

    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        return None
    return display({"text/plain": ""}, raw=True, display_id=True)  # type: ignore[no-untyped-call]


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, OSError, ValueError):
        return False


def _settings(settings: dict[str, Any]) -> str:
    return " ".join(
        f"{name}={value:.3g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in settings.items()
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
