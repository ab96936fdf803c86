"""Parameter: a tensor that training changes in place."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.aliases import Array
from corereg.autograd.tensor import Tensor

Penalty = Callable[[Any], Any]  # from a tensor to a tensor of one element

_names = itertools.count()


class Parameter(Tensor):
    """A named leaf that training changes: its array and its gradient's stay where they are.

    data: float32 or float64, as for Tensor, copied to memory that begins at a cache line.
    regularizer: a function, as those of `corereg.regularizers`, whose penalty belongs to the
        parameter, or None. trainable: False freezes it: no update, no penalty.
    """

    __slots__ = ("name", "regularizer")

    def __init__(
        self, data: Any, name: str | None = None, regularizer: Penalty | None = None
    ) -> None:
        super().__init__(data, requires_grad=True)
        self.data = aligned(self.data)
        self.name = name or f"parameter_{next(_names)}"
        self.regularizer = regularizer
        self.buffer = aligned(np.zeros_like(self.data))

    @property
    def trainable(self) -> bool:
        return self.requires_grad

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self.requires_grad = bool(value)
        if not value:
            self._grad = None

    def assign(self, value: Any) -> None:
        """Overwrites the values in place: value of the same shape, cast to the same dtype."""
        array = np.asarray(value.data if isinstance(value, Tensor) else value)
        if array.shape != self.shape:
            raise ValueError(
                f"Parameter {self.name!r}: expected a value of shape {self.shape}, received "
                f"{array.shape}"
            )
        if array.dtype.kind not in "fiub":
            raise TypeError(
                f"Parameter {self.name!r}: expected numbers, received dtype {array.dtype}"
            )
        np.copyto(self.data, array, casting="unsafe")
        self.changed()

    def __reduce__(self) -> tuple[Any, ...]:
        return _parameter, (self.data, self.name, self.regularizer, self.trainable)


def _parameter(data: Array, name: str, regularizer: Any, trainable: bool) -> Parameter:
    made = Parameter(data, name, regularizer)
    made.trainable = trainable
    return made


def aligned(array: Array) -> Array:
    """A contiguous copy that begins at a multiple of 64 bytes, a cache line."""
    with _kernels.CacheLines():
        return np.array(array, order="C")
