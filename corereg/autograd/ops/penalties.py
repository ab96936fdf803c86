"""The L1/L2 penalty of a weight as an op, for losses by hand; `fit` has it in the update."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.op import Op
from corereg.autograd.tensor import Tensor, apply, tensor


@lru_cache(64)
def _ones(rows: int) -> Any:
    """(rows, 1), shared by all who only read it."""
    return np.ones((rows, 1))


class L1L2Penalty(Op):
    """l1*sum|w| + l2*sum(w*w); gradient l1*sign(w) + 2*l2*w, sign(0) = 0."""

    __slots__ = ("l1", "l2")
    returns_new_arrays = recordable = True

    def __init__(self, l1: float, l2: float) -> None:
        self.l1 = l1
        self.l2 = l2

    def forward(self, w: Any) -> Any:
        if not w.flags.c_contiguous or not w.flags.writeable:
            w = _kernels.plain_array(_kernels.array_in_op(w).copy())
        segments = _kernels.Segments([w], l1=[self.l1], l2=[self.l2])
        sums = np.empty((1, segments.blocks))
        _kernels.penalty(segments, sums)
        total = _kernels.dense_forward(sums, _ones(segments.blocks))  # their sum
        if w.dtype != total.dtype:
            cast = np.empty((1, 1), w.dtype)
            _kernels.gather_rows(total, cast)
            total = cast
        return total.reshape(())

    def backward(self, grad: Any, out: Any, w: Any) -> tuple[Any, ...]:
        return (_kernels.penalty_backward(w, self.l1, self.l2, grad),)

    def derivative(self, grad: Any, out: Any, w: Any) -> tuple[Any, ...]:
        return (grad * (self.l1 * np.sign(w) + 2 * self.l2 * w),)


def l1_l2_penalty(w: Any, l1: float = 0.0, l2: float = 0.0) -> Tensor:
    """l1*sum|w| + l2*sum(w*w), a scalar.

    >>> w = Tensor([[1.0, -2.0]], requires_grad=True)
    >>> ops.l1_l2_penalty(w, l1=0.5, l2=0.25).backward()
    >>> w.grad
    Tensor([[ 1. , -1.5]])
    """
    return apply(L1L2Penalty(l1, l2), tensor(w))
