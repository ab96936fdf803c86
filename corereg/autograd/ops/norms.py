"""Norms of vectors, and the log of a sum of exponentials."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from corereg.autograd.aliases import Axis
from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import (
    array_of,
    as_floats,
    as_numpy_axis,
    restore_axes,
)
from corereg.autograd.tensor import Tensor, apply


class Norm(Op):
    """(sum of |x|**ord)**(1/ord) over axis; ord 0 counts what is not 0, infinity and -infinity take
    the largest and the smallest |x|. Where the norm is 0 the derivative is 0."""

    __slots__ = ("axis", "keepdims", "ord")
    returns_new_arrays = True

    def __init__(self, ord: float, axis: Axis, keepdims: bool) -> None:
        self.ord = ord
        self.axis = as_numpy_axis(axis)
        self.keepdims = keepdims

    def forward(self, x: Any) -> Any:
        over = {"axis": self.axis, "keepdims": self.keepdims}
        if self.ord == 2:
            return np.sqrt((x * x).sum(**over))
        size = np.abs(x)
        if self.ord == 1:
            return size.sum(**over)
        if self.ord == 0:
            return (x != 0).sum(**over, dtype=x.dtype)
        if self.ord == math.inf:
            return size.max(**over, initial=0)
        if self.ord == -math.inf:
            return size.min(**over)
        return np.power((size**self.ord).sum(**over), 1 / self.ord)  # a scalar has another **

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        grad, out = (restore_axes(g, self.axis, self.keepdims, x.ndim) for g in (grad, out))
        if self.ord == 0:
            return (np.zeros(x.shape, x.dtype),)
        if self.ord == 1:
            return (grad * np.sign(x),)
        if math.isinf(self.ord):
            size, extreme = np.abs(array_of(x)), array_of(out)
            taken = size == extreme
            share = taken / taken.sum(axis=self.axis, keepdims=True, dtype=x.dtype)
            return (grad * (np.sign(array_of(x)) * share),)
        none = array_of(out) == 0
        scale = np.where(none, 0, grad) / np.where(none, 1, out) ** (self.ord - 1)
        if self.ord == 2:
            return (scale * x,)
        if self.ord > 2:
            return (scale * (x * np.abs(x) ** (self.ord - 2)),)
        zero = array_of(x) == 0
        size = np.abs(np.where(zero, 1, x))
        return (np.where(zero, 0, scale * (np.sign(x) * size ** (self.ord - 1))),)


class LogSumExp(Op):
    """log(sum of e**x) over axis, without overflow."""

    __slots__ = ("axis", "keepdims")
    returns_new_arrays = True

    def __init__(self, axis: Axis, keepdims: bool) -> None:
        self.axis = as_numpy_axis(axis)
        self.keepdims = keepdims

    def forward(self, x: Any) -> Any:
        top = x.max(axis=self.axis, keepdims=True, initial=-np.inf)
        top = np.where(np.isfinite(top), top, 0)
        with np.errstate(divide="ignore", over="ignore"):  # of nothing; beside infinity
            out = np.log(np.exp(x - top).sum(axis=self.axis, keepdims=True)) + top
        return out if self.keepdims else out.squeeze(self.axis)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        grad, out = (restore_axes(g, self.axis, self.keepdims, x.ndim) for g in (grad, out))
        return (grad * np.exp(x - out),)


def norm(x: Any, ord: float = 2, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The norm of the vectors along axis (None: of all elements as one vector, of any shape):
    (sum of |x|**ord) ** (1/ord).

    ord: a number; 0 counts the elements that are not 0, infinity gives the largest |x|, -infinity
    the smallest. Corners as PyTorch's vector_norm: where the norm is 0 the derivative is 0, equally
    large |x| share the gradient of ord infinity evenly, and ord 0 has derivative 0.

    >>> x = Tensor([3.0, 4.0], requires_grad=True)
    >>> length = ops.norm(x)
    >>> length.backward()
    >>> length.item(), x.grad.round(4)
    (5.0, Tensor([0.6, 0.8]))
    """
    if not isinstance(ord, numbers.Real):
        raise TypeError(f"norm: expected ord as a number, received {ord!r:.60}")
    return apply(Norm(ord, axis, keepdims), as_floats(x, "norm"))


def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(sum of e**x) over axis, right also where e**x overflows; -infinity where there are no
    elements.

    >>> ops.logsumexp([1000.0, 1000.0]).round(2)
    Tensor(1000.69)
    """
    return apply(LogSumExp(axis, keepdims), as_floats(x, "logsumexp"))
