"""Array: where the C code finds what flows through a network."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

REAL = "$real"
INTEGERS = ("int32_t", "int64_t")


class Buffer:
    """A part of the workspace, from the first statement that uses it to the last one."""

    __slots__ = ("first", "kind", "last", "name", "place", "size")

    def __init__(self, name: str, kind: str, size: int) -> None:
        self.name, self.kind, self.size = name, kind, size
        self.first: int | None = None
        self.last = self.place = 0


class Array:
    """The numbers of one row: name is a pointer in C to as many as shape says, of a kind: "$real",
    "int32_t" or "int64_t". buffer: where in the workspace they are, if they are there."""

    __slots__ = ("buffer", "kind", "name", "shape")

    def __init__(
        self, name: str, kind: str, shape: tuple[int, ...], buffer: Buffer | None = None
    ) -> None:
        self.name, self.kind, self.shape, self.buffer = name, kind, shape, buffer

    @property
    def size(self) -> int:
        """How many numbers."""
        return prod(self.shape)

    def reshaped(self, shape: tuple[int, ...]) -> Array:
        """The same numbers in another shape."""
        return Array(self.name, self.kind, shape, self.buffer)


def kind_of(dtype: Any) -> str:
    """What holds numbers of a dtype of NumPy."""
    found = np.dtype(dtype)
    if found.kind == "f":
        return REAL
    narrow = found.kind == "b" or found.itemsize < (4 if found.kind == "u" else 8)
    return "int32_t" if narrow else "int64_t"
