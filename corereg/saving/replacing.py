"""Files that are replaced whole or not at all, and never left half written.

The new file is written under a temporary name in the same folder, synced to the disk and renamed.
Its writer holds a lock on it. A process that is killed loses its locks, so that the next save into
the folder can tell what it left from what another process is still writing.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import stat
from collections.abc import Callable
from functools import partial
from typing import Any, BinaryIO

try:
    import fcntl
except ImportError:  # Windows, where an open file can be neither renamed nor removed
    fcntl = None  # type: ignore[assignment]

_UNSYNCED = 1 << 24
"""Bytes that are written before the disk is waited for."""

_TEMPORARY = re.compile(r"\.corereg-[0-9a-f]{16}\.part")


def replace_file(path: str, fill: Callable[[BinaryIO], None]) -> None:
    """Lets `fill` write a new file, which can be read and written, and puts it at `path`.

    If anything fails or is interrupted, what was at `path` stays as it was. A symbolic link stays
    one; its target is replaced. The new file has the permissions of the old one, or those that the
    process gives to new files.
    """
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    _check_place(path, target, folder)
    remove_abandoned(folder)
    permissions = None
    with contextlib.suppress(FileNotFoundError):
        permissions = stat.S_IMODE(os.stat(target).st_mode) & 0o777
    temporary, done = "", False
    try:
        while not done:
            temporary = os.path.join(folder, f".corereg-{os.urandom(8).hex()}.part")
            done = _write_and_rename(temporary, target, permissions, fill)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            what = f"cannot save ({error.strerror or error}); an older file there is unchanged"
            raise OSError(error.errno, what, path) from error
        raise
    with contextlib.suppress(OSError):  # the file is complete; not every system syncs folders
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def remove_abandoned(folder: str) -> None:
    """Removes the temporary files that killed processes left in `folder`."""
    if fcntl is None:
        return
    with contextlib.suppress(OSError):  # a folder that may be written into, but not listed
        for name in filter(_TEMPORARY.fullmatch, os.listdir(folder)):
            with contextlib.suppress(OSError):  # it is being written, or is another user's
                _remove_if_unlocked(os.path.join(folder, name))


def _remove_if_unlocked(temporary: str) -> None:
    if stat.S_ISREG(os.lstat(temporary).st_mode):
        with open(temporary, "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(temporary)


def _write_and_rename(
    temporary: str, target: str, permissions: int | None, fill: Callable[[BinaryIO], None]
) -> bool:
    """False if another process took the new file for abandoned and removed it."""
    # Made by a call that runs no Python, so that an interrupt cannot come between the file and who
    # closes it; and with no more permissions than it is to have, for nobody else to open it early.
    create = partial(os.open, mode=0o666 if permissions is None else permissions)
    with _SyncedFile(io.FileIO(temporary, "x+b", opener=create)) as file:
        if permissions is not None and hasattr(os, "fchmod"):
            with contextlib.suppress(OSError):  # a file system without permissions
                os.fchmod(file.fileno(), permissions)
        if not _lock(file, temporary):
            return False
        fill(file)
        file.sync()
        if fcntl is None:
            file.close()
        os.replace(temporary, target)
    return True


class _SyncedFile(io.BufferedRandom):
    """A file that goes to the disk while it is written. One wait for all of a large file would
    keep Ctrl-C waiting for as long, and takes longer than these together."""

    _unsynced = 0

    def write(self, data: Any, /) -> int:
        written = super().write(data)
        self._unsynced += written
        if self._unsynced >= _UNSYNCED:
            self.sync()
        return written

    def sync(self) -> None:
        """Waits until all that was written is on the disk."""
        self._unsynced = 0
        self.flush()
        os.fsync(self.fileno())


def _lock(file: BinaryIO, temporary: str) -> bool:
    """Locks a file that was just made; False if it was removed before that."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # it is being removed
        return False
    except OSError:  # a file system without locks, where nothing is removed either
        return True
    return os.path.exists(temporary)


def _check_place(path: str, target: str, folder: str) -> None:
    if os.path.isdir(target):
        raise IsADirectoryError(f"cannot save to {path!r}: it is a folder; add a file name")
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"cannot save to {path!r}: its folder does not exist; create it")
    if os.path.exists(target) and not os.path.isfile(target):
        raise OSError(f"cannot save to {path!r}: it is no regular file; choose another path")
    if os.path.exists(target) and not os.access(target, os.W_OK):
        raise PermissionError(f"cannot save to {path!r}: the file there is write-protected")
