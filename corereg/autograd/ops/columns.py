"""Chosen columns of a matrix, by a kernel."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.op import Op
from corereg.autograd.tensor import Tensor, apply

Array = np.ndarray[Any, Any]


class SelectColumns(Op):
    """x[:, index], index of int64 without repetitions. With `back`, the other way: so many columns
    of zeros, but for those of index, which are the columns of x."""

    __slots__ = ("back", "index")
    returns_new_arrays = recordable = linear = True

    def __init__(self, index: Array, back: int = 0) -> None:
        self.index, self.back = index, back

    def forward(self, x: Any) -> Any:
        return _kernels.select_columns(x, self.index, back=self.back)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        back = 0 if self.back else x.shape[1]
        return (_kernels.select_columns(grad, self.index, back=back),)

    def derivative(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        back = 0 if self.back else x.shape[1]
        return (apply(SelectColumns(self.index, back), grad),)


def select_columns(x: Tensor, index: Array) -> Tensor:
    """x[:, index] for x of two dimensions and an index of int64 without repetitions."""
    return apply(SelectColumns(index), x)
