"""Arithmetic, limits, comparisons and products as methods of Tensor, in PyTorch's words."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import ops
from corereg.autograd.methods.words import one_of
from corereg.autograd.ops.arguments import array_of, as_floats, constant
from corereg.autograd.tensor import Tensor, tensor

COMPARABLE = (Tensor, int, float, np.ndarray, np.generic, list, tuple)


def is_equal(self: Tensor, other: Any) -> Tensor:
    """self == other, elementwise: of bools."""
    return ops.equal(self, other) if isinstance(other, COMPARABLE) else NotImplemented


def is_not_equal(self: Tensor, other: Any) -> Tensor:
    """self != other, elementwise: of bools."""
    return ops.not_equal(self, other) if isinstance(other, COMPARABLE) else NotImplemented


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
    """self + alpha * other"""
    return ops.add(self, other if alpha == 1 else ops.multiply(other, alpha))


def sub(self: Tensor, other: Any, *, alpha: float = 1) -> Tensor:
    """self - alpha * other"""
    return ops.subtract(self, other if alpha == 1 else ops.multiply(other, alpha))


def mul(self: Tensor, other: Any) -> Tensor:
    """self * other"""
    return ops.multiply(self, other)


def div(self: Tensor, other: Any, *, rounding_mode: str | None = None) -> Tensor:
    """self / other; rounding_mode: "floor" or "trunc", how the quotient is made whole."""
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
    """self ** exponent"""
    return ops.power(self, exponent)


def neg(self: Tensor) -> Tensor:
    """-self"""
    return ops.negative(self)


def frac(self: Tensor) -> Tensor:
    """What trunc takes away: self - trunc(self)."""
    return ops.subtract(self, ops.trunc(self))


def clamp(self: Tensor, min: Any = None, max: Any = None) -> Tensor:
    """The elements limited to [min, max], numbers or tensors or None."""
    if min is None and max is None:
        raise ValueError("Tensor.clamp: expected min, max or both, received neither")
    return ops.clip(self, min, max)


def clip(
    self: Tensor, low: Any = None, high: Any = None, *, min: Any = None, max: Any = None
) -> Tensor:
    """The elements limited to [low, high], or [min, max]: see `corereg.autograd.ops.clip`."""
    return ops.clip(
        self, one_of("clip", low, min, "low and min"), one_of("clip", high, max, "high and max")
    )


def clamp_min(self: Tensor, min: Any) -> Tensor:
    """The elements, and min where they are below it."""
    return ops.clip(self, min, None)


def clamp_max(self: Tensor, max: Any) -> Tensor:
    """The elements, and max where they are above it."""
    return ops.clip(self, None, max)


def lerp(self: Tensor, end: Any, weight: Any) -> Tensor:
    """self + weight * (end - self), exactly end where weight is 1."""
    apart = ops.subtract(end, self)
    near = ops.add(self, ops.multiply(apart, weight))
    far = ops.subtract(end, ops.multiply(apart, 1 - weight))
    return ops.where(np.less(np.abs(array_of(weight)), 0.5), near, far)


def addcmul(self: Tensor, tensor1: Any, tensor2: Any, *, value: float = 1) -> Tensor:
    """self + value * tensor1 * tensor2"""
    return add(self, ops.multiply(tensor1, tensor2), alpha=value)


def addcdiv(self: Tensor, tensor1: Any, tensor2: Any, *, value: float = 1) -> Tensor:
    """self + value * tensor1 / tensor2"""
    return add(self, ops.divide(tensor1, tensor2), alpha=value)


def where(self: Tensor, condition: Any, other: Any) -> Tensor:
    """The elements where condition is true, those of other elsewhere."""
    return ops.where(condition, self, other)


def masked_fill(self: Tensor, mask: Any, value: Any) -> Tensor:
    """value where mask is true, the elements elsewhere, in the tensor's dtype."""
    return ops.where(mask, ops.astype(tensor(value, self), self.dtype), self)


def nan_to_num(
    self: Tensor, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """nan in the place of NaN, posinf and neginf in that of the infinities (None: the largest and
    the smallest number); those have derivative 0."""
    most = np.finfo(self.dtype) if self.dtype.kind == "f" else np.iinfo(np.int8)
    high = float(most.max) if posinf is None else posinf
    low = float(most.min) if neginf is None else neginf
    made = masked_fill(masked_fill(self, ops.isnan(self), nan), ops.equal(self, np.inf), high)
    return masked_fill(made, ops.equal(self, -np.inf), low)


def eq(self: Tensor, other: Any) -> Tensor:
    """self == other, elementwise"""
    return ops.equal(self, other)


def ne(self: Tensor, other: Any) -> Tensor:
    """self != other, elementwise"""
    return ops.not_equal(self, other)


def lt(self: Tensor, other: Any) -> Tensor:
    """self < other, elementwise"""
    return ops.less(self, other)


def le(self: Tensor, other: Any) -> Tensor:
    """self <= other, elementwise"""
    return ops.less_equal(self, other)


def gt(self: Tensor, other: Any) -> Tensor:
    """self > other, elementwise"""
    return ops.greater(self, other)


def ge(self: Tensor, other: Any) -> Tensor:
    """self >= other, elementwise"""
    return ops.greater_equal(self, other)


def isclose(
    self: Tensor, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether |self - other| <= atol + rtol * |other|, elementwise."""
    a, b = array_of(self), array_of(tensor(other, self))
    near = np.less_equal(np.abs(np.subtract(a, b)), atol + rtol * np.abs(b)) & np.isfinite(b)
    near = near | np.equal(a, b)
    return constant(near | (np.isnan(a) & np.isnan(b)) if equal_nan else near)


def allclose(
    self: Tensor, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether all elements are close to those of other, see `isclose`: a Python bool."""
    return bool(ops.all(isclose(self, other, rtol, atol, equal_nan)))


def equal(self: Tensor, other: Any) -> bool:
    """Whether both have one shape and the same elements: a Python bool. `==` and `eq` compare
    elements."""
    return self.shape == tensor(other).shape and bool(ops.all(ops.equal(self, other)))


def maximum(self: Tensor, other: Any) -> Tensor:
    """See `corereg.autograd.ops.maximum`."""
    return ops.maximum(self, other)


def minimum(self: Tensor, other: Any) -> Tensor:
    """See `corereg.autograd.ops.minimum`."""
    return ops.minimum(self, other)


def fmod(self: Tensor, other: Any) -> Tensor:
    """See `corereg.autograd.ops.fmod`."""
    return ops.fmod(self, other)


def remainder(self: Tensor, other: Any) -> Tensor:
    """self % other: see `corereg.autograd.ops.remainder`."""
    return ops.remainder(self, other)


def floor_divide(self: Tensor, other: Any) -> Tensor:
    """self // other: see `corereg.autograd.ops.floor_divide`."""
    return ops.floor_divide(self, other)


def arctan2(self: Tensor, other: Any) -> Tensor:
    """The angle of the point (other, self): see `corereg.autograd.ops.arctan2`."""
    return ops.arctan2(self, other)


def hypot(self: Tensor, other: Any) -> Tensor:
    """See `corereg.autograd.ops.hypot`."""
    return ops.hypot(self, other)


def logaddexp(self: Tensor, other: Any) -> Tensor:
    """See `corereg.autograd.ops.logaddexp`."""
    return ops.logaddexp(self, other)


def logical_and(self: Tensor, other: Any) -> Tensor:
    """Whether both are true, that is not 0."""
    return ops.logical_and(self, other)


def logical_or(self: Tensor, other: Any) -> Tensor:
    """Whether one or both are true, that is not 0."""
    return ops.logical_or(self, other)


def logical_xor(self: Tensor, other: Any) -> Tensor:
    """Whether one is true, that is not 0, and the other is not."""
    return ops.logical_xor(self, other)


# ---- products -----------------------------------------------------------------------------------


def matmul(self: Tensor, other: Any) -> Tensor:
    """See `corereg.autograd.ops.matmul`."""
    return ops.matmul(self, other)


def outer(self: Tensor, other: Any) -> Tensor:
    """See `corereg.autograd.ops.outer`."""
    return ops.outer(self, other)


def of_axes(who: str, a: Tensor, b: Any, first: int, second: int) -> Tensor:
    """a @ b, for operands of so many axes."""
    b = as_floats(b, f"Tensor.{who}") if not isinstance(b, Tensor) else b
    if (a.ndim, b.ndim) != (first, second):
        raise ValueError(
            f"Tensor.{who}: expected tensors of {first} and {second} axes, received shapes "
            f"{a.shape} and {b.shape}; matmul (@) takes all of them"
        )
    return ops.matmul(a, b)


def mm(self: Tensor, mat2: Any) -> Tensor:
    """The product of two matrices: (m, k) by (k, n)."""
    return of_axes("mm", self, mat2, 2, 2)


def bmm(self: Tensor, mat2: Any) -> Tensor:
    """The products of stacks of matrices: (b, m, k) by (b, k, n)."""
    return of_axes("bmm", self, mat2, 3, 3)


def mv(self: Tensor, vec: Any) -> Tensor:
    """The product of a matrix (m, k) and a vector (k,)."""
    return of_axes("mv", self, vec, 2, 1)


def dot(self: Tensor, other: Any) -> Tensor:
    """The sum of the products of two vectors' elements. Matrices too are multiplied, as NumPy's
    method does."""
    other = tensor(other, self)
    if not self.ndim or not other.ndim:
        return ops.multiply(self, other)
    return of_axes("dot", self, other, min(self.ndim, 2), min(other.ndim, 2))


def addmm(self: Tensor, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * self + alpha * mat1 @ mat2"""
    product = of_axes("addmm", tensor(mat1), mat2, 2, 2)
    return add(self if beta == 1 else ops.multiply(self, beta), product, alpha=alpha)
