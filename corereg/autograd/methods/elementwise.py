"""Arithmetic and limits as methods of Tensor, in PyTorch's words."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import ops
from corereg.autograd.methods.words import one_of
from corereg.autograd.ops.arguments import array_of
from corereg.autograd.tensor import Tensor, tensor


def reversed_power(self: Tensor, other: Any) -> Tensor:
    """other ** self"""
    return ops.power(other, self)


def reversed_floor_divide(self: Tensor, other: Any) -> Tensor:
    """other // self"""
    return ops.floor_divide(other, self)


def reversed_remainder(self: Tensor, other: Any) -> Tensor:
    """other % self"""
    return ops.remainder(other, self)


def add(self: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """self + alpha * other, elementwise; shapes broadcast.

    >>> Tensor([1.0, 2.0]).add([10.0, 20.0], alpha=0.5)
    Tensor([ 6., 12.])
    """
    return ops.add(self, other if alpha == 1 else ops.multiply(other, alpha))


def sub(self: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """self - alpha * other, elementwise; shapes broadcast.

    >>> Tensor([1.0, 2.0]).sub(1)
    Tensor([0., 1.])
    """
    return ops.subtract(self, other if alpha == 1 else ops.multiply(other, alpha))


def mul(self: Tensor, other: Any) -> Tensor:
    """self * other, elementwise; shapes broadcast.

    >>> Tensor([[1.0], [2.0]]).mul(Tensor([3.0, 4.0]))
    Tensor([[3., 4.],
            [6., 8.]])
    """
    return ops.multiply(self, other)


def div(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """self / other, elementwise; shapes broadcast. rounding_mode: None, or "floor" or "trunc", by
    which the quotient becomes a whole number. ValueError for others.

    >>> Tensor([-7, 7]).div(2, rounding_mode="floor")
    Tensor([-4,  3], dtype=int64)
    """
    if rounding_mode is None:
        return ops.divide(self, other)
    if rounding_mode == "floor":
        return ops.floor_divide(self, other)
    if rounding_mode == "trunc":
        whole = ops.trunc(ops.divide(self, other))
        integers = (t.dtype.kind in "iub" for t in (self, tensor(other, self)))
        return ops.astype(whole, np.int64) if all(integers) else whole
    raise ValueError(
        f"Tensor.div: expected rounding_mode None, 'floor' or 'trunc', received {rounding_mode!r}"
    )


def pow(self: Tensor, exponent: Any) -> Tensor:
    """self ** exponent, elementwise: see `corereg.autograd.ops.power`.

    >>> Tensor([1.0, 4.0]).pow(0.5)
    Tensor([1., 2.])
    """
    return ops.power(self, exponent)


def neg(self: Tensor) -> Tensor:
    """-self, elementwise.

    >>> Tensor([1.0, -2.0]).neg()
    Tensor([-1.,  2.])
    """
    return ops.negative(self)


def frac(self: Tensor) -> Tensor:
    """The fractions, each of the sign of its element: self - trunc(self).

    >>> Tensor([-1.5, 2.25]).frac()
    Tensor([-0.5 ,  0.25])
    """
    return ops.subtract(self, ops.trunc(self))


def clamp(self: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """The elements limited to [min, max], numbers or tensors, or None for no limit. ValueError if
    both are None. The derivative at both ends is 1.

    >>> Tensor([-2.0, 0.5, 3.0]).clamp(min=0)
    Tensor([0. , 0.5, 3. ])
    """
    if min is None and max is None:
        raise ValueError("Tensor.clamp: expected min, max or both, received neither")
    return ops.clip(self, min, max)


def clip(
    self: Tensor, low: Any = None, high: Any = None, *, min: Any = None, max: Any = None
) -> Tensor:
    """The elements limited to [low, high], or [min, max]: see `corereg.autograd.ops.clip`.

    >>> Tensor([-2.0, 0.5, 3.0]).clip(0, 1)
    Tensor([0. , 0.5, 1. ])
    """
    return ops.clip(
        self, one_of("clip", low, min, "low and min"), one_of("clip", high, max, "high and max")
    )


def clamp_min(self: Tensor, min: Any) -> Tensor:
    """The elements, and min where they are below it.

    >>> Tensor([-2.0, 0.5]).clamp_min(0)
    Tensor([0. , 0.5])
    """
    return ops.clip(self, min, None)


def clamp_max(self: Tensor, max: Any) -> Tensor:
    """The elements, and max where they are above it.

    >>> Tensor([0.5, 3.0]).clamp_max(1)
    Tensor([0.5, 1. ])
    """
    return ops.clip(self, None, max)


def lerp(self: Tensor, end: Any, weight: Any) -> Tensor:
    """self + weight * (end - self), exactly end where weight is 1.

    >>> Tensor([0.0, 10.0]).lerp(Tensor([4.0, 20.0]), 0.25)
    Tensor([ 1. , 12.5])
    """
    apart = ops.subtract(end, self)
    near = ops.add(self, ops.multiply(apart, weight))
    far = ops.subtract(end, ops.multiply(apart, 1 - weight))
    return ops.where(np.less(np.abs(array_of(weight)), 0.5), near, far)


def addcmul(self: Tensor, tensor1: Any, tensor2: Any, *, value: float = 1) -> Tensor:
    """self + value * tensor1 * tensor2, elementwise; shapes broadcast.

    >>> Tensor([1.0, 1.0]).addcmul(Tensor([2.0, 3.0]), Tensor([4.0, 5.0]), value=0.5)
    Tensor([5. , 8.5])
    """
    return add(self, ops.multiply(tensor1, tensor2), alpha=value)


def addcdiv(self: Tensor, tensor1: Any, tensor2: Any, *, value: float = 1) -> Tensor:
    """self + value * tensor1 / tensor2, elementwise; shapes broadcast.

    >>> Tensor([1.0, 1.0]).addcdiv(Tensor([2.0, 3.0]), Tensor([4.0, 2.0]), value=2)
    Tensor([2., 4.])
    """
    return add(self, ops.divide(tensor1, tensor2), alpha=value)


def where(self: Tensor, condition: Any, other: Any) -> Tensor:
    """The elements where condition is true, those of other elsewhere.

    >>> x = Tensor([-1.0, 2.0])
    >>> x.where(x > 0, 0.0)
    Tensor([0., 2.])
    """
    return ops.where(condition, self, other)


def masked_fill(self: Tensor, mask: Any, value: Any) -> Tensor:
    """value where mask is true, the elements elsewhere, in the tensor's dtype. mask broadcasts.

    >>> Tensor([1.0, 2.0, 3.0]).masked_fill([True, False, True], 0)
    Tensor([0., 2., 0.])
    """
    return ops.where(mask, ops.astype(tensor(value, self), self.dtype), self)


def nan_to_num(
    self: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """nan in the place of NaN, posinf and neginf in that of the infinities (None: the largest and
    the smallest number); those have derivative 0.

    >>> Tensor([1.0, np.nan, np.inf]).nan_to_num(posinf=9.0)
    Tensor([1., 0., 9.])
    """
    most = np.finfo(self.dtype) if self.dtype.kind == "f" else np.iinfo(np.int8)
    high = float(most.max) if posinf is None else posinf
    low = float(most.min) if neginf is None else neginf
    made = masked_fill(masked_fill(self, ops.isnan(self), nan), ops.equal(self, np.inf), high)
    return masked_fill(made, ops.equal(self, -np.inf), low)


def maximum(self: Tensor, other: Any) -> Tensor:
    """The larger of self and other, elementwise; equal ones share the gradient. See
    `corereg.autograd.ops.maximum`.

    >>> Tensor([1.0, 5.0]).maximum(2.0)
    Tensor([2., 5.])
    """
    return ops.maximum(self, other)


def minimum(self: Tensor, other: Any) -> Tensor:
    """The smaller of self and other, elementwise, as `maximum`.

    >>> Tensor([1.0, 5.0]).minimum(2.0)
    Tensor([1., 2.])
    """
    return ops.minimum(self, other)


def fmod(self: Tensor, other: Any) -> Tensor:
    """self - other * trunc(self / other), of the sign of self: see `corereg.autograd.ops.fmod`.

    >>> Tensor([-7, 7]).fmod(3)
    Tensor([-1,  1], dtype=int64)
    """
    return ops.fmod(self, other)


def remainder(self: Tensor, other: Any) -> Tensor:
    """self % other, of the sign of other: see `corereg.autograd.ops.remainder`.

    >>> Tensor([-7, 7]).remainder(3)
    Tensor([2, 1], dtype=int64)
    """
    return ops.remainder(self, other)


def floor_divide(self: Tensor, other: Any) -> Tensor:
    """self // other: see `corereg.autograd.ops.floor_divide`.

    >>> Tensor([-7, 7]).floor_divide(2)
    Tensor([-4,  3], dtype=int64)
    """
    return ops.floor_divide(self, other)


def arctan2(self: Tensor, other: Any) -> Tensor:
    """The angle of the point (other, self): see `corereg.autograd.ops.arctan2`.

    >>> Tensor([1.0]).arctan2(Tensor([1.0])).round(4)
    Tensor([0.7854])
    """
    return ops.arctan2(self, other)


def hypot(self: Tensor, other: Any) -> Tensor:
    """sqrt(self**2 + other**2), without overflow: see `corereg.autograd.ops.hypot`.

    >>> Tensor([3.0]).hypot(Tensor([4.0]))
    Tensor([5.])
    """
    return ops.hypot(self, other)


def logaddexp(self: Tensor, other: Any) -> Tensor:
    """log(e**self + e**other), without overflow: see `corereg.autograd.ops.logaddexp`.

    >>> Tensor([-1000.0]).logaddexp(-1000.0).round(2)
    Tensor([-999.31])
    """
    return ops.logaddexp(self, other)
