"""Sums, means, extremes and running sums of what is not NaN. axis and keepdims: as in
`corereg.ops.reductions`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.autograd.aliases import Axis
from corereg.autograd.ops.arguments import array_of, as_numpy_axis
from corereg.ops.operands import as_float, as_int, keras_op, places
from corereg.ops.reductions import cumprod, summed


def filled_nan(x: Any, value: float) -> tuple[Tensor, Tensor]:
    """x with a number in the place of NaNs, and where they are."""
    x = as_int(x)
    gaps = ops.isnan(x)
    return (ops.where(gaps, value, x) if x.dtype.kind == "f" else x), gaps


@keras_op
def nansum(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over axis of the elements that are not NaN; 0 where all are.

    >>> ops.nansum([1.0, np.nan, 2.0])
    Tensor(3.)
    """
    x, _ = filled_nan(x, 0.0)
    return summed(ops.sum(x, axis, keepdims), x)


@keras_op
def nanprod(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The product over axis of the elements that are not NaN; 1 where all are.

    >>> ops.nanprod([2.0, np.nan, 3.0])
    Tensor(6.)
    """
    x, _ = filled_nan(x, 1.0)
    return summed(ops.prod(x, axis, keepdims), x)


@keras_op
def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The sums of all elements up to each along an axis (None: of the flattened x), NaN counting as
    0.

    >>> ops.nancumsum([1.0, np.nan, 2.0])
    Tensor([1., 1., 3.])
    """
    x, _ = filled_nan(x, 0.0)
    x = x if dtype is None else ops.astype(x, dtype)
    total = ops.cumsum(x, _one(axis))
    return total if total.dtype == x.dtype else ops.astype(total, x.dtype)


@keras_op
def nanmean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over axis of the elements that are not NaN; NaN where all are.

    >>> ops.nanmean([[1.0, np.nan], [np.nan, np.nan]], axis=1)
    Tensor([ 1., nan])
    """
    x, gaps = filled_nan(as_float(x), 0.0)
    return _shared(ops.sum(x, axis, keepdims), gaps, axis, keepdims)


def _shared(total: Tensor, gaps: Tensor, axis: Any, keepdims: bool) -> Tensor:
    """A sum by the number of elements that are not NaN."""
    count = ops.astype(ops.sum(ops.logical_not(gaps), axis, keepdims), total.dtype)
    none = ops.equal(count, 0)
    return ops.where(none, float("nan"), total / ops.where(none, 1.0, count))


@keras_op
def nanvar(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The variance over axis of the elements that are not NaN; NaN where all are.

    >>> ops.nanvar([1.0, np.nan, 3.0])
    Tensor(1.)
    """
    x, gaps = filled_nan(as_float(x), 0.0)
    middle = _shared(ops.sum(x, axis, True), gaps, axis, True)
    apart = ops.where(gaps, 0.0, x - middle)
    return _shared(ops.sum(ops.square(apart), axis, keepdims), gaps, axis, keepdims)


@keras_op
def nanstd(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The square root of `nanvar`.

    >>> ops.nanstd([1.0, np.nan, 5.0])
    Tensor(2.)
    """
    return ops.sqrt(nanvar(x, axis, keepdims))


@keras_op
def nanmax(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element over axis that is not NaN; NaN where all are.

    >>> ops.nanmax([[1.0, np.nan], [3.0, 2.0]], axis=1)
    Tensor([1., 3.])
    """
    return _known_extreme(ops.max, -np.inf, x, axis, keepdims)


@keras_op
def nanmin(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element over axis that is not NaN; NaN where all are.

    >>> ops.nanmin([[1.0, np.nan], [3.0, 2.0]], axis=1)
    Tensor([1., 2.])
    """
    return _known_extreme(ops.min, np.inf, x, axis, keepdims)


def _known_extreme(reduced: Any, far: float, x: Any, axis: Any, keepdims: bool) -> Tensor:
    x, gaps = filled_nan(x, far)
    found: Tensor = reduced(x, axis, keepdims)
    if x.dtype.kind != "f":
        return found
    whole = array_of(gaps).all(axis=as_numpy_axis(axis), keepdims=keepdims)
    return ops.where(whole, float("nan"), found)


@keras_op
def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The place of the largest element that is not NaN: int32; -1 where all are.

    >>> ops.nanargmax([np.nan, 3.0, 7.0])
    Tensor(2, dtype=int32)
    """
    return _known_place(ops.argmax, -np.inf, x, axis, keepdims)


@keras_op
def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The place of the smallest element that is not NaN: int32; -1 where all are.

    >>> ops.nanargmin([np.nan, 3.0, 7.0])
    Tensor(1, dtype=int32)
    """
    return _known_place(ops.argmin, np.inf, x, axis, keepdims)


def _known_place(of: Any, far: float, x: Any, axis: Any, keepdims: bool) -> Tensor:
    x, gaps = filled_nan(x, far)
    whole = array_of(gaps).all(axis=axis, keepdims=keepdims)
    return places(ops.where(whole, -1, of(x, axis, keepdims)))


@keras_op
def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The products of all elements up to each along an axis (None: of the flattened x), NaN
    counting as 1.

    >>> ops.nancumprod([2.0, np.nan, 3.0])
    Tensor([2., 2., 6.])
    """
    return cumprod(filled_nan(x, 1.0)[0], _one(axis), dtype)


def _one(axis: Any) -> Any:
    """The axis of a function of one, which Keras takes in a tuple, too."""
    return axis[0] if isinstance(axis, tuple | list) and len(axis) == 1 else axis
