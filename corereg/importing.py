"""Imports that are made when something is used first, and what a fork waits for."""

from __future__ import annotations

import importlib
import os
import sys
import time
from _thread import get_ident
from typing import Any

_FORK_PATIENCE = 5.0  # seconds that a fork waits for imports
_importing: dict[int, int] = {}  # how many imports each thread is in


def import_module(name: str) -> Any:
    """importlib's, for modules that are imported when they are needed: a fork waits until other
    threads have ended it, for in the child the module's import lock would stay held for ever."""
    thread = get_ident()
    _importing[thread] = _importing.get(thread, 0) + 1
    try:
        return importlib.import_module(name)
    finally:
        _importing[thread] -= 1
        if not _importing[thread]:
            del _importing[thread]


def _wait_for_imports() -> None:
    """Waits until no other thread that lives is in an import."""
    end = time.monotonic() + _FORK_PATIENCE
    while time.monotonic() < end:
        alive = sys._current_frames()
        others = {*tuple(_importing), *_owners_of_locks()} - {get_ident()}
        if not others & alive.keys():
            return
        time.sleep(0.001)


def _owners_of_locks() -> set[Any]:
    """The threads within an import statement for a module of corereg, as Python's own locks tell;
    none for a Python that keeps them elsewhere."""
    locks = getattr(getattr(importlib, "_bootstrap", None), "_module_locks", {})
    held = [known() for name, known in tuple(locks.items()) if name.startswith("corereg")]
    return {getattr(lock, "owner", None) for lock in held} - {None}


def _forget_other_threads() -> None:
    """In the child: its parent's other threads do not live on."""
    for thread in tuple(_importing):
        if thread != get_ident():
            del _importing[thread]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_wait_for_imports, after_in_child=_forget_other_threads)
