"""Sines, angles and hyperbolic functions, as floats."""

from __future__ import annotations

import math
from typing import Any

from corereg.autograd import Tensor, ops
from corereg.autograd.ops.arguments import array_of
from corereg.ops.operands import as_float, keras_op, promoted_floats


@keras_op
def sin(x: Any) -> Tensor:
    """The sine; x in radians.

    >>> ops.sin([0.0, np.pi / 6]).round(4)
    Tensor([0. , 0.5])
    """
    return ops.sin(as_float(x))


@keras_op
def cos(x: Any) -> Tensor:
    """The cosine; x in radians.

    >>> ops.cos([0.0, np.pi / 3]).round(4)
    Tensor([1. , 0.5])
    """
    return ops.cos(as_float(x))


@keras_op
def tan(x: Any) -> Tensor:
    """The tangent; x in radians.

    >>> ops.tan([0.0, np.pi / 4]).round(4)
    Tensor([0., 1.])
    """
    return ops.tan(as_float(x))


@keras_op
def arcsin(x: Any) -> Tensor:
    """The angle in [-pi/2, pi/2] whose sine is x; NaN outside [-1, 1].

    >>> ops.arcsin([0.0, 1.0]).round(4)
    Tensor([0.    , 1.5708])
    """
    return ops.arcsin(as_float(x))


@keras_op
def arccos(x: Any) -> Tensor:
    """The angle in [0, pi] whose cosine is x; NaN outside [-1, 1].

    >>> ops.arccos([1.0, -1.0]).round(4)
    Tensor([0.    , 3.1416])
    """
    return ops.arccos(as_float(x))


@keras_op
def arctan(x: Any) -> Tensor:
    """The angle in (-pi/2, pi/2) whose tangent is x.

    >>> ops.arctan([0.0, 1.0]).round(4)
    Tensor([0.    , 0.7854])
    """
    return ops.arctan(as_float(x))


@keras_op
def sinh(x: Any) -> Tensor:
    """The hyperbolic sine, (e**x - e**-x) / 2.

    >>> ops.sinh([0.0, 1.0]).round(4)
    Tensor([0.    , 1.1752])
    """
    return ops.sinh(as_float(x))


@keras_op
def cosh(x: Any) -> Tensor:
    """The hyperbolic cosine, (e**x + e**-x) / 2.

    >>> ops.cosh([0.0, 1.0]).round(4)
    Tensor([1.    , 1.5431])
    """
    return ops.cosh(as_float(x))


@keras_op
def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent, (e**x - e**-x) / (e**x + e**-x), between -1 and 1.

    >>> ops.tanh([-20.0, 0.0, 1.0]).round(4)
    Tensor([-1.    ,  0.    ,  0.7616])
    """
    return ops.tanh(as_float(x))


@keras_op
def arcsinh(x: Any) -> Tensor:
    """The number whose hyperbolic sine is x.

    >>> ops.arcsinh([0.0, 1.0]).round(4)
    Tensor([0.    , 0.8814])
    """
    return ops.arcsinh(as_float(x))


@keras_op
def arccosh(x: Any) -> Tensor:
    """The number >= 0 whose hyperbolic cosine is x; NaN below 1.

    >>> ops.arccosh([1.0, 2.0]).round(4)
    Tensor([0.   , 1.317])
    """
    return ops.arccosh(as_float(x))


@keras_op
def arctanh(x: Any) -> Tensor:
    """The number whose hyperbolic tangent is x; NaN outside [-1, 1], infinite at the ends.

    >>> ops.arctanh([0.0, 0.5]).round(4)
    Tensor([0.    , 0.5493])
    """
    return ops.arctanh(as_float(x))


@keras_op
def sinc(x: Any) -> Tensor:
    """sin(pi x) / (pi x), and 1 at 0, where the derivative is 0.

    >>> ops.sinc([0.0, 0.5]).round(4)
    Tensor([1.    , 0.6366])
    """
    x = as_float(x)
    zero = array_of(x) == 0
    angle = ops.where(zero, 1.0, x) * math.pi
    return ops.where(zero, 1.0, ops.sin(angle) / angle)


@keras_op
def deg2rad(x: Any) -> Tensor:
    """Degrees in radians: x pi / 180.

    >>> ops.deg2rad([0, 180]).round(4)
    Tensor([0.    , 3.1416])
    """
    return as_float(x) * (math.pi / 180)


@keras_op
def rad2deg(x: Any) -> Tensor:
    """Radians in degrees: 180 x / pi.

    >>> ops.rad2deg([0.0, np.pi]).round(2)
    Tensor([  0., 180.])
    """
    return as_float(x) * (180 / math.pi)


@keras_op
def arctan2(x1: Any, x2: Any) -> Tensor:
    """The angle from the direction of x2 to that of the point (x2, x1), in (-pi, pi].

    >>> ops.arctan2([0.0, 1.0], [-1.0, 1.0]).round(4)
    Tensor([3.1416, 0.7854])
    """
    return ops.arctan2(*promoted_floats(x1, x2))


@keras_op
def hypot(x1: Any, x2: Any) -> Tensor:
    """sqrt(x1**2 + x2**2), without overflow.

    >>> ops.hypot([3.0], [4.0])
    Tensor([5.])
    """
    return ops.hypot(*promoted_floats(x1, x2))
