"""Names as Keras forms them: a class in snake_case, with a number from the second of a kind on."""

from __future__ import annotations

from functools import lru_cache

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
