"""The progress display of `fit`, `evaluate` and `predict`: a bar in a terminal, one output that is
written anew in a notebook, lines elsewhere.

    Epoch  3/10  32/32 [████████] 5.2us/step - loss: 0.5123 (data 0.4100 + penalty 0.1023) - ...

The display knows nothing of the model. It draws what it is told, and no failure of the stream (a
closed file, a reader that has gone) stops a training run: the display then just goes silent.
"""

from __future__ import annotations

import functools
import sys
import time
from typing import TYPE_CHECKING, Any

from corereg._lazy import later

if TYPE_CHECKING:
    from corereg import notebook
    from corereg.notebook import NotebookOutput
else:
    notebook = later("corereg.notebook")

_SECONDS_BETWEEN_DRAWS = 0.1
_SECONDS_BETWEEN_LOOKS = 0.5  # at the size of the terminal
_NOTEBOOK_WIDTH = 99  # columns


class Display:
    """What all displays of this process have in common."""

    interactive = True  # to the standard output, not to the log


class _LogStream:
    """A text stream whose lines go to the logger "corereg", as information."""

    def write(self, text: str) -> None:
        import logging

        for line in text.splitlines():
            if line.strip():
                logging.getLogger("corereg").info(line)


class ProgressBar:
    """Display of one run: `begin_epoch`, any number of `update`s and `end_epoch`, for each epoch.

    epochs: number of epochs, or None for a run without epochs (`evaluate`, `predict`).
    steps: batches in an epoch, or None if unknown.
    verbose: 0 shows nothing, 1 or "auto" a bar that ends as one line an epoch, 2 only that line.
        In a notebook, 1 and "auto" write one output anew, that keeps the last state alone. Where
        the stream is no terminal, they write lines too: no control characters.
    stream: text stream; None means the standard output of the moment, or the logger "corereg" after
        `corereg.utils.disable_interactive_logging()`.

    `close` ends a line left unfinished, after an interrupt for one; a `with` block does so too.
    Raises ValueError for another `verbose`.
    """

    def __init__(
        self,
        epochs: int | None = None,
        steps: int | None = None,
        verbose: int | str = "auto",
        stream: Any = None,
    ) -> None:
        if verbose not in ("auto", 0, 1, 2):
            raise ValueError(f"verbose: expected 'auto', 0, 1 or 2, received {verbose!r}")
        self.epochs = epochs
        self.steps = steps
        self._digits = len(str(epochs))
        self._output: NotebookOutput | None = None
        if stream is None:
            stream = sys.stdout if Display.interactive else _LogStream()
            if verbose not in (0, 2) and notebook.in_notebook(stream):
                self._output = notebook.NotebookOutput()
        self._stream = stream
        self._lines = verbose != 0 and self._stream is not None
        self._bar = self._lines and verbose != 2 and _is_terminal(self._stream)
        self._fill = _fill_character(self._stream) if self._bar else ""
        if self._output is not None:
            self._bar, self._fill = True, "█"
        self._drawn = 0  # columns of the unfinished line that now ends at the cursor
        self._held: list[str] = []  # lines to be written with the next one
        self._epoch = self._step = 0
        self._began = self._reached = time.perf_counter()
        self._width, self._next_look = 80, 0.0
        self._next_draw = self._began + _SECONDS_BETWEEN_DRAWS  # nothing, for the shortest runs

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def shows(self) -> bool:
        """Whether it writes anything at all."""
        return self._lines

    @property
    def due(self) -> bool:
        """Whether `update` would draw now, so that its logs are worth computing."""
        return self._bar and time.perf_counter() >= self._next_draw

    def begin_epoch(self, epoch: int = 0) -> None:
        """Starts the clock of an epoch, counted from 0."""
        self._epoch = epoch
        self._step = 0
        self._began = self._reached = time.perf_counter()

    def update(
        self, step: int, logs: dict[str, float] | None = None, seconds: float | None = None
    ) -> None:
        """Says that `step` batches of the epoch are done; redraws at most ten times a second.

        seconds: how long they took; None: since `begin_epoch`, so that an update after the last
        batch keeps the time of a validation that follows out of it.
        """
        self._step = step
        now = self._reached = time.perf_counter()
        if seconds is not None:
            self._began = now - seconds
        if self._bar and now >= self._next_draw:
            self._next_draw = now + _SECONDS_BETWEEN_DRAWS
            width = self._terminal_width()
            head = self._head(_bar_width(width), running=True)
            fields = _fields(logs or {}, split=True)
            if len(" - ".join([head, *fields])) > width:
                fields = _fields(logs or {}, split=False)
            while fields and len(" - ".join([head, *fields])) > width:
                fields.pop()
            line = " - ".join([head, *fields])[:width]
            if self._output is not None:
                self._output.running(line)
                return
            self._write("\r" + line.ljust(self._drawn))
            self._drawn = len(line)

    def end_epoch(self, logs: dict[str, float] | None = None, hold: bool = False) -> None:
        """Writes the epoch's line, with its final logs; hold: together with the next one.

        In a terminal too narrow for it the full bar is left out, and then the line is folded.
        """
        if not self._lines:
            return
        if self._step == 0:
            self._step = self.steps or 0
            self._reached = time.perf_counter()
        fields = _fields(logs or {}, split=True)
        width = self._terminal_width() if self._bar else 0
        bar = _bar_width(width)
        head = self._head(0, running=False)
        line = " - ".join([head, *fields])
        if bar and len(line) + 3 + bar <= width:
            line = " - ".join([self._head(bar, running=False), *fields])
        if self._bar:
            lines = [line] if len(line) <= width else _fold(head, fields, width)
            if self._output is not None:
                now = time.perf_counter()
                due = now >= self._next_draw
                self._output.finished("\n".join(lines), show=due)
                if due:
                    self._next_draw = now + _SECONDS_BETWEEN_DRAWS
                return
            line = "\n".join(["\r" + lines[0].ljust(self._drawn), *lines[1:]])
        self._held.append(line)
        self._drawn = 0
        if not hold:
            self.flush()

    def flush(self) -> None:
        """Writes what has been held."""
        if self._held:
            self._write("")

    def close(self) -> None:
        """Leaves the cursor at the start of a line. May be called twice."""
        self.flush()
        if self._output is not None:
            self._output.show()
        if self._drawn:
            self._write("\n")
            self._drawn = 0

    def _head(self, bar: int, running: bool) -> str:
        """Epoch, steps, a bar of that many columns, and the time left or the time of a step."""
        text = ""
        if self.epochs is not None:
            text = f"Epoch {self._epoch + 1:{self._digits}}/{self.epochs}  "
        text += _count(self._step, self.steps, bar, self._fill)
        if self._step > 0:
            each = (self._reached - self._began) / self._step
            if running and self.steps is not None:
                text += f" ETA {_clock(each * max(self.steps - self._step, 0))}"
            else:
                text += f" {_duration(each)}/step"
        return text

    def _terminal_width(self) -> int:
        """Columns that a line may take without wrapping or moving the cursor on."""
        if self._output is not None:
            return _NOTEBOOK_WIDTH
        import shutil

        now = time.perf_counter()
        if now >= self._next_look:
            self._next_look = now + _SECONDS_BETWEEN_LOOKS
            self._width = max(shutil.get_terminal_size().columns - 1, 1)
        return self._width

    def _write(self, text: str) -> None:
        text = "\n".join([*self._held, text])
        self._held.clear()
        try:
            try:
                self._stream.write(text)
            except UnicodeEncodeError:  # a metric's name, say, in a stream of ASCII
                self._stream.write(text.encode("ascii", "replace").decode("ascii"))
            if hasattr(self._stream, "flush"):
                self._stream.flush()
        except (OSError, ValueError):  # broken, or closed
            self._lines = self._bar = False


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (AttributeError, OSError, ValueError):  # no such method, or a closed stream
        return False


def _fill_character(stream: Any) -> str:
    try:
        "█".encode(getattr(stream, "encoding", None) or "ascii")
    except (LookupError, UnicodeError):
        return "="
    return "█"


@functools.lru_cache(maxsize=4)
def _count(step: int, steps: int | None, bar: int, fill: str) -> str:
    """Steps done, of how many, and a bar of that many columns."""
    if steps is None:
        return f"step {step}"
    text = f"{step:{len(str(steps))}}/{steps}"
    full = bar * min(step, steps) // max(steps, 1)
    return f"{text} [{fill * full:{bar}}]" if bar > 0 else text


def _bar_width(width: int) -> int:
    return min(max(width - 70, 8), 20) if width >= 40 else 0


def _fold(head: str, fields: list[str], width: int) -> list[str]:
    """A line in pieces of at most `width` columns, where that is possible."""
    lines = [head]
    for field in fields:
        if len(lines[-1]) + 3 + len(field) <= width:
            lines[-1] += f" - {field}"
        else:
            lines.append(f"    {field}")
    return lines


@functools.lru_cache(maxsize=64)
def _order(names: tuple[str, ...]) -> list[tuple[str, str, str, bool]]:
    """The names as they are shown, training before validation, the loss first: (name, its text,
    the penalty in it or "", whether to leave out a zero). Layers' penalties come last, and those of
    validation, which are those of the epoch's last weights, not at all."""
    found = []
    for prefix in ("", "val_"):
        own = [name for name in names if name.startswith("val_") == bool(prefix)]
        loss, penalty = f"{prefix}loss", f"{prefix}penalty"
        if loss in own:
            found.append((loss, f"{loss}: ", penalty if penalty in own else "", False))
        elif penalty in own:
            found.append((penalty, f"{penalty}: ", "", True))
        shown = [name for name in own if name not in (loss, penalty) and not _of_layer(name)]
        found += [(name, f"{name}: ", "", False) for name in shown]
    found += [
        (name, f"{name}: ", "", False)
        for name in names
        if _of_layer(name) and not (name.startswith("val_") and name[4:] in names)
    ]
    return found


def _of_layer(name: str) -> bool:
    """Whether it names the penalty of a layer, as "dense/kernel_penalty" does."""
    return "/" in name and name.endswith("_penalty")


def _fields(logs: dict[str, float], split: bool) -> list[str]:
    """The logs as text.

    With `split` a loss says in brackets how much of it is data and how much penalty, if any.
    """
    fields: list[str] = []
    for name, text, penalty, sparing in _order(tuple(logs)):
        value = _mean(logs[name])
        part = logs[penalty] if penalty else 0
        if not part:
            if value or not sparing:
                fields.append(text + number_text(value))
        elif not split:
            fields += text + number_text(value), f"{penalty}: {number_text(part)}"
        elif name == "loss":
            data = f" (data {number_text(value - part)} + penalty {number_text(part)})"
            fields.append(text + number_text(value) + data)
        else:  # validation's penalty is that of the epoch's last weights, near the one just shown
            fields.append(f"{text}{number_text(value)} (data {number_text(value - part)})")
    return fields


def _mean(value: Any) -> float:
    """A value of the logs as one number: of several their mean, as Keras shows it."""
    if isinstance(value, float):
        return value
    return float(sum(value) / len(value)) if getattr(value, "ndim", 0) == 1 else float(value)


def number_text(value: float) -> str:
    """A number as it is shown: with four digits behind the point, or with an exponent."""
    if 1e-3 <= value < 1e5 or value == 0 or -1e5 < value <= -1e-3:
        return f"{value:.4f}"
    return f"{value:.4e}"


def _duration(seconds: float) -> str:
    if seconds < 1e-3:
        count, unit = seconds * 1e6, "us"
    elif seconds < 1:
        count, unit = seconds * 1e3, "ms"
    else:
        count, unit = seconds, "s"
    return f"{count:.1f}{unit}" if count < 10 else f"{count:.0f}{unit}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02}"
    return f"{minutes}:{rest:02}" if minutes else f"{rest}s"
