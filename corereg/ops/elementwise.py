"""Functions of one element: absolute values, signs, powers and roots, exponentials, logarithms."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.autograd.ops.arguments import array_of, constant
from corereg.ops.operands import as_float, as_int, as_tensor, keras_op, promoted


@keras_op
def abs(x: Any) -> Tensor:
    """|x|; the derivative at 0 is 0. Also called `absolute`.

    >>> ops.abs([-1.5, 0.0, 2.0])
    Tensor([1.5, 0. , 2. ])
    """
    x = as_tensor(x)
    return x if x.dtype == bool else ops.abs(x)


@keras_op
def absolute(x: Any) -> Tensor:
    """|x|: `abs` under NumPy's name.

    >>> ops.absolute([-3, 4])
    Tensor([3, 4], dtype=int32)
    """
    x = as_tensor(x)
    return x if x.dtype == bool else ops.abs(x)


@keras_op
def fabs(x: Any) -> Tensor:
    """|x| as floats: unlike `abs`, integers and bools become `corereg.config.floatx()`.

    >>> ops.fabs([-3, 4])
    Tensor([3., 4.])
    """
    return ops.abs(as_float(x))


@keras_op
def negative(x: Any) -> Tensor:
    """-x, elementwise.

    >>> ops.negative([1.0, -2.0])
    Tensor([-1.,  2.])
    """
    return ops.negative(as_tensor(x))


@keras_op
def sign(x: Any) -> Tensor:
    """-1 below 0, 0 at 0, 1 above 0; the derivative is 0 everywhere.

    >>> ops.sign([-2.5, 0.0, 7.0])
    Tensor([-1.,  0.,  1.])
    """
    return ops.sign(as_tensor(x))


@keras_op
def square(x: Any) -> Tensor:
    """x * x; of bools int32.

    >>> ops.square([-3.0, 0.5])
    Tensor([9.  , 0.25])
    """
    return ops.square(as_int(x))


@keras_op
def sqrt(x: Any) -> Tensor:
    """The square root: NaN below 0; the derivative at 0 is infinite.

    >>> ops.sqrt([0, 4, 9])
    Tensor([0., 2., 3.])
    """
    return ops.sqrt(as_float(x))


@keras_op
def rsqrt(x: Any) -> Tensor:
    """1 / sqrt(x), as floats: infinite at 0, NaN below 0.

    >>> ops.rsqrt([4.0, 16.0])
    Tensor([0.5 , 0.25])
    """
    return ops.rsqrt(as_float(x))


@keras_op
def cbrt(x: Any) -> Tensor:
    """The cube root, of either sign; the derivative at 0 is infinite.

    >>> ops.cbrt([-8.0, 27.0]).round(5)
    Tensor([-2.,  3.])
    """
    return ops.cbrt(as_float(x))


@keras_op
def reciprocal(x: Any) -> Tensor:
    """1 / x: infinite at 0.

    >>> ops.reciprocal([2, -4])
    Tensor([ 0.5 , -0.25])
    """
    return ops.reciprocal(as_float(x))


@keras_op
def exp(x: Any) -> Tensor:
    """e ** x, as floats.

    >>> ops.exp([0, 1]).round(4)
    Tensor([1.    , 2.7183])
    """
    return ops.exp(as_float(x))


@keras_op
def exp2(x: Any) -> Tensor:
    """2 ** x, as floats.

    >>> ops.exp2([-1, 0, 3]).round(4)
    Tensor([0.5, 1. , 8. ])
    """
    return ops.exp2(as_float(x))


@keras_op
def expm1(x: Any) -> Tensor:
    """e ** x - 1, exact near 0.

    >>> (1e10 * ops.expm1([0.0, 1e-10])).round(4)
    Tensor([0., 1.])
    """
    return ops.expm1(as_float(x))


@keras_op
def log(x: Any) -> Tensor:
    """The natural logarithm: NaN below 0, -infinity at 0.

    >>> ops.log([1.0, 10.0]).round(4)
    Tensor([0.    , 2.3026])
    """
    return ops.log(as_float(x))


@keras_op
def log10(x: Any) -> Tensor:
    """The logarithm to base 10: NaN below 0, -infinity at 0.

    >>> ops.log10([1, 1000]).round(4)
    Tensor([0., 3.])
    """
    return ops.log10(as_float(x))


@keras_op
def log1p(x: Any) -> Tensor:
    """log(1 + x), exact near 0: NaN below -1, -infinity at -1.

    >>> (1e10 * ops.log1p([0.0, 1e-10])).round(4)
    Tensor([0., 1.])
    """
    return ops.log1p(as_float(x))


@keras_op
def log2(x: Any) -> Tensor:
    """The logarithm to base 2: NaN below 0, -infinity at 0.

    >>> ops.log2([0.5, 8.0]).round(4)
    Tensor([-1.,  3.])
    """
    return ops.log2(as_float(x))


@keras_op
def erf(x: Any) -> Tensor:
    """The error function: 2/sqrt(pi) times the integral of e**(-t*t) from 0 to x.

    >>> ops.erf([0.0, 1.0]).round(4)
    Tensor([0.    , 0.8427])
    """
    return ops.erf(as_float(x))


_ERFC = (
    *(-0.6513268598908546, 0.6419697923564901, 0.0194764732041859, -0.009561514786808778),
    *(-0.0009465953444819722, 0.000366839497852621, 4.252332480700338e-05),
    *(-2.0278578112584156e-05, -1.6242900045468356e-06, 1.3036558353732297e-06),
    *(1.5626442029237353e-08, -8.523809627569712e-08, 6.529053520054617e-09),
    *(5.059343180513487e-09, -9.913636023206607e-10, -2.2736545979284983e-10),
    *(9.646841658828009e-11, 2.3937518633943e-12, -6.885825243330146e-12),
    *(8.942707685477558e-13, 3.1318003745894885e-13, -1.1283335377143544e-13, 6.7e-15),
)
"""The Chebyshev coefficients of log(erfc(z) / t) + z*z in t = 2 / (2 + z), from 0 to 1."""


@keras_op
def erfc(x: Any) -> Tensor:
    """1 - erf(x), with all digits also where that is small; computed in float64.

    >>> ops.erfc([0.0, 1.0, 5.0]).numpy().astype("float32").tolist()[:1]
    [1.0]
    """
    given = as_float(x)
    x = ops.astype(given, "float64")
    z = ops.where(x >= 0, x, -x)
    t = 2.0 / (z + 2.0)
    at = 4.0 * t - 2.0  # twice where the series is summed up, by Clenshaw
    last: Any = 0.0
    before: Any = 0.0
    for coefficient in _ERFC[:0:-1]:
        last, before = at * last - before + coefficient, last
    tail = t * ops.exp(0.5 * at * last - before + _ERFC[0] - z * z)
    return ops.astype(ops.where(x >= 0, tail, 2.0 - tail), given.dtype)


@keras_op
def erfinv(x: Any) -> Tensor:
    """The inverse of the error function: infinite at -1 and 1, NaN beyond them.

    >>> ops.erfinv([0.0, 0.5]).round(4)
    Tensor([0.    , 0.4769])
    """
    return ops.erfinv(as_float(x))


@keras_op
def signbit(x: Any) -> Tensor:
    """Whether x is below 0, or is -0.

    >>> ops.signbit([-1.0, -0.0, 0.0])
    Tensor([ True,  True, False], dtype=bool)
    """
    x = as_tensor(x)
    if x.dtype == bool:
        return ops.zeros_like(x)
    return constant(np.signbit(array_of(x)))


@keras_op
def isfinite(x: Any) -> Tensor:
    """Whether x is neither infinite nor NaN.

    >>> ops.isfinite([1.0, np.inf, np.nan])
    Tensor([ True, False, False], dtype=bool)
    """
    return ops.isfinite(as_tensor(x))


@keras_op
def isinf(x: Any) -> Tensor:
    """Whether x is infinity or minus infinity.

    >>> ops.isinf([1.0, -np.inf, np.nan])
    Tensor([False,  True, False], dtype=bool)
    """
    return ops.isinf(as_tensor(x))


@keras_op
def isnan(x: Any) -> Tensor:
    """Whether x is NaN.

    >>> ops.isnan([1.0, np.inf, np.nan])
    Tensor([False, False,  True], dtype=bool)
    """
    return ops.isnan(as_tensor(x))


@keras_op
def isneginf(x: Any) -> Tensor:
    """Whether x is minus infinity.

    >>> ops.isneginf([np.inf, -np.inf])
    Tensor([False,  True], dtype=bool)
    """
    return ops.equal(as_float(x), -math.inf)


@keras_op
def isposinf(x: Any) -> Tensor:
    """Whether x is infinity.

    >>> ops.isposinf([np.inf, -np.inf])
    Tensor([ True, False], dtype=bool)
    """
    return ops.equal(as_float(x), math.inf)


@keras_op
def nan_to_num(
    x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Tensor:
    """x with these numbers in the place of NaN and the infinities; None: the largest and the
    smallest number of the dtype. The derivative is 0 where an element was replaced.

    >>> ops.nan_to_num([1.0, np.nan, np.inf], posinf=9.0)
    Tensor([1., 0., 9.])
    """
    x = as_tensor(x)
    found: Tensor = x
    if x.dtype.kind != "f":
        return found
    limits = np.finfo(x.dtype)
    above = limits.max if posinf is None else posinf
    below = limits.min if neginf is None else neginf
    found = ops.where(ops.isnan(x), float(nan), x)  # and nothing that stands there now once more
    found = ops.where(ops.equal(x, math.inf), float(above), found)
    return ops.where(ops.equal(x, -math.inf), float(below), found)


@keras_op
def clip(x: Any, x_min: Any, x_max: Any) -> Tensor:
    """x limited to [x_min, x_max], numbers or tensors that broadcast with x; where x_min > x_max
    the result is x_max. Half the gradient goes to x where it is equal to a limit.

    >>> ops.clip([-2.0, 0.5, 3.0], 0, 1)
    Tensor([0. , 0.5, 1. ])
    """
    x, x_min, x_max = promoted(as_int(x), x_min, x_max)
    return ops.minimum(ops.maximum(x, x_min), x_max)
