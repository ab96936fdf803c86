"""What a fork waits for: imports of corereg's modules in other threads, which are made when
something is used first. In the child their locks would stay held for ever."""

from __future__ import annotations

import importlib
import os
import sys
import time
from _thread import get_ident
from typing import Any

_FORK_PATIENCE = 5.0  # seconds that a fork waits for imports


def _wait_for_imports() -> None:
    """Waits until no other thread that lives is in an import."""
    end = time.monotonic() + _FORK_PATIENCE
    while time.monotonic() < end:
        if not (_importing_threads() - {get_ident()}) & sys._current_frames().keys():
            return
        time.sleep(0.001)


def _importing_threads() -> set[Any]:
    """The threads that import a module of corereg, as Python's own locks tell; none for a Python
    that keeps them elsewhere."""
    locks = getattr(getattr(importlib, "_bootstrap", None), "_module_locks", {})
    held = [known() for name, known in locks.copy().items() if name.startswith("corereg")]
    return {getattr(lock, "owner", None) for lock in held} - {None}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_wait_for_imports)
