"""Whole numbers and remainders, running products, triangles and diagonals, angles of two sides."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.autograd.ops.arguments import array_of
from corereg.ops.operands import (
    as_float,
    as_int,
    as_tensor,
    keras_op,
    promoted,
    promoted_floats,
)
from corereg.ops.reductions import filled_nan, summed


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
    """x to so many decimal places, of two equally near numbers the even one; the derivative
    is 0.

    >>> ops.round([0.5, 1.5, 2.6])
    Tensor([0., 2., 3.])
    """
    return ops.round(as_int(x), decimals)


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

    >>> ops.logaddexp2(3.0, 3.0)
    Tensor(4.)
    """
    x1, x2 = promoted_floats(x1, x2)
    return ops.logaddexp(x1 * math.log(2), x2 * math.log(2)) / math.log(2)


@keras_op
def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The products of all elements up to each along an axis (None: of the flattened x).

    >>> ops.cumprod([1, 2, 3, 4])
    Tensor([ 1,  2,  6, 24], dtype=int32)
    """
    x = as_int(x) if dtype is None else ops.astype(as_tensor(x), dtype)
    made = ops.cumprod(x, axis)
    return made if made.dtype == x.dtype else ops.astype(made, x.dtype)


@keras_op
def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The products of all elements up to each that are not NaN.

    >>> ops.nancumprod([2.0, np.nan, 3.0])
    Tensor([2., 2., 6.])
    """
    return cumprod(filled_nan(x, 1.0)[0], axis, dtype)


@keras_op
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The elements x[i, i + offset] of the matrices along two axes, as the last axis of the
    result.

    >>> ops.diagonal([[1, 2], [3, 4]])
    Tensor([1, 4], dtype=int32)
    """
    return ops.diagonal(as_tensor(x), offset, axis1, axis2)


@keras_op
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal: see `diagonal`.

    >>> ops.trace([[1, 2], [3, 4]])
    Tensor(5, dtype=int32)
    """
    x = as_int(x)
    return summed(ops.trace(x, offset, axis1, axis2), x)


@keras_op
def tril(x: Any, k: int = 0) -> Tensor:
    """The matrices in the last two axes with zeros above the k-th diagonal.

    >>> ops.tril([[1, 2], [3, 4]])
    Tensor([[1, 0],
            [3, 4]], dtype=int32)
    """
    return ops.tril(as_tensor(x), k)


@keras_op
def triu(x: Any, k: int = 0) -> Tensor:
    """The matrices in the last two axes with zeros below the k-th diagonal.

    >>> ops.triu([[1, 2], [3, 4]])
    Tensor([[1, 2],
            [0, 4]], dtype=int32)
    """
    return ops.triu(as_tensor(x), k)


# ---- ranges --------------------------------------------------------------------------------------


@keras_op
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """num numbers at equal distances from start to stop, or below it for endpoint=False; start and
    stop may be tensors, the new axis is `axis`. retstep: the distance as a second result.

    >>> ops.linspace(0, 1, 5)
    Tensor([0.  , 0.25, 0.5 , 0.75, 1.  ])
    """
    made, step = _spaced(start, stop, num, endpoint, axis)
    made = ops.astype(made, dtype or made.dtype)
    return (made, step) if retstep else made


def _spaced(start: Any, stop: Any, num: int, endpoint: bool, axis: int) -> tuple[Tensor, Tensor]:
    if num < 0:
        raise ValueError(f"linspace: expected num >= 0, received {num}")
    start, stop = promoted_floats(start, stop)
    parts = num - 1 if endpoint else num
    width = stop - start
    dtype = width.dtype
    at = np.arange(num).astype(dtype) / (parts or 1)
    at = at.reshape([-1, *(1,) * width.ndim])
    shares = Tensor(np.asarray(at, dtype))
    made = start * (1.0 - shares) + stop * shares
    return _first_at(axis, made), width / parts if parts > 0 else width * float("nan")


def _first_at(axis: int, made: Tensor) -> Tensor:
    """The first axis at another place."""
    if axis in (0, -made.ndim):
        return made
    order = list(range(1, made.ndim))
    order.insert(axis % made.ndim, 0)
    return ops.transpose(made, order)


@keras_op
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """base ** x for the numbers x of `linspace`.

    >>> ops.logspace(0, 2, 3).round(2)
    Tensor([  1.,  10., 100.])
    """
    made, _ = _spaced(start, stop, num, endpoint, axis)
    made = ops.power(ops.astype(as_tensor(base), made.dtype), made)
    return ops.astype(made, dtype or made.dtype)


@keras_op
def geomspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    dtype: Any = None,
    axis: int = 0,
) -> Tensor:
    """num numbers from start to stop with equal ratios; NaN unless both are of one sign, not 0.

    >>> ops.geomspace(1, 8, 4).round(4)
    Tensor([1., 2., 4., 8.])
    """
    start, stop = promoted_floats(start, stop)
    alike = np.sign(array_of(start)) * np.sign(array_of(stop)) > 0
    sign = ops.where(alike, ops.sign(start), float("nan"))
    made, _ = _spaced(ops.log(ops.abs(start)), ops.log(ops.abs(stop)), num, endpoint, 0)
    made = ops.exp(made) * sign
    if endpoint and num > 1:  # rounding must not miss it
        last = np.arange(num).reshape([-1, *(1,) * (made.ndim - 1)]) == num - 1
        made = ops.where(np.logical_and(last, alike), stop, made)
    return ops.astype(_first_at(axis, made), dtype or made.dtype)
