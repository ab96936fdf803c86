"""The `__repr__` of objects. What they say is made by corereg/representation.py, which is imported
when one of them is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def as_call(part: Any) -> str:
    """A `__repr__`: the call that makes an object."""
    from corereg.representation import shown_as_call

    return shown_as_call(part)


def as_words(tell: Callable[[Any], str]) -> Callable[[Any], str]:
    """A `__repr__`: `<Class and what tell says of the object>`."""

    def __repr__(self: Any) -> str:
        from corereg.representation import shown_in_words

        return shown_in_words(self, tell)

    return __repr__


def counted(number: int, what: str) -> str:
    """1 epoch, 2 epochs."""
    return f"{number} {what}{'' if number == 1 else 's'}"
