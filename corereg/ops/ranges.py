"""Numbers in equal steps or ratios."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import config
from corereg.autograd import Tensor, ops
from corereg.autograd.ops.arguments import array_of, check_size
from corereg.ops.operands import INDEX, as_tensor, keras_op, promoted_floats


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
    check_size("linspace", (num, *width.shape), dtype)
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
    """num numbers from start to stop with equal ratios; NaN between ends of which one is 0 or
    infinite, or that have different signs.

    >>> ops.geomspace(1, 8, 4).round(4)
    Tensor([1., 2., 4., 8.])
    """
    start, stop = promoted_floats(start, stop)
    alike = np.sign(array_of(start)) * np.sign(array_of(stop)) > 0
    alike &= np.isfinite(array_of(start)) & np.isfinite(array_of(stop))
    sign = ops.where(alike, ops.sign(start), float("nan"))
    made, _ = _spaced(ops.log(ops.abs(start)), ops.log(ops.abs(stop)), num, endpoint, 0)
    made = ops.exp(made) * sign
    place = np.arange(num).reshape([-1, *(1,) * (made.ndim - 1)])
    made = ops.where(place == 0, start, made)  # rounding must miss neither end
    if endpoint and num > 1:
        made = ops.where(place == num - 1, stop, made)
    return ops.astype(_first_at(axis, made), dtype or made.dtype)


@keras_op
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Tensor:
    """start, start + step, ... below stop; with one number, from 0 below it. dtype None is int32
    for whole numbers.

    >>> ops.arange(4)
    Tensor([0, 1, 2, 3], dtype=int32)
    >>> ops.arange(1, 2, 0.25)
    Tensor([1.  , 1.25, 1.5 , 1.75])
    """
    given = [n for n in (start, stop, step) if n is not None]
    if dtype is None:
        whole = [isinstance(n, int | np.integer) for n in given]
        dtype = INDEX if False not in whole else config.floatx()
    first, last = (0, start) if stop is None else (start, stop)
    made: Any = np.arange(first, last, 1 if step is None else step, dtype)  # type: ignore[call-overload]
    return Tensor(made)
