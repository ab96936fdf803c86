"""What PyTorch's methods along one axis give."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")


class ValuesAndIndices(NamedTuple, Generic[T]):
    """What PyTorch's methods with `dim` give: the elements, and their places along it (int64)."""

    values: T
    indices: T
