"""Arithmetic of two operands, which broadcast and take one dtype."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.autograd.ops.arguments import array_of, constant
from corereg.ops.operands import as_int, as_tensor, keras_op, promoted, promoted_floats


@keras_op
def add(x1: Any, x2: Any) -> Tensor:
    """x1 + x2; of bools whether one or both are true.

    >>> ops.add([[1.0], [2.0]], [10, 20])
    Tensor([[11., 21.],
            [12., 22.]])
    """
    return ops.add(*promoted(x1, x2))


@keras_op
def subtract(x1: Any, x2: Any) -> Tensor:
    """x1 - x2; the shapes broadcast.

    >>> ops.subtract([5, 7], 2)
    Tensor([3, 5], dtype=int32)
    """
    return ops.subtract(*promoted(x1, x2))


@keras_op
def multiply(x1: Any, x2: Any) -> Tensor:
    """x1 * x2; of bools whether both are true.

    >>> ops.multiply([1.0, 2.0], [3.0, 4.0])
    Tensor([3., 8.])
    """
    return ops.multiply(*promoted(x1, x2))


@keras_op
def divide(x1: Any, x2: Any) -> Tensor:
    """x1 / x2 as floats. Also called `true_divide`.

    >>> ops.divide([1, 3], 2)
    Tensor([0.5, 1.5])
    """
    return ops.divide(*promoted_floats(x1, x2))


@keras_op
def true_divide(x1: Any, x2: Any) -> Tensor:
    """x1 / x2: see `divide`.

    >>> ops.true_divide([1, 3], 2)
    Tensor([0.5, 1.5])
    """
    return ops.divide(*promoted_floats(x1, x2))


@keras_op
def divide_no_nan(x1: Any, x2: Any) -> Tensor:
    """x1 / x2 as floats, and 0 where x2 is 0, with derivative 0.

    >>> ops.divide_no_nan([3.0, 0.0], [2.0, 0.0])
    Tensor([1.5, 0. ])
    """
    x1, x2 = promoted_floats(x1, x2)
    none = array_of(x2) == 0
    return ops.where(none, 0.0, ops.divide(x1, ops.where(none, 1.0, x2)))


@keras_op
def power(x1: Any, x2: Any) -> Tensor:
    """x1 ** x2: NaN where x1 < 0 and x2 is not a whole number, 1 where x2 = 0.

    >>> ops.power([2.0, 3.0], [3, 0]).round(4)
    Tensor([8., 1.])
    """
    base, exponent = promoted(x1, x2)
    if type(x2) in (int, float) and base.dtype.kind == "f":
        return ops.power(base, x2)
    return ops.power(as_int(base), as_int(exponent))


@keras_op
def maximum(x1: Any, x2: Any) -> Tensor:
    """The larger one of each two; NaN where one of them is NaN. Equal ones get half the gradient
    each.

    >>> ops.maximum([1.0, 5.0], [2.0, 3.0])
    Tensor([2., 5.])
    """
    return ops.maximum(*promoted(x1, x2))


@keras_op
def minimum(x1: Any, x2: Any) -> Tensor:
    """The smaller one of each two, as `maximum`.

    >>> ops.minimum([1.0, 5.0], [2.0, 3.0])
    Tensor([1., 3.])
    """
    return ops.minimum(*promoted(x1, x2))


@keras_op
def fmax(x1: Any, x2: Any) -> Tensor:
    """The larger one of each two, and where one of them is NaN the other one. Where they are equal,
    x1 gets the gradient.

    >>> ops.fmax([1.0, np.nan], [2.0, 3.0])
    Tensor([2., 3.])
    """
    x1, x2 = promoted(x1, x2)
    a, b = array_of(x1), array_of(x2)
    return ops.where(np.logical_or(a >= b, np.isnan(b)), x1, x2)


@keras_op
def fmin(x1: Any, x2: Any) -> Tensor:
    """The smaller one of each two, as `fmax`.

    >>> ops.fmin([1.0, np.nan], [2.0, 3.0])
    Tensor([1., 3.])
    """
    x1, x2 = promoted(x1, x2)
    a, b = array_of(x1), array_of(x2)
    return ops.where(np.logical_or(a <= b, np.isnan(b)), x1, x2)


@keras_op
def heaviside(x1: Any, x2: Any) -> Tensor:
    """0 where x1 < 0, x2 where x1 = 0, 1 where x1 > 0.

    >>> ops.heaviside([-1.5, 0.0, 2.0], 0.5)
    Tensor([0. , 0.5, 1. ])
    """
    x1, x2 = promoted_floats(x1, x2)
    a = array_of(x1)
    step = ops.where(a == 0, x2, ops.astype(ops.greater(x1, 0), x1.dtype))
    return ops.where(np.isnan(a), x1, step)


@keras_op
def ldexp(x1: Any, x2: Any) -> Tensor:
    """x1 * 2 ** x2 as floats, for integers x2. TypeError for an x2 that is not of integers.

    >>> ops.ldexp([1.0, 3.0], [3, -1])
    Tensor([8. , 1.5])
    """
    (x1,) = promoted_floats(x1)
    exponent = as_tensor(x2)
    if exponent.dtype.kind not in "iub":
        raise TypeError(f"ldexp: expected integers as x2, received {exponent.dtype}")
    result: Tensor = x1
    most = 3 * (np.finfo(x1.dtype).maxexp - 1)  # beyond it all are 0 or infinite
    left = np.clip(array_of(exponent).astype(np.int64), -most, most)
    for parts in (3, 2, 1):  # 2 ** x2 may be no number of this dtype where the result is one
        part = left // parts
        result = ops.multiply(result, constant(np.exp2(part.astype(result.dtype))))
        left = left - part
    return result


@keras_op
def gcd(x1: Any, x2: Any) -> Tensor:
    """The greatest common divisor of integers.

    >>> ops.gcd([12, 7], 18)
    Tensor([6, 1], dtype=int32)
    """
    return constant(np.gcd(*map(array_of, promoted(x1, x2))))


@keras_op
def lcm(x1: Any, x2: Any) -> Tensor:
    """The least common multiple of integers.

    >>> ops.lcm([4, 7], 6)
    Tensor([12, 42], dtype=int32)
    """
    return constant(np.lcm(*map(array_of, promoted(x1, x2))))


@keras_op
def nextafter(x1: Any, x2: Any) -> Tensor:
    """The next float after x1 towards x2, outside the graph.

    >>> ops.nextafter(np.ones(1), 0) < 1
    Tensor([ True], dtype=bool)
    """
    return constant(np.nextafter(*map(array_of, promoted_floats(x1, x2))))


@keras_op
def logaddexp(x1: Any, x2: Any) -> Tensor:
    """log(e**x1 + e**x2), without overflow.

    >>> ops.logaddexp(-1000.0, -1000.0).round(2)
    Tensor(-999.31)
    """
    return ops.logaddexp(*promoted_floats(x1, x2))


@keras_op
def logaddexp2(x1: Any, x2: Any) -> Tensor:
    """log2(2**x1 + 2**x2), without overflow.

    >>> ops.logaddexp2(3.0, 3.0).round(4)
    Tensor(4.)
    """
    x1, x2 = promoted_floats(x1, x2)
    return ops.logaddexp(x1 * math.log(2), x2 * math.log(2)) / math.log(2)
