"""Running sums and products along an axis, and elements rolled along axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd.aliases import Axis
from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import as_numpy_axis, normalize_axes, normalize_axis
from corereg.autograd.ops.shaping import Reshape
from corereg.autograd.tensor import Tensor, apply, tensor


class CumSum(Op):
    """Running sums; axis counts from 0."""

    __slots__ = ("axis",)
    returns_new_arrays = linear = True

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return np.cumsum(x, self.axis)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        back = (*(slice(None),) * self.axis, slice(None, None, -1))
        return (np.cumsum(grad[back], self.axis)[back],)


class CumProd(Op):
    """Running products; axis counts from 0. The derivative is made without division, so that it is
    right at zeros too."""

    __slots__ = ("axis",)
    returns_new_arrays = True

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return np.multiply.accumulate(x, self.axis)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        if not x.shape[self.axis]:
            return (grad * x,)
        grad, out, x = (g.swapaxes(self.axis, -1) for g in (grad, out, x))
        one = np.ones((*x.shape[:-1], 1), x.dtype)
        before = np.concatenate([one, out[..., :-1]], -1)
        made = before * sums_of_products(grad, x)
        return (made.swapaxes(self.axis, -1),)


def sums_of_products(grad: Any, x: Any) -> Any:
    """Along the last axis, s[k] = grad[k] + x[k+1] * s[k+1], of arrays or tensors: in log2(n)
    steps, each of which doubles how many terms are summed."""
    zero, n, step = np.zeros((*x.shape[:-1], 1), x.dtype), x.shape[-1], 1
    total, factor = grad, np.concatenate([x[..., 1:], zero], -1)
    while step < n:
        pad = np.zeros((*x.shape[:-1], step), x.dtype)
        total = total + factor * np.concatenate([total[..., step:], pad], -1)
        factor = factor * np.concatenate([factor[..., step:], pad], -1)
        step *= 2
    return total


class Roll(Op):
    """Elements moved along axes, round from the end to the beginning."""

    __slots__ = ("axis", "shift")
    returns_new_arrays = linear = True

    def __init__(self, shift: Any, axis: Axis) -> None:
        self.shift = shift
        self.axis = as_numpy_axis(axis)

    def forward(self, x: Any) -> Any:
        return np.roll(x, self.shift, self.axis)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        back = tuple(-n for n in self.shift) if isinstance(self.shift, tuple) else -self.shift
        return (np.roll(grad, back, self.axis),)


def cumsum(x: Any, axis: int | None = None) -> Tensor:
    """The sums of all elements up to each along an axis (None: of the flattened x).

    >>> ops.cumsum([[1, 2], [3, 4]], axis=1)
    Tensor([[1, 3],
            [3, 7]], dtype=int64)
    """
    x = tensor(x)
    if axis is None:
        x, axis = apply(Reshape(-1), x), 0
    return apply(CumSum(normalize_axis(axis, x.ndim, "cumsum")), x)


def cumprod(x: Any, axis: int | None = None) -> Tensor:
    """The products of all elements up to each along an axis (None: of the flattened x). Derivatives
    are right at zeros too.

    >>> ops.cumprod([1, 2, 3, 4])
    Tensor([ 1,  2,  6, 24], dtype=int64)
    """
    x = tensor(x)
    if axis is None:
        x, axis = apply(Reshape(-1), x), 0
    return apply(CumProd(normalize_axis(axis, x.ndim, "cumprod")), x)


def roll(x: Any, shift: int | Sequence[int], axis: Axis = None) -> Tensor:
    """x with its elements moved by shift along axis, those beyond the end to the beginning; axis
    None: as if x were flat. Several axes with one shift each, or one for all; ValueError if there
    are not as many.

    >>> ops.roll(Tensor([1, 2, 3, 4]), 1)
    Tensor([4, 1, 2, 3], dtype=int64)
    """
    x = tensor(x)
    if axis is not None:
        axis = normalize_axes(axis, x.ndim, "roll") if isinstance(axis, Sequence) else axis
        axis = axis if isinstance(axis, Sequence) else normalize_axis(axis, x.ndim, "roll")
    shifts = tuple(map(int, shift)) if isinstance(shift, Sequence) else int(shift)
    if isinstance(shifts, tuple) and (not isinstance(axis, Sequence) or len(axis) != len(shifts)):
        raise ValueError(f"roll: expected an axis for each shift, received {shift} and {axis}")
    return apply(Roll(shifts, axis), x)
