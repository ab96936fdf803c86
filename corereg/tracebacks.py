"""Tracebacks of errors about the user's data and arguments, without the frames between the user's
line and the check that failed.

What a user calls catches what is raised below it, and ends in ``shorten(error); raise``: this costs
nothing as long as nothing is raised. `corereg.config.disable_traceback_filtering()` or the
environment variable COREREG_FULL_TRACEBACKS=1 keep all frames.
"""

from __future__ import annotations

from itertools import pairwise
from types import TracebackType

from corereg import config


def shorten(error: BaseException) -> None:
    """Takes the frames of this package but that which raises out of the traceback of an error that
    it raised on purpose, and of the errors that led to it. Frames of others stay, and so does all
    of an error that nobody raised on purpose, which is a fault that somebody has to find.

    The frame that called this is taken out, too: a bare `raise` does not enter it again."""
    if not config.is_traceback_filtering_enabled():
        return
    seen: set[int] = set()
    found: BaseException | None = error
    while found is not None and id(found) not in seen:
        seen.add(id(found))
        if found.__traceback__ is not None:
            _shorten(found, found.__traceback__)
        found = found.__cause__ or (None if found.__suppress_context__ else found.__context__)


def _shorten(error: BaseException, first: TracebackType) -> None:
    frames = [first]
    while frames[-1].tb_next is not None:
        frames.append(frames[-1].tb_next)
    if not _on_purpose(error, frames[-1]):
        return
    kept = [frame for frame in frames[:-1] if not _is_own(frame)] + frames[-1:]
    for frame, following in pairwise(kept):
        if frame.tb_next is not following:
            frame.tb_next = following
    error.__traceback__ = kept[0]


def _is_own(frame: TracebackType) -> bool:
    name = frame.tb_frame.f_globals.get("__name__", "")
    return isinstance(name, str) and name.split(".", 1)[0] == "corereg"


def _on_purpose(error: BaseException, last: TracebackType) -> bool:
    """Whether a `raise` of this package made the error. Compiled code has no instructions to look
    at: there it is said by the kind of error."""
    if not _is_own(last):
        return False
    code = last.tb_frame.f_code.co_code
    if last.tb_frame.f_globals.get("__name__") == "corereg._kernels":
        return isinstance(error, TypeError | ValueError)
    from opcode import opname

    return opname[code[last.tb_lasti]] in ("RAISE_VARARGS", "RERAISE")
