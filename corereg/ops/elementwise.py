"""Functions of one element: absolute values, powers and roots, exponentials, sines, rounding."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.autograd.ops.arguments import array_of, constant
from corereg.ops.operands import as_float, as_int, as_tensor, keras_op, promoted


@keras_op
def abs(x: Any) -> Tensor:
    """|x|; the derivative at 0 is 0. Also called `absolute`."""
    x = as_tensor(x)
    return x if x.dtype == bool else ops.abs(x)


@keras_op
def absolute(x: Any) -> Tensor:
    """|x|: see `abs`."""
    x = as_tensor(x)
    return x if x.dtype == bool else ops.abs(x)


@keras_op
def fabs(x: Any) -> Tensor:
    """|x| as floats."""
    return ops.abs(as_float(x))


@keras_op
def negative(x: Any) -> Tensor:
    """-x"""
    return ops.negative(as_tensor(x))


@keras_op
def sign(x: Any) -> Tensor:
    """-1 below 0, 0 at 0, 1 above 0; the derivative is 0 everywhere."""
    return ops.sign(as_tensor(x))


@keras_op
def square(x: Any) -> Tensor:
    """x * x; of bools int32."""
    return ops.square(as_int(x))


@keras_op
def sqrt(x: Any) -> Tensor:
    """The square root: NaN below 0; the derivative at 0 is infinite."""
    return ops.sqrt(as_float(x))


@keras_op
def rsqrt(x: Any) -> Tensor:
    """1 / sqrt(x)"""
    return ops.rsqrt(as_float(x))


@keras_op
def cbrt(x: Any) -> Tensor:
    """The cube root, of either sign; the derivative at 0 is infinite."""
    return ops.cbrt(as_float(x))


@keras_op
def reciprocal(x: Any) -> Tensor:
    """1 / x: infinite at 0."""
    return ops.reciprocal(as_float(x))


@keras_op
def exp(x: Any) -> Tensor:
    """e ** x"""
    return ops.exp(as_float(x))


@keras_op
def exp2(x: Any) -> Tensor:
    """2 ** x"""
    return ops.exp2(as_float(x))


@keras_op
def expm1(x: Any) -> Tensor:
    """e ** x - 1, exact near 0."""
    return ops.expm1(as_float(x))


@keras_op
def log(x: Any) -> Tensor:
    """The natural logarithm: NaN below 0, -infinity at 0."""
    return ops.log(as_float(x))


@keras_op
def log10(x: Any) -> Tensor:
    """The logarithm to base 10."""
    return ops.log10(as_float(x))


@keras_op
def log1p(x: Any) -> Tensor:
    """log(1 + x), exact near 0."""
    return ops.log1p(as_float(x))


@keras_op
def log2(x: Any) -> Tensor:
    """The logarithm to base 2."""
    return ops.log2(as_float(x))


@keras_op
def sin(x: Any) -> Tensor:
    """The sine; x in radians."""
    return ops.sin(as_float(x))


@keras_op
def cos(x: Any) -> Tensor:
    """The cosine; x in radians."""
    return ops.cos(as_float(x))


@keras_op
def tan(x: Any) -> Tensor:
    """The tangent; x in radians."""
    return ops.tan(as_float(x))


@keras_op
def arcsin(x: Any) -> Tensor:
    """The angle in [-pi/2, pi/2] whose sine is x; NaN outside [-1, 1]."""
    return ops.arcsin(as_float(x))


@keras_op
def arccos(x: Any) -> Tensor:
    """The angle in [0, pi] whose cosine is x; NaN outside [-1, 1]."""
    return ops.arccos(as_float(x))


@keras_op
def arctan(x: Any) -> Tensor:
    """The angle in (-pi/2, pi/2) whose tangent is x."""
    return ops.arctan(as_float(x))


@keras_op
def sinh(x: Any) -> Tensor:
    """The hyperbolic sine."""
    return ops.sinh(as_float(x))


@keras_op
def cosh(x: Any) -> Tensor:
    """The hyperbolic cosine."""
    return ops.cosh(as_float(x))


@keras_op
def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent."""
    return ops.tanh(as_float(x))


@keras_op
def arcsinh(x: Any) -> Tensor:
    """The number whose hyperbolic sine is x."""
    return ops.arcsinh(as_float(x))


@keras_op
def arccosh(x: Any) -> Tensor:
    """The number >= 0 whose hyperbolic cosine is x; NaN below 1."""
    return ops.arccosh(as_float(x))


@keras_op
def arctanh(x: Any) -> Tensor:
    """The number whose hyperbolic tangent is x; NaN outside [-1, 1]."""
    return ops.arctanh(as_float(x))


@keras_op
def erf(x: Any) -> Tensor:
    """The error function: 2/sqrt(pi) times the integral of e**(-t*t) from 0 to x."""
    return ops.erf(as_float(x))


@keras_op
def erfinv(x: Any) -> Tensor:
    """The inverse of the error function: infinite at -1 and 1, NaN beyond them."""
    return ops.erfinv(as_float(x))


@keras_op
def sinc(x: Any) -> Tensor:
    """sin(pi x) / (pi x), and 1 at 0, where the derivative is 0."""
    x = as_float(x)
    zero = array_of(x) == 0
    angle = ops.where(zero, 1.0, x) * math.pi
    return ops.where(zero, 1.0, ops.sin(angle) / angle)


@keras_op
def deg2rad(x: Any) -> Tensor:
    """Degrees in radians: x pi / 180."""
    return as_float(x) * (math.pi / 180)


@keras_op
def rad2deg(x: Any) -> Tensor:
    """Radians in degrees: 180 x / pi."""
    return as_float(x) * (180 / math.pi)


@keras_op
def signbit(x: Any) -> Tensor:
    """Whether x is below 0, or is -0."""
    x = as_tensor(x)
    if x.dtype == bool:
        return ops.zeros_like(x)
    return constant(np.signbit(array_of(x)))


@keras_op
def isfinite(x: Any) -> Tensor:
    """Whether x is neither infinite nor NaN."""
    return ops.isfinite(as_tensor(x))


@keras_op
def isinf(x: Any) -> Tensor:
    """Whether x is infinity or minus infinity."""
    return ops.isinf(as_tensor(x))


@keras_op
def isnan(x: Any) -> Tensor:
    """Whether x is NaN."""
    return ops.isnan(as_tensor(x))


@keras_op
def isneginf(x: Any) -> Tensor:
    """Whether x is minus infinity."""
    return ops.equal(as_float(x), -math.inf)


@keras_op
def isposinf(x: Any) -> Tensor:
    """Whether x is infinity."""
    return ops.equal(as_float(x), math.inf)


@keras_op
def nan_to_num(
    x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """x with these numbers in the place of NaN and the infinities; None: the largest and the
    smallest number of the dtype. The derivative is 0 where an element was replaced."""
    x = as_tensor(x)
    if x.dtype.kind != "f":
        found: Tensor = x
        return found
    limits = np.finfo(x.dtype)
    above = limits.max if posinf is None else posinf
    below = limits.min if neginf is None else neginf
    x = ops.where(ops.isnan(x), float(nan), x)
    x = ops.where(ops.equal(x, math.inf), float(above), x)
    return ops.where(ops.equal(x, -math.inf), float(below), x)


@keras_op
def clip(x: Any, x_min: Any, x_max: Any) -> Tensor:
    """x limited to [x_min, x_max], numbers or tensors that broadcast with x; where x_min > x_max
    the result is x_max. Half the gradient goes to x where it is equal to a limit."""
    x, x_min, x_max = promoted(as_int(x), x_min, x_max)
    return ops.minimum(ops.maximum(x, x_min), x_max)
