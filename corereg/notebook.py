"""An output of a notebook that is written anew in its place, by IPython's display handles.

No widgets: Jupyter, VS Code and Colab show it alike, and what is saved with the notebook, and what
nbconvert makes of it, is the last state alone.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any


def in_notebook(stream: Any) -> bool:
    """Whether the stream is the standard output of a notebook's kernel, so that outputs can be
    written anew: neither of a terminal nor redirected or captured."""
    if not type(stream).__module__.startswith("ipykernel"):
        return False
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


class NotebookOutput:
    """One output of the cell that is running: the last epoch that is finished, and what runs now.

    A kernel that is going away stops no training: the output then just goes silent.
    """

    def __init__(self) -> None:
        self._handle: Any = None
        self._silent = False
        self._finished = self._running = ""
        self._shown = ""

    def running(self, line: str) -> None:
        """Shows what runs now, above the last finished epoch."""
        self._running = line
        self.show()

    def finished(self, lines: str, show: bool) -> None:
        """An epoch has ended, and this is said of it. show: now, and not with what comes next."""
        self._finished, self._running = lines, ""
        if show:
            self.show()

    def show(self) -> None:
        """Shows what was said last."""
        text = "\n".join(part for part in (self._running, self._finished) if part)
        if self._silent or text == self._shown:
            return
        try:
            data = {"text/plain": text}
            if self._handle is None:
                display: Any = import_module("IPython.display").display
                self._handle = display(data, raw=True, display_id=True)
            else:
                self._handle.update(data, raw=True)
        except Exception:
            self._silent = True
        self._shown = text
