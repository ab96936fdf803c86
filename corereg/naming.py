"""Names as Keras forms them, a class in snake_case, with a number from the second of a kind on; and
how objects show themselves."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

_counts: dict[str, int] = {}


def unique_name(kind: str) -> str:
    """dense, dense_1, dense_2, ... in the order in which they are made."""
    n = _counts.get(kind, 0)
    _counts[kind] = n + 1
    return f"{kind}_{n}" if n else kind


def count_of(kind: str) -> int:
    """How often this has been asked for, from 1."""
    _counts[kind] = _counts.get(kind, 0) + 1
    return _counts[kind]


def restart() -> None:
    """Begins counting anew."""
    _counts.clear()


@lru_cache(256)
def snake_case(name: str) -> str:
    """BigDense -> big_dense, LeakyReLU -> leaky_re_lu, AUC -> auc, MeanIoU -> mean_io_u."""
    letters = [c for c in name if c.isalnum() or c == "_"]
    found = ""
    for before, c, behind in zip(["", *letters], letters, [*letters[1:], ""], strict=False):
        begins = "A" <= c <= "Z" and ("a" <= before <= "z" or "a" <= behind <= "z")
        found += f"_{c}" if before and begins else c
    return found.lower()


def unused_name(name: str, taken: set[str]) -> str:
    """The name, or with the first number that makes it new: mse, mse_1; it is taken then."""
    found, number = name, 0
    while found in taken:
        number += 1
        found = f"{name}_{number}"
    taken.add(found)
    return found


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
