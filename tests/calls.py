"""How many functions a call calls: a number that the machine's load leaves alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def calls_of(function: Callable[[], Any]) -> int:
    """Functions of Python and C that a call of this one calls, but for those of the extension,
    which are what it is about."""
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event == "call" or (event == "c_call" and not of_extension(argument))

    sys.setprofile(note)
    try:
        function()
    finally:
        sys.setprofile(None)
    return count


def of_extension(called: Any) -> bool:
    """Whether a function of C, or the object whose method it is, is the extension's."""
    owner = getattr(called, "__self__", None)
    homes = (called, owner, type(owner))
    return any(getattr(home, "__module__", None) == "corereg._kernels" for home in homes)
