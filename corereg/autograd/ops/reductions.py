"""Sums, means, products, moments and extremes over axes.

axis: an axis, several, or None for all; keepdims: whether reduced axes stay, with length 1.
"""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from corereg.autograd.aliases import Axis
from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import (
    array_of,
    as_numpy_axis,
    constant,
    normalize_axes,
    reduced_count,
    restore_axes,
)
from corereg.autograd.tensor import Tensor, apply, tensor


class _Reduction(Op):
    __slots__ = ("axis", "keepdims")

    def __init__(self, axis: Axis, keepdims: bool) -> None:
        self.axis = as_numpy_axis(axis)
        self.keepdims = keepdims

    def dropped(self, out: Any) -> Any:
        """A result with keepdims as it was asked for."""
        return out if self.keepdims else out.squeeze(self.axis)


class Sum(_Reduction):
    __slots__ = ()
    linear = True

    def forward(self, x: Any) -> Any:
        return x.sum(axis=self.axis, keepdims=self.keepdims)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (np.broadcast_to(restore_axes(grad, self.axis, self.keepdims, x.ndim), x.shape),)


class Mean(_Reduction):
    """The sum over axis by the number of elements in each sum."""

    __slots__ = ("count",)
    linear = True

    def forward(self, x: Any) -> Any:
        total = x.sum(axis=self.axis, keepdims=True)
        self.count = reduced_count(x, total)
        return self.dropped(total) / self.count

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        each = restore_axes(grad / self.count, self.axis, self.keepdims, x.ndim)
        return (np.broadcast_to(each, x.shape),)


class Prod(_Reduction):
    """The product over axis. Its derivative is the product of the other elements, made without
    division, so that it is right at zeros too."""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return x.prod(axis=self.axis, keepdims=self.keepdims)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        if not x.ndim:
            return (grad * 1,)
        axes = normalize_axes(self.axis, x.ndim, "prod")
        order = [*(i for i in range(x.ndim) if i not in axes), *axes]
        turned = x.transpose(order)
        flat = turned.reshape((*turned.shape[: x.ndim - len(axes)], -1)) if x.size else turned
        others = products_of_others(flat).reshape(turned.shape) if x.size else turned
        back = sorted(range(x.ndim), key=order.__getitem__)
        return (restore_axes(grad, self.axis, self.keepdims, x.ndim) * others.transpose(back),)


def products_of_others(x: Any) -> Any:
    """Along the last axis the product of all elements but one's own, of an array or a tensor."""
    left, right = x[..., :-1], x[..., :0:-1]
    ones, n, step = np.ones((*x.shape[:-1], 1), x.dtype), x.shape[-1], 1
    left, right = (np.concatenate([ones, side], -1) for side in (left, right))
    while step < n:  # products of 1, 2, 4, ... elements up to here
        pad = np.ones((*x.shape[:-1], step), x.dtype)
        left, right = (
            side * np.concatenate([pad, side[..., :-step]], -1) for side in (left, right)
        )
        step *= 2
    return left * right[..., ::-1]


class Var(_Reduction):
    """The mean of (x - mean)**2, by n - correction in place of n."""

    __slots__ = ("correction",)
    returns_new_arrays = True

    def __init__(self, axis: Axis, keepdims: bool, correction: float) -> None:
        super().__init__(axis, keepdims)
        self.correction = correction

    def forward(self, x: Any) -> Any:
        total = x.sum(axis=self.axis, keepdims=True)
        n = reduced_count(x, total)
        apart = x - total / n
        total = (apart * apart).sum(axis=self.axis, keepdims=True)
        return self.dropped(total) / builtins.max(n - self.correction, 0)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (restore_axes(2 * grad, self.axis, self.keepdims, x.ndim) * self.apart(x),)

    def apart(self, x: Any) -> Any:
        """(x - mean) / (n - correction)"""
        total = x.sum(axis=self.axis, keepdims=True)
        n = reduced_count(x, total)
        return (x - total / n) / builtins.max(n - self.correction, 0)


class Std(Var):
    """The square root of the variance; where it is 0 the derivative is 0."""

    __slots__ = ()

    def forward(self, x: Any) -> Any:
        return np.sqrt(super().forward(x))

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        flat = array_of(out) == 0
        each = np.where(flat, 0, grad) / np.where(flat, 1, out)
        return (restore_axes(each, self.axis, self.keepdims, x.ndim) * self.apart(x),)


class _Extreme(_Reduction):
    """Elements that are equally extreme share the gradient evenly."""

    __slots__ = ()
    returns_new_arrays = True

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        x = array_of(x)
        taken = (x == restore_axes(array_of(out), self.axis, self.keepdims, x.ndim)).astype(x.dtype)
        share = taken / taken.sum(axis=self.axis, keepdims=True)
        return (restore_axes(grad, self.axis, self.keepdims, x.ndim) * share,)


class Max(_Extreme):
    __slots__ = ()

    def forward(self, x: Any) -> Any:
        return x.max(axis=self.axis, keepdims=self.keepdims)


class Min(_Extreme):
    __slots__ = ()

    def forward(self, x: Any) -> Any:
        return x.min(axis=self.axis, keepdims=self.keepdims)


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over axis; 0 where there are no elements.

    >>> ops.sum([[1.0, 2.0], [3.0, 4.0]], axis=0)
    Tensor([4., 6.])
    """
    return apply(Sum(axis, keepdims), tensor(x))


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over axis; NaN where there are no elements.

    >>> x = Tensor([1.0, 2.0, 3.0, 4.0], requires_grad=True)
    >>> ops.mean(x).backward()
    >>> x.grad
    Tensor([0.25, 0.25, 0.25, 0.25])
    """
    return apply(Mean(axis, keepdims), tensor(x))


def prod(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product over axis; 1 where there are no elements. Derivatives are right at zeros too.

    >>> x = Tensor([2.0, 0.0, 3.0], requires_grad=True)
    >>> ops.prod(x).backward()
    >>> x.grad
    Tensor([0., 6., 0.])
    """
    return apply(Prod(axis, keepdims), tensor(x))


def var(x: Any, axis: Axis = None, keepdims: bool = False, correction: float = 0) -> Tensor:
    """The variance over axis: the sum of (x - mean)**2 by (n - correction); NaN unless that is
    positive. correction is 0 as in NumPy and Keras (PyTorch's default is 1).

    >>> ops.var([1.0, 3.0]), ops.var([1.0, 3.0], correction=1)
    (Tensor(1.), Tensor(2.))
    """
    return apply(Var(axis, keepdims, correction), tensor(x))


def std(x: Any, axis: Axis = None, keepdims: bool = False, correction: float = 0) -> Tensor:
    """The standard deviation over axis, the square root of `var`; where it is 0 the derivative
    is 0.

    >>> ops.std([[1.0, 3.0], [2.0, 2.0]], axis=1)
    Tensor([1., 0.])
    """
    return apply(Std(axis, keepdims, correction), tensor(x))


def max(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element over axis, NaN where one is NaN; equal ones share the gradient evenly, as
    in PyTorch's amax. ValueError where there are no elements.

    >>> x = Tensor([1.0, 5.0, 5.0], requires_grad=True)
    >>> ops.max(x).backward()
    >>> x.grad
    Tensor([0. , 0.5, 0.5])
    """
    return apply(Max(axis, keepdims), tensor(x))


def min(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element over axis, as `max`.

    >>> ops.min([[1, 5], [7, 2]], axis=0)
    Tensor([1, 2], dtype=int64)
    """
    return apply(Min(axis, keepdims), tensor(x))


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The place of the largest element along axis (None: in the flattened x), the first of equal
    ones: int64, outside the graph. ValueError where there are no elements.

    >>> ops.argmax([[1, 5], [7, 2]], axis=1)
    Tensor([1, 0], dtype=int64)
    """
    return constant(np.argmax(array_of(tensor(x)), axis, keepdims=keepdims))


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The place of the smallest element, as `argmax`.

    >>> ops.argmin([[1, 5], [7, 2]])
    Tensor(0, dtype=int64)
    """
    return constant(np.argmin(array_of(tensor(x)), axis, keepdims=keepdims))
