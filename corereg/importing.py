"""What a fork waits for: imports in other threads, such as those that corereg makes when something
is used first. In the child their locks would stay held for ever."""

from __future__ import annotations

import importlib
import os
import sys
import time
from _imp import acquire_lock, release_lock
from _thread import get_ident

_FORK_PATIENCE = 5.0  # seconds that a fork waits for imports


def _wait_for_imports() -> None:
    """Waits until no other thread that lives is in an import, and keeps new ones from beginning:
    from the last look on until the fork this thread has the lock that each import takes first."""
    end = time.monotonic() + _FORK_PATIENCE
    acquire_lock()
    while _others_import() and time.monotonic() < end:
        release_lock()
        time.sleep(0.001)
        acquire_lock()


def _others_import() -> bool:
    """Whether another thread imports a module, or is about to, as Python's own locks tell; False
    for a Python that keeps them elsewhere. A lock that nobody holds yet is another thread's: this
    one has come here since it made its own."""
    known = getattr(getattr(importlib, "_bootstrap", None), "_module_locks", {})
    locks = [one() for one in known.copy().values()]
    owners = {getattr(lock, "owner", 0) for lock in locks if lock is not None}
    alive = {None, *sys._current_frames()} - {get_ident()}
    return not owners.isdisjoint(alive)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_wait_for_imports, after_in_parent=release_lock, after_in_child=release_lock
    )
