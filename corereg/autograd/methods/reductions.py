"""Sums, extremes and running results as methods of Tensor.

In NumPy's words, by position or with `axis` and `keepdims`, a call means what NumPy's method means.
With `dim` or `keepdim` it means what PyTorch means: `t.max(dim=1)` gives values and indices,
`t.var(dim=1)` divides by n - 1.
"""

from __future__ import annotations

import math
from typing import Any

from corereg.autograd import ops
from corereg.autograd.aliases import Axis
from corereg.autograd.methods.words import one_of, over
from corereg.autograd.ops.arguments import normalize_axis
from corereg.autograd.ops.reductions import Max, Mean, Min, Prod, Std, Sum, Var
from corereg.autograd.tensor import Tensor, apply
from corereg.autograd.values_and_indices import ValuesAndIndices


def sum(
    self: Tensor,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    dtype: Any = None,
    dim: Axis = None,
    keepdim: bool | None = None,
) -> Tensor:
    """The sum over axis (or dim); dtype: what the elements are cast to before.

    >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).sum(axis=1, keepdims=True)
    Tensor([[3.],
            [7.]])
    """
    if dim is not None or keepdim is not None:
        axis, keepdims = over("sum", axis, keepdims, dim, keepdim)
    return apply(Sum(axis, keepdims), self if dtype is None else ops.astype(self, dtype))


def mean(
    self: Tensor,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    dtype: Any = None,
    dim: Axis = None,
    keepdim: bool | None = None,
) -> Tensor:
    """The mean over axis (or dim); dtype as for `sum`.

    >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).mean(dim=0)
    Tensor([2., 3.])
    """
    if dim is not None or keepdim is not None:
        axis, keepdims = over("mean", axis, keepdims, dim, keepdim)
    return apply(Mean(axis, keepdims), self if dtype is None else ops.astype(self, dtype))


def prod(
    self: Tensor,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    dtype: Any = None,
    dim: Axis = None,
    keepdim: bool | None = None,
) -> Tensor:
    """The product over axis (or dim); dtype as for `sum`. Derivatives are right at zeros too.

    >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).prod(1)
    Tensor([ 2., 12.])
    """
    if dim is not None or keepdim is not None:
        axis, keepdims = over("prod", axis, keepdims, dim, keepdim)
    return apply(Prod(axis, keepdims), self if dtype is None else ops.astype(self, dtype))


def var(
    self: Tensor,
    axis: Axis = None,
    keepdims: bool = False,
    correction: float | None = None,
    *,
    dim: Axis = None,
    keepdim: bool | None = None,
    unbiased: bool | None = None,
) -> Tensor:
    """The variance over axis (or dim): the sum of (x - mean)**2 by n - correction.

    correction: None is 0, as in NumPy and Keras, and 1 in a call with dim or keepdim, as in
    PyTorch. unbiased: PyTorch's word for a correction of 1 (True) or 0 (False).

    >>> x = Tensor([1.0, 3.0])
    >>> x.var(0), x.var(dim=0)
    (Tensor(1.), Tensor(2.))
    """
    if dim is not None or keepdim is not None or unbiased is not None:
        correction = correction_of("var", correction, unbiased)
        axis, keepdims = over("var", axis, keepdims, dim, keepdim)
    return apply(Var(axis, keepdims, correction or 0), self)


def std(
    self: Tensor,
    axis: Axis = None,
    keepdims: bool = False,
    correction: float | None = None,
    *,
    dim: Axis = None,
    keepdim: bool | None = None,
    unbiased: bool | None = None,
) -> Tensor:
    """The standard deviation over axis (or dim); arguments as those of `var`.

    >>> Tensor([[1.0, 3.0], [2.0, 2.0]]).std(axis=1)
    Tensor([1., 0.])
    """
    if dim is not None or keepdim is not None or unbiased is not None:
        correction = correction_of("std", correction, unbiased)
        axis, keepdims = over("std", axis, keepdims, dim, keepdim)
    return apply(Std(axis, keepdims, correction or 0), self)


def correction_of(who: str, correction: float | None, unbiased: bool | None) -> float:
    """The correction of a variance in PyTorch's words."""
    word = None if unbiased is None else float(bool(unbiased))
    given = one_of(who, correction, word, "correction and unbiased")
    return 1.0 if given is None else float(given)


def max(
    self: Tensor,
    axis: Any = None,
    keepdims: bool = False,
    *,
    dim: int | None = None,
    keepdim: bool | None = None,
) -> Any:
    """The largest element over axis; equal ones share the gradient.

    ``t.max(dim=1)`` gives (values, indices), as in PyTorch: the first of equal elements is taken,
    and gets the gradient. ``t.max(other)`` is the larger of each two.

    >>> x = Tensor([[1, 5], [7, 2]])
    >>> x.max(1), x.max(dim=1).indices
    (Tensor([5, 7], dtype=int64), Tensor([1, 0], dtype=int64))
    """
    if dim is not None or keepdim is not None:
        return extreme_along("max", self, axis, keepdims, dim, keepdim)
    if isinstance(axis, Tensor):
        return ops.maximum(self, axis)
    return apply(Max(axis, keepdims), self)


def min(
    self: Tensor,
    axis: Any = None,
    keepdims: bool = False,
    *,
    dim: int | None = None,
    keepdim: bool | None = None,
) -> Any:
    """The smallest element over axis, or (values, indices) along dim, as `max`.

    >>> Tensor([[1, 5], [7, 2]]).min(dim=1)
    ValuesAndIndices(values=Tensor([1, 2], dtype=int64), indices=Tensor([0, 1], dtype=int64))
    """
    if dim is not None or keepdim is not None:
        return extreme_along("min", self, axis, keepdims, dim, keepdim)
    if isinstance(axis, Tensor):
        return ops.minimum(self, axis)
    return apply(Min(axis, keepdims), self)


def extreme_along(
    who: str, x: Tensor, axis: Any, keepdims: bool, dim: int | None, keepdim: bool | None
) -> ValuesAndIndices[Tensor]:
    along, keep = over(who, axis, keepdims, dim, keepdim)
    if not isinstance(along, int):
        raise TypeError(f"Tensor.{who}: expected one dim, an integer, received {along}")
    find = ops.argmax if who == "max" else ops.argmin
    return picked(x, find(x, normalize_axis(along, x.ndim, who), keepdims=True), along, keep)


def picked(x: Tensor, indices: Tensor, axis: int, keep: bool) -> ValuesAndIndices[Tensor]:
    """The elements at places along an axis, which have length 1 there."""
    values = ops.take_along_axis(x, indices, axis)
    if keep:
        return ValuesAndIndices(values, indices)
    return ValuesAndIndices(ops.squeeze(values, axis), ops.squeeze(indices, axis))


def amax(
    self: Tensor,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    dim: Axis = None,
    keepdim: bool | None = None,
) -> Tensor:
    """The largest element over axis (or dim); equal ones share the gradient.

    >>> Tensor([[1, 5], [7, 2]]).amax(dim=1)
    Tensor([5, 7], dtype=int64)
    """
    return ops.max(self, *over("amax", axis, keepdims, dim, keepdim))


def amin(
    self: Tensor,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    dim: Axis = None,
    keepdim: bool | None = None,
) -> Tensor:
    """The smallest element over axis (or dim); equal ones share the gradient.

    >>> Tensor([[1, 5], [7, 2]]).amin(dim=1)
    Tensor([1, 2], dtype=int64)
    """
    return ops.min(self, *over("amin", axis, keepdims, dim, keepdim))


def argmax(
    self: Tensor,
    axis: int | None = None,
    keepdims: bool = False,
    *,
    dim: int | None = None,
    keepdim: bool | None = None,
) -> Tensor:
    """The place of the largest element along axis or dim (None: in the flattened tensor), the first
    of equal ones: int64.

    >>> Tensor([[1, 5], [7, 2]]).argmax(dim=1)
    Tensor([1, 0], dtype=int64)
    """
    return ops.argmax(self, *over("argmax", axis, keepdims, dim, keepdim))


def argmin(
    self: Tensor,
    axis: int | None = None,
    keepdims: bool = False,
    *,
    dim: int | None = None,
    keepdim: bool | None = None,
) -> Tensor:
    """The place of the smallest element, as `argmax`.

    >>> Tensor([[1, 5], [7, 2]]).argmin()
    Tensor(0, dtype=int64)
    """
    return ops.argmin(self, *over("argmin", axis, keepdims, dim, keepdim))


def any(
    self: Tensor,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    dim: Axis = None,
    keepdim: bool | None = None,
) -> Tensor:
    """Whether an element over axis (or dim) is true, that is not 0.

    >>> Tensor([[0, 0], [1, 0]]).any(dim=1)
    Tensor([False,  True], dtype=bool)
    """
    return ops.any(self, *over("any", axis, keepdims, dim, keepdim))


def all(
    self: Tensor,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    dim: Axis = None,
    keepdim: bool | None = None,
) -> Tensor:
    """Whether all elements over axis (or dim) are true, that is not 0.

    >>> Tensor([[1, 1], [1, 0]]).all(dim=1)
    Tensor([ True, False], dtype=bool)
    """
    return ops.all(self, *over("all", axis, keepdims, dim, keepdim))


def count_nonzero(self: Tensor, axis: Axis = None, *, dim: Axis = None) -> Tensor:
    """How many elements over axis (or dim) are not 0: int64.

    >>> Tensor([[0, 3], [4, 5]]).count_nonzero(dim=1)
    Tensor([1, 2], dtype=int64)
    """
    return ops.sum(ops.not_equal(self, 0), one_of("count_nonzero", axis, dim))


def logsumexp(
    self: Tensor,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    dim: Axis = None,
    keepdim: bool | None = None,
) -> Tensor:
    """log(sum of e**x) over axis (or dim), without overflow.

    >>> Tensor([1000.0, 1000.0]).logsumexp().round(2)
    Tensor(1000.69)
    """
    return ops.logsumexp(self, *over("logsumexp", axis, keepdims, dim, keepdim))


def norm(
    self: Tensor,
    ord: Any = None,
    axis: Axis = None,
    keepdims: bool = False,
    *,
    p: Any = None,
    dim: Axis = None,
    keepdim: bool | None = None,
) -> Tensor:
    """(sum of |x|**ord)**(1/ord) over axis (or dim); ord, or p: 2 unless given, or "fro", which is
    2. See `corereg.autograd.ops.norm`.

    >>> x = Tensor([[3.0, 4.0], [0.0, 2.0]])
    >>> x.norm(dim=1), x.norm(1, axis=1)
    (Tensor([5., 2.]), Tensor([7., 2.]))
    """
    order = one_of("norm", ord, p, "ord and p")
    order = 2 if order is None or order == "fro" else order
    if not isinstance(order, int | float) or math.isnan(order):
        raise ValueError(f"Tensor.norm: expected a number as p, or 'fro', received {order!r}")
    return ops.norm(self, order, *over("norm", axis, keepdims, dim, keepdim))


def softmax(self: Tensor, axis: int = -1, *, dim: int | None = None, dtype: Any = None) -> Tensor:
    """e**x by its sum along axis (or dim).

    >>> Tensor([[0.0, 0.0], [0.0, 1.0]]).softmax(dim=1).round(4)
    Tensor([[0.5   , 0.5   ],
            [0.2689, 0.7311]])
    """
    x = self if dtype is None else ops.astype(self, dtype)
    return ops.softmax(x, axis if dim is None else dim)


def log_softmax(
    self: Tensor, axis: int = -1, *, dim: int | None = None, dtype: Any = None
) -> Tensor:
    """The logarithm of `softmax`, without overflow.

    >>> Tensor([0.0, 1000.0]).log_softmax()
    Tensor([-1000.,     0.])
    """
    x = self if dtype is None else ops.astype(self, dtype)
    return ops.log_softmax(x, axis if dim is None else dim)


def cumsum(self: Tensor, axis: int | None = None, *, dim: int | None = None) -> Tensor:
    """The sums of all elements up to each along axis, or dim (None: of the flattened tensor).

    >>> Tensor([[1, 2], [3, 4]]).cumsum(dim=1)
    Tensor([[1, 3],
            [3, 7]], dtype=int64)
    """
    return ops.cumsum(self, one_of("cumsum", axis, dim))


def cumprod(self: Tensor, axis: int | None = None, *, dim: int | None = None) -> Tensor:
    """The products of all elements up to each, as `cumsum`.

    >>> Tensor([1, 2, 3, 4]).cumprod(0)
    Tensor([ 1,  2,  6, 24], dtype=int64)
    """
    return ops.cumprod(self, one_of("cumprod", axis, dim))
