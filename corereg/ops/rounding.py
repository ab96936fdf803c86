"""Whole numbers and remainders."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor, ops
from corereg.ops.operands import as_float, as_int, as_tensor, keras_op, promoted


@keras_op
def floor(x: Any) -> Tensor:
    """The largest whole number that is not above x, as floats; the derivative is 0.

    >>> ops.floor([-1.5, 1.5])
    Tensor([-2.,  1.])
    """
    return ops.floor(as_float(x))


@keras_op
def ceil(x: Any) -> Tensor:
    """The smallest whole number that is not below x, as floats; the derivative is 0.

    >>> ops.ceil([-1.5, 1.5])
    Tensor([-1.,  2.])
    """
    return ops.ceil(as_float(x))


@keras_op
def trunc(x: Any) -> Tensor:
    """x without its fraction; the derivative is 0.

    >>> ops.trunc([-1.5, 1.5])
    Tensor([-1.,  1.])
    """
    return ops.trunc(as_tensor(x))


@keras_op
def round(x: Any, decimals: int = 0) -> Tensor:
    """x to so many decimal places, of two equally near numbers the even one; -1 rounds to tens. The
    derivative is 0.

    >>> ops.round([0.5, 1.5, 2.6])
    Tensor([0., 2., 3.])
    """
    x = as_int(x)
    if decimals < 0 and x.dtype.kind in "iu":
        return ops.astype(ops.round(ops.astype(x, "float64"), decimals), x.dtype)
    return ops.round(x, decimals)


@keras_op
def floor_divide(x1: Any, x2: Any) -> Tensor:
    """The largest whole number that is not above x1 / x2; the derivatives are 0.

    >>> ops.floor_divide([-7, 7], 2)
    Tensor([-4,  3], dtype=int32)
    """
    return ops.floor_divide(*map(as_int, promoted(x1, x2)))


@keras_op
def mod(x1: Any, x2: Any) -> Tensor:
    """x1 - x2 * floor(x1 / x2), of the sign of x2.

    >>> ops.mod([-7, 7], 3)
    Tensor([2, 1], dtype=int32)
    """
    return ops.remainder(*map(as_int, promoted(x1, x2)))


@keras_op
def fmod(x1: Any, x2: Any) -> Tensor:
    """x1 - x2 * trunc(x1 / x2), of the sign of x1.

    >>> ops.fmod([-7, 7], 3)
    Tensor([-1,  1], dtype=int32)
    """
    return ops.fmod(*map(as_int, promoted(x1, x2)))
