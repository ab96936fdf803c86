"""Elements in order as methods of Tensor, with PyTorch's results: values and indices."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import ops
from corereg.autograd.methods.reductions import picked
from corereg.autograd.methods.words import one_of
from corereg.autograd.ops.arguments import array_of, constant, normalize_axis
from corereg.autograd.ops.sorting import Sort, flattened, order_of
from corereg.autograd.tensor import Tensor, apply
from corereg.autograd.values_and_indices import ValuesAndIndices


def sort(
    self: Tensor,
    dim: int | None = None,
    descending: bool = False,
    stable: bool = True,
    *,
    axis: int | None = None,
) -> ValuesAndIndices[Tensor]:
    """(values, indices) in order along dim, or axis (the last one); equal elements keep their
    order, whether stable is asked for or not. `corereg.ops.sort` gives the values alone.

    >>> values, indices = Tensor([3, 1, 2]).sort()
    >>> values, indices
    (Tensor([1, 2, 3], dtype=int64), Tensor([1, 2, 0], dtype=int64))
    """
    along = one_of("sort", dim, axis)
    x, along = flattened(self, -1 if along is None else along, "sort")
    op = Sort(along, descending)
    values, indices = apply(op, x), constant(op.order)
    if not self.ndim:
        return ValuesAndIndices(ops.reshape(values, ()), ops.reshape(indices, ()))
    return ValuesAndIndices(values, indices)


def argsort(
    self: Tensor,
    dim: int | None = None,
    descending: bool = False,
    stable: bool = True,
    *,
    axis: int | None = None,
) -> Tensor:
    """The places of the elements in order along dim, or axis (the last one): int64.

    >>> Tensor([3, 1, 2]).argsort(descending=True)
    Tensor([0, 2, 1], dtype=int64)
    """
    along = one_of("argsort", dim, axis)
    return ops.argsort(self, -1 if along is None else along, descending)


def topk(
    self: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True
) -> ValuesAndIndices[Tensor]:
    """(values, indices) of the k largest (or smallest) elements along dim, in order. ValueError
    unless there are k elements.

    >>> Tensor([1.0, 9.0, 5.0]).topk(2).values
    Tensor([9., 5.])
    """
    axis = normalize_axis(dim, self.ndim, "topk")
    if not 0 <= k <= self.shape[axis]:
        raise ValueError(f"Tensor.topk: expected 0 <= k <= {self.shape[axis]}, received {k}")
    first = (*(slice(None),) * axis, slice(k))
    order = order_of(array_of(self), axis, largest)[first]
    return ValuesAndIndices(ops.take_along_axis(self, order, axis), constant(order))


def kthvalue(
    self: Tensor, k: int, dim: int = -1, keepdim: bool = False
) -> ValuesAndIndices[Tensor]:
    """(values, indices) of the k-th smallest element along dim; k counts from 1. ValueError unless
    there are k elements.

    >>> Tensor([[3.0, 1.0, 2.0]]).kthvalue(2).values
    Tensor([2.])
    """
    axis = normalize_axis(dim, self.ndim, "kthvalue")
    if not 1 <= k <= self.shape[axis]:
        raise ValueError(f"Tensor.kthvalue: expected 1 <= k <= {self.shape[axis]}, received {k}")
    order = order_of(array_of(self), axis, False)
    place = constant(order[(*(slice(None),) * axis, slice(k - 1, k))])
    return picked(self, place, axis, keepdim)


def median(
    self: Tensor, dim: int | None = None, keepdim: bool = False, *, axis: int | None = None
) -> Any:
    """PyTorch's median, of an even number of elements the smaller of the two in the middle: the
    element of all, or (values, indices) along dim. The first NaN, where there is one.
    `corereg.autograd.ops.median` takes the mean of the two, as NumPy and Keras do.

    >>> Tensor([1.0, 9.0, 2.0, 4.0]).median(), corereg.ops.median([1.0, 9.0, 2.0, 4.0])
    (Tensor(2.), Tensor(3.))
    """
    along = one_of("median", dim, axis)
    x, axis = flattened(self, along, "median")
    n = x.shape[axis]
    if not n:
        raise ValueError(f"Tensor.median: expected elements, received shape {self.shape}")
    values = array_of(x)
    order = order_of(values, axis, False)
    unordered = np.isnan(values).sum(axis=axis, keepdims=True)
    at = np.where(unordered > 0, n - unordered, (n - 1) // 2)
    found = picked(x, constant(np.take_along_axis(order, at, axis)), axis, keepdim)
    return ops.reshape(found.values, ()) if along is None else found
