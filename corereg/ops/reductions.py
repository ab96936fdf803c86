"""Sums, means, extremes and their likes over axes.

axis: an axis, several, or None for all; keepdims: whether reduced axes stay, with length 1.
Integers are summed in their own dtype, of 32 bits at least; means of integers are floats.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.autograd.aliases import Axis
from corereg.autograd.ops.arguments import array_of, as_numpy_axis, constant
from corereg.ops.operands import (
    as_float,
    as_int,
    as_tensor,
    counted,
    keras_op,
    places,
    promoted_floats,
)


def summed(total: Tensor, x: Tensor) -> Tensor:
    """A sum or a product of x in the dtype that Keras gives."""
    dtype = x.data.dtype
    if dtype.kind in "iu" and dtype.itemsize < 4:
        dtype = np.dtype("int32" if dtype.kind == "i" else "uint32")
    return total if total.data.dtype == dtype else ops.astype(total, dtype)


@keras_op
def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over axis; 0 where there are no elements. Bools are summed as int32.

    >>> ops.sum([[1, 2], [3, 4]], axis=0)
    Tensor([4, 6], dtype=int32)
    """
    x = as_int(x)
    return summed(ops.sum(x, axis, keepdims), x)


@keras_op
def prod(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """The product over axis; 1 where there are no elements. dtype: of the result, if given.

    >>> ops.prod([2, 3, 4])
    Tensor(24, dtype=int32)
    """
    x = as_int(x) if dtype is None else ops.astype(as_tensor(x), dtype)
    return summed(ops.prod(x, axis, keepdims), x)


@keras_op
def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over axis; NaN where there are no elements.

    >>> ops.mean([[1, 2], [3, 4]], axis=1, keepdims=True)
    Tensor([[1.5],
            [3.5]])
    """
    return ops.mean(as_float(x), axis, keepdims)


@keras_op
def var(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The variance over axis: the mean of (x - mean)**2. It divides by n, not n - 1.

    >>> ops.var([1.0, 3.0])
    Tensor(1.)
    """
    return ops.var(as_float(x), axis, keepdims, correction=0)


@keras_op
def std(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The square root of `var`; where it is 0 the derivative is 0.

    >>> ops.std([[1.0, 3.0], [2.0, 2.0]], axis=1)
    Tensor([1., 0.])
    """
    return ops.std(as_float(x), axis, keepdims, correction=0)


@keras_op
def max(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """The largest element over axis, or `initial` if that is larger; equal ones share the gradient.
    ValueError where there are no elements and no `initial`.

    >>> ops.max([[1, 5], [7, 2]], axis=0)
    Tensor([7, 5], dtype=int32)
    """
    return _extreme(ops.max, ops.maximum, x, axis, keepdims, initial)


@keras_op
def min(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> Tensor:
    """The smallest element over axis, or `initial` if that is smaller, as `max`.

    >>> ops.min([[1, 5], [7, 2]], axis=0)
    Tensor([1, 2], dtype=int32)
    """
    return _extreme(ops.min, ops.minimum, x, axis, keepdims, initial)


def _extreme(reduced: Any, of_two: Any, x: Any, axis: Any, keepdims: bool, initial: Any) -> Tensor:
    x = as_tensor(x)
    if initial is None:
        found: Tensor = reduced(x, axis, keepdims)
        return found
    limit = ops.astype(as_tensor(initial), x.dtype)
    if limit.ndim:
        raise ValueError(f"expected initial as a number, received shape {limit.shape}")
    axes = axis if isinstance(axis, list | tuple) else range(x.ndim) if axis is None else (axis,)
    if 0 not in [x.shape[a] for a in axes]:
        found = of_two(reduced(x, axis, keepdims), limit)
    else:
        found = ops.broadcast_to(limit, ops.sum(x, axis, keepdims).shape)
    return found


@keras_op
def amax(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest element over axis, as `max`.

    >>> ops.amax([[1, 5], [7, 2]], axis=1)
    Tensor([5, 7], dtype=int32)
    """
    return ops.max(as_tensor(x), axis, keepdims)


@keras_op
def amin(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The smallest element over axis, as `min`.

    >>> ops.amin([[1, 5], [7, 2]], axis=1)
    Tensor([1, 2], dtype=int32)
    """
    return ops.min(as_tensor(x), axis, keepdims)


@keras_op
def ptp(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The largest minus the smallest element over axis ("peak to peak").

    >>> ops.ptp([[1, 5], [7, 2]], axis=1)
    Tensor([4, 5], dtype=int32)
    """
    x = as_tensor(x)
    return ops.subtract(ops.max(x, axis, keepdims), ops.min(x, axis, keepdims))


@keras_op
def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The place of the largest element along axis (None: in the flattened x), the first of equal
    ones: int32.

    >>> ops.argmax([[1, 5], [7, 2]], axis=1)
    Tensor([1, 0], dtype=int32)
    """
    return places(ops.argmax(as_tensor(x), axis, keepdims))


@keras_op
def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The place of the smallest element, as `argmax`.

    >>> ops.argmin([[1, 5], [7, 2]])
    Tensor(0, dtype=int32)
    """
    return places(ops.argmin(as_tensor(x), axis, keepdims))


@keras_op
def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether all elements over axis are true, that is not 0.

    >>> ops.all([[1, 1], [1, 0]], axis=1)
    Tensor([ True, False], dtype=bool)
    """
    return constant((array_of(as_tensor(x)) != 0).all(axis=as_numpy_axis(axis), keepdims=keepdims))


@keras_op
def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether at least one element over axis is true, that is not 0.

    >>> ops.any([[0, 0], [1, 0]], axis=1)
    Tensor([False,  True], dtype=bool)
    """
    return constant((array_of(as_tensor(x)) != 0).any(axis=as_numpy_axis(axis), keepdims=keepdims))


@keras_op
def count_nonzero(x: Any, axis: Axis = None) -> Tensor:
    """How many elements over axis are not 0: int32.

    >>> ops.count_nonzero([[0, 3], [4, 5]], axis=1)
    Tensor([1, 2], dtype=int32)
    """
    return places(ops.sum(ops.not_equal(as_tensor(x), 0), axis))


@keras_op
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """log(sum of e**x) over axis, right also where e**x overflows.

    >>> ops.logsumexp([1000.0, 1000.0]).round(2)
    Tensor(1000.69)
    """
    return ops.logsumexp(as_float(x), axis, keepdims)


@keras_op
def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The sums of all elements up to each along an axis (None: of the flattened x).

    >>> ops.cumsum([[1, 2], [3, 4]], axis=1)
    Tensor([[1, 3],
            [3, 7]], dtype=int32)
    """
    x = as_int(x) if dtype is None else ops.astype(as_tensor(x), dtype)
    total = ops.cumsum(x, axis)
    return total if total.dtype == x.dtype else ops.astype(total, x.dtype)


@keras_op
def average(x: Any, axis: Axis = None, weights: Any = None) -> Tensor:
    """The mean over axis, weighted: sum(w x) / sum(w). weights: of the shape of x, or, with one
    axis, one number for each place along it. ValueError for other shapes.

    >>> ops.average([1.0, 3.0], weights=[3.0, 1.0])
    Tensor(1.5)
    """
    if weights is None:
        return ops.mean(as_float(x), axis)
    x, w = promoted_floats(x, weights)
    if w.shape != x.shape:
        if not isinstance(axis, int) or w.shape != (x.shape[counted(axis, x.ndim, "average")],):
            raise ValueError(
                f"average: expected weights of the shape {x.shape} of x, or one for each place "
                f"along one axis, received shape {w.shape} and axis {axis}"
            )
        w = ops.reshape(w, [-1 if i == axis % x.ndim else 1 for i in range(x.ndim)])
        w = ops.broadcast_to(w, x.shape)
    return ops.sum(x * w, axis) / ops.sum(w, axis)


@keras_op
def moments(
    x: Any, axes: Axis, keepdims: bool = False, synchronized: bool = False
) -> tuple[Tensor, Tensor]:
    """(mean, variance) over axes. ValueError for synchronized=True: there is one device.

    >>> ops.moments([[1.0, 2.0], [3.0, 2.0]], axes=0)
    (Tensor([2., 2.]), Tensor([1., 0.]))
    """
    if synchronized:
        raise ValueError("moments: expected synchronized=False, corereg runs on one device")
    x = as_float(x)
    return ops.mean(x, axes, keepdims), ops.var(x, axes, keepdims)


# ---- segments ------------------------------------------------------------------------------------


def _segments(
    who: str, data: Any, segment_ids: Any, num_segments: int | None
) -> tuple[Any, Any, int]:
    data, ids = as_tensor(data), as_tensor(segment_ids)
    if ids.ndim != 1 or ids.dtype.kind not in "iu" or data.shape[:1] != ids.shape:
        raise ValueError(
            f"{who}: expected an integer for each of the rows of data of shape {data.shape}, "
            f"received segment_ids of shape {ids.shape} and dtype {ids.dtype}"
        )
    if num_segments is None:
        num_segments = int(array_of(ids).max()) + 1 if ids.size else 0
    return data, ids, num_segments


@keras_op
def segment_sum(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """The sums of the rows of each segment: data (n, ...), segment_ids (n,) -> (num_segments, ...).
    num_segments None: one more than the largest id. Rows with another id, such as -1, are left out.
    sorted changes no result.

    >>> ops.segment_sum([1.0, 2.0, 4.0], [0, 0, 2])
    Tensor([3., 0., 4.])
    """
    data, ids, count = _segments("segment_sum", data, segment_ids, num_segments)
    left_out = (array_of(ids) < 0) | (array_of(ids) >= count)
    start = Tensor(np.zeros((count + 1, *data.shape[1:]), data.dtype))
    return ops.add_at(start, ops.where(left_out, count, ids), data)[:count]


@keras_op
def segment_max(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """The largest elements of each segment's rows, as `segment_sum`; -infinity (or the smallest
    integer) where a segment is empty.

    >>> ops.segment_max([1, 2, 4], [0, 0, 1])
    Tensor([2, 4], dtype=int32)
    """
    data, ids, count = _segments("segment_max", data, segment_ids, num_segments)
    least = -np.inf if data.dtype.kind == "f" else np.iinfo(data.dtype).min
    return ops.max(_by_segment(data, ids, count, least), 1)


@keras_op
def segment_min(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """The smallest elements of each segment's rows, as `segment_sum`; infinity (or the largest
    integer) where a segment is empty.

    >>> ops.segment_min([1, 2, 4], [0, 0, 1])
    Tensor([1, 4], dtype=int32)
    """
    data, ids, count = _segments("segment_min", data, segment_ids, num_segments)
    largest = np.inf if data.dtype.kind == "f" else np.iinfo(data.dtype).max
    return ops.min(_by_segment(data, ids, count, largest), 1)


@keras_op
def segment_prod(
    data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False
) -> Tensor:
    """The products of the rows of each segment, as `segment_sum`; 1 where a segment is empty.

    >>> ops.segment_prod([3.0, 2.0, 4.0], [0, 0, 2])
    Tensor([6., 1., 4.])
    """
    data, ids, count = _segments("segment_prod", data, segment_ids, num_segments)
    made = ops.prod(_by_segment(data, ids, count, 1), 1)
    return made if made.dtype == data.dtype else ops.astype(made, data.dtype)


def _by_segment(data: Tensor, ids: Tensor, count: int, neutral: Any) -> Tensor:
    """(count, rows, ...): for each segment its rows of data, and what changes nothing in the place
    of the others; at least one row."""
    fill = np.asarray(neutral, data.dtype)  # of the same dtype, so that the result is, too
    inside = array_of(ids) == np.arange(count).reshape(-1, 1)
    chosen = inside.reshape((count, *ids.shape, *(1,) * (data.ndim - 1)))
    if not data.shape[0]:
        return Tensor(np.full((count, 1, *data.shape[1:]), fill, data.dtype))
    return ops.where(chosen, ops.expand_dims(data, 0), fill)


@keras_op
def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The products of all elements up to each along an axis (None: of the flattened x).

    >>> ops.cumprod([1, 2, 3, 4])
    Tensor([ 1,  2,  6, 24], dtype=int32)
    """
    x = as_int(x) if dtype is None else ops.astype(as_tensor(x), dtype)
    made = ops.cumprod(x, axis)
    return made if made.dtype == x.dtype else ops.astype(made, x.dtype)
