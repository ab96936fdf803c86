"""Elements in order along an axis: sort, argsort, top_k, median.

Equal elements keep their order, ascending and descending, and NaN counts as larger than all
numbers. The gradient of an element goes where it comes from.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd.aliases import Axis
from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import array_of, constant, normalize_axes, normalize_axis
from corereg.autograd.ops.indexing import Getitem, take_along_axis
from corereg.autograd.ops.reductions import mean
from corereg.autograd.ops.selection import where
from corereg.autograd.ops.shaping import Reshape, Transpose
from corereg.autograd.tensor import Tensor, apply, tensor


class Sort(Op):
    """The elements in order along an axis, which counts from 0."""

    __slots__ = ("axis", "descending", "order")
    returns_new_arrays = linear = True

    def __init__(self, axis: int, descending: bool) -> None:
        self.axis = axis
        self.descending = descending

    def forward(self, x: Any) -> Any:
        self.order = order_of(x, self.axis, self.descending)
        return np.take_along_axis(x, self.order, self.axis)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        back = np.argsort(self.order, self.axis, kind="stable")
        return (np.take_along_axis(grad, back, self.axis),)


def order_of(x: Any, axis: int, descending: bool) -> Any:
    """The places of an array's elements in order; equal ones keep theirs."""
    if not descending:
        return np.argsort(x, axis, kind="stable")
    back = np.flip(np.argsort(np.flip(x, axis), axis, kind="stable"), axis)
    return x.shape[axis] - 1 - back


def flattened(x: Any, axis: int | None, who: str) -> tuple[Tensor, int]:
    """x as a tensor, flattened if axis is None, and the axis counted from 0. A tensor of no axes
    has one here."""
    x = tensor(x)
    if axis is None or (not x.ndim and axis in (0, -1)):
        return apply(Reshape(-1), x), 0
    return x, normalize_axis(axis, x.ndim, who)


def sort(x: Any, axis: int | None = -1, descending: bool = False) -> Tensor:
    """x in ascending order along an axis (None: of the flattened x), or in descending order.

    >>> ops.sort([3, 1, 2], descending=True)
    Tensor([3, 2, 1], dtype=int64)
    """
    like, (x, axis) = tensor(x), flattened(x, axis, "sort")
    made = apply(Sort(axis, descending), x)
    return made if like.ndim else apply(Reshape(like.shape), made)


def argsort(x: Any, axis: int | None = -1, descending: bool = False) -> Tensor:
    """The places along an axis of the elements in their order (None: of the flattened x): int64,
    outside the graph. Equal elements keep theirs.

    >>> ops.argsort([3, 1, 2])
    Tensor([1, 2, 0], dtype=int64)
    """
    like, (x, axis) = tensor(x), flattened(x, axis, "argsort")
    made = constant(order_of(array_of(x), axis, descending))
    return made if like.ndim else apply(Reshape(like.shape), made)


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """(values, places) of the k largest elements along the last axis, the largest first, whether
    sorted is asked for or not; places are int64. ValueError unless the axis has k elements.

    >>> ops.top_k([1.0, 9.0, 5.0], 2)
    (Tensor([9., 5.]), Tensor([1, 2], dtype=int64))
    """
    x = tensor(x)
    if not x.ndim or not 0 <= k <= x.shape[-1]:
        raise ValueError(f"top_k: expected 0 <= k <= the last length of {x.shape}, received k={k}")
    order = order_of(array_of(x), x.ndim - 1, True)[..., :k]
    return take_along_axis(x, order, -1), constant(order)


def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The median over axis: of an even number of elements the mean of the two in the middle, NaN
    where an element is NaN. ValueError where there are no elements.

    >>> ops.median([[1.0, 9.0, 2.0, 4.0]], axis=1)
    Tensor([3.])
    """
    x = tensor(x)
    axes = normalize_axes(axis, x.ndim, "median")
    others = [i for i in range(x.ndim) if i not in axes]
    shape = [x.shape[i] for i in others]
    kept = [1 if i in axes else n for i, n in enumerate(x.shape)]
    n = x.size // max(int(np.prod(shape)), 1) if x.size else 0
    if not n:
        raise ValueError(f"median: expected elements, received shape {x.shape} and axis {axis}")
    flat = apply(Reshape((*shape, n)), apply(Transpose([*others, *axes]), x))
    ordered = apply(Sort(len(shape), False), flat)
    middle = mean(apply(Getitem((..., slice((n - 1) // 2, n // 2 + 1))), ordered), -1)
    last = apply(Getitem((..., n - 1)), ordered)
    made = where(np.isnan(array_of(last)), last, middle) if x.dtype.kind == "f" else middle
    return apply(Reshape(kept), made) if keepdims else made
