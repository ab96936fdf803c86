"""What orders elements, and what counts them: sort, top_k, quantiles, histograms."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.autograd.aliases import Axis
from corereg.autograd.ops.arguments import array_of, constant
from corereg.ops.operands import (
    INDEX,
    as_float,
    as_tensor,
    counted,
    keras_op,
    places,
    promoted,
    promoted_floats,
)


@keras_op
def sort(x: Any, axis: int = -1) -> Tensor:
    """x in ascending order along an axis; NaN last.

    >>> ops.sort([[3, 1, 2]])
    Tensor([[1, 2, 3]], dtype=int32)
    """
    return ops.sort(as_tensor(x), axis)


@keras_op
def argsort(x: Any, axis: int = -1) -> Tensor:
    """The places of the elements along an axis in ascending order, equal ones in theirs: int32.

    >>> ops.argsort([3, 1, 2])
    Tensor([1, 2, 0], dtype=int32)
    """
    return places(ops.argsort(as_tensor(x), axis))


@keras_op
def argpartition(x: Any, kth: int, axis: int | None = -1) -> Tensor:
    """The places of the elements along an axis (None: of the flattened x), such that the one at kth
    is where sorting would put it, smaller elements before and larger ones behind it: int32. (Here
    all of them are sorted.)

    >>> ops.argpartition([3, 1, 2], kth=0)
    Tensor([1, 2, 0], dtype=int32)
    """
    x = as_tensor(x)
    if axis is None:
        x, axis = ops.reshape(x, -1), 0
    length = x.shape[counted(axis, x.ndim, "argpartition")]
    if not -length <= kth < length:
        raise ValueError(f"argpartition: expected kth within {length} elements, received {kth}")
    return places(ops.argsort(x, axis))


@keras_op
def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Tensor, Tensor]:
    """(values, places) of the k largest elements along the last axis, the largest first; places are
    int32.

    >>> ops.top_k([1.0, 9.0, 5.0], 2)
    (Tensor([9., 5.]), Tensor([1, 2], dtype=int32))
    """
    values, where = ops.top_k(as_tensor(x), k, sorted)
    return values, places(where)


@keras_op
def in_top_k(targets: Any, predictions: Any, k: int) -> Tensor:
    """Whether the class of each row is among those of its k largest predictions, equal ones
    included: targets (n,), predictions (n, classes) -> (n,). A prediction of NaN is the smallest.

    >>> ops.in_top_k([1, 0], [[0.1, 0.7, 0.2], [0.1, 0.7, 0.2]], k=2)
    Tensor([ True, False], dtype=bool)
    """
    targets, predictions = as_tensor(targets), as_tensor(predictions)
    rows = array_of(predictions)
    classes = targets if targets.dtype.kind in "iu" else ops.astype(targets, INDEX)
    own = array_of(ops.take_along_axis(predictions, ops.expand_dims(classes, -1), -1))
    return constant((rows > np.where(own == own, own, -np.inf)).sum(axis=-1) < k)


@keras_op
def median(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The median over axis, of an even number of elements the mean of the two in the middle.

    >>> ops.median([[1, 9, 2, 4]], axis=1)
    Tensor([3.])
    """
    return ops.median(as_float(x), axis, keepdims)


# ---- quantiles -----------------------------------------------------------------------------------


@keras_op
def quantile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """The number below which a share q of the elements over axis lies. q: in [0, 1], a number, or a
    vector whose axis comes first in the result. NaN where an element is NaN. method: what is taken
    between two elements: "linear", "lower", "higher", "nearest" or "midpoint".

    >>> ops.quantile([1.0, 2.0, 3.0, 4.0, 5.0], [0.25, 0.5])
    Tensor([2., 3.])
    """
    return _quantile("quantile", x, q, axis, method, keepdims, skip=False)


@keras_op
def percentile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """As `quantile`, q in [0, 100].

    >>> ops.percentile([1.0, 2.0, 3.0], 75)
    Tensor(2.5)
    """
    return _quantile("percentile", x, as_float(q) / 100.0, axis, method, keepdims, skip=False)


@keras_op
def nanquantile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """As `quantile`, of the elements that are not NaN.

    >>> ops.nanquantile([1.0, np.nan, 3.0], 0.5)
    Tensor(2.)
    """
    return _quantile("nanquantile", x, q, axis, method, keepdims, skip=True)


@keras_op
def nanpercentile(
    x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False
) -> Tensor:
    """As `percentile`, of the elements that are not NaN.

    >>> ops.nanpercentile([1.0, np.nan, 3.0], 50)
    Tensor(2.)
    """
    return _quantile("nanpercentile", x, as_float(q) / 100.0, axis, method, keepdims, skip=True)


@keras_op
def nanmedian(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """As `median`, of the elements that are not NaN.

    >>> ops.nanmedian([1.0, np.nan, 2.0])
    Tensor(1.5)
    """
    return _quantile("nanmedian", x, 0.5, axis, "linear", keepdims, skip=True)


def _quantile(
    who: str, x: Any, q: Any, axis: Any, method: str, keepdims: bool, skip: bool
) -> Tensor:
    if method not in ("linear", "lower", "higher", "nearest", "midpoint"):
        raise ValueError(
            f"{who}: expected method 'linear', 'lower', 'higher', 'nearest' or 'midpoint', "
            f"received {method!r}"
        )
    x, shares = as_float(x), as_float(q)
    given = range(x.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
    axes = [counted(a, x.ndim, who) for a in given]
    rest = [i for i in range(x.ndim) if i not in axes]
    shape = [x.shape[i] for i in rest]
    ordered = ops.sort(ops.reshape(ops.transpose(x, [*rest, *axes]), (*shape, -1)), -1)
    values = array_of(ordered)
    known = np.logical_not(np.isnan(values)).sum(axis=-1, keepdims=True, dtype=x.dtype)
    last = np.maximum(known, 1) - 1 if skip else known * 0 + max(values.shape[-1] - 1, 0)
    place = ops.astype(ops.reshape(shares, -1), x.dtype) * constant(last)
    at = np.minimum(np.maximum(array_of(place), 0), last)
    low, high = np.floor(at), np.ceil(at)
    share = place - constant(low) if method == "linear" else 0.5
    if method in ("lower", "higher", "nearest"):
        low = high = {"lower": low, "higher": high, "nearest": np.rint(at)}[method]
    first = ops.take_along_axis(ordered, constant(low.astype(np.int64)), -1)
    second = ops.take_along_axis(ordered, constant(high.astype(np.int64)), -1)
    made = _between(first, second, share) if low is not high else first
    none = (known == 0) if skip else (known < values.shape[-1])
    made = ops.where(none, float("nan"), made)
    if shares.ndim:
        made = ops.transpose(made, [len(rest), *range(len(rest))])
    else:
        made = ops.squeeze(made, -1)
    if keepdims:
        kept = [1 if i in axes else n for i, n in enumerate(x.shape)]
        made = ops.reshape(made, (*shares.shape, *kept))
    return made


def _between(first: Tensor, second: Tensor, share: Any) -> Tensor:
    """first + (second - first) * share, also where one of them is infinite."""
    low, high = array_of(first), array_of(second)
    infinite = np.logical_or(np.isinf(low), np.isinf(high))
    one = np.logical_or(np.equal(low, high), np.equal(array_of(share), 0))
    finite = [ops.where(infinite, 0.0, number) for number in (first, second)]
    made = finite[0] * (1.0 - share) + finite[1] * share
    return ops.where(infinite, ops.where(one, first, first + second), made)


# ---- counting ------------------------------------------------------------------------------------


@keras_op
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Tensor:
    """Where values would go into an ascending vector, before equal elements (side "left") or behind
    them ("right"): int32.

    >>> ops.searchsorted([1, 3, 5], [0, 3, 9])
    Tensor([0, 1, 3], dtype=int32)
    """
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: expected side 'left' or 'right', received {side!r}")
    line, x = promoted(sorted_sequence, values)
    if line.ndim != 1:
        raise ValueError(f"searchsorted: expected a vector, received shape {line.shape}")
    return _places_among(line, x, side)


def _places_among(line: Tensor, x: Tensor, side: str) -> Tensor:
    edges, found = array_of(line), array_of(x)
    if isinstance(edges, np.ndarray) and isinstance(found, np.ndarray):
        return places(constant(np.searchsorted(edges, found, side)))  # type: ignore[call-overload]
    each = found.reshape((*found.shape, 1))
    before = edges < each if side == "left" else edges <= each
    after_all = np.logical_and(np.isnan(each), np.logical_not(np.isnan(edges)))
    return places(constant(np.logical_or(before, after_all).sum(axis=-1)))


@keras_op
def digitize(x: Any, bins: Any) -> Tensor:
    """Which of the intervals between ascending bins each element is in: 0 below all, i where
    bins[i - 1] <= x < bins[i]: int32.

    >>> ops.digitize([0.2, 1.0, 7.5], bins=[1.0, 5.0])
    Tensor([0, 1, 2], dtype=int32)
    """
    line, x = promoted(bins, x)
    if line.ndim != 1:
        raise ValueError(f"digitize: expected a vector of bins, received shape {line.shape}")
    return _places_among(line, x, "right")


@keras_op
def histogram(
    x: Any, bins: int = 10, range: tuple[float, float] | None = None
) -> tuple[Tensor, Tensor]:
    """(counts, edges) of a vector in bins of equal width. range: where the first bin begins and the
    last one ends, by default the smallest and the largest element. Each bin is without its upper
    edge, but the last one.

    >>> ops.histogram([1, 2, 2, 4], bins=3, range=(0, 3))
    (Tensor([0., 1., 2.]), Tensor([0., 1., 2., 3.]))
    """
    (x,) = promoted_floats(x)
    if x.ndim != 1 or not isinstance(bins, int) or bins < 1:
        raise ValueError(
            f"histogram: expected a vector and bins >= 1, received shape {x.shape}, bins={bins!r}"
        )
    values = x.data
    low, high = range or ((values.min(), values.max()) if values.size else (0.0, 1.0))
    if low == high:
        low, high = low - 0.5, high + 0.5
    counts, edges = np.histogram(values, bins, (float(low), float(high)))
    return constant(counts.astype(x.dtype)), constant(edges.astype(x.dtype))


@keras_op
def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different elements, ascending (with axis: the different slices along it), and if asked
    for the place of each one's first, which one each element is, and how many there are: int32.
    Each NaN is an element for itself.

    size: so many are returned, cut off or filled up with fill_value (None: the least one). How many
    there are depends on values, so it is not recorded.

    >>> ops.unique([3, 1, 3], return_counts=True)
    (Tensor([1, 3], dtype=int32), Tensor([1, 2], dtype=int32))
    """
    values, *others = np.unique(as_tensor(x).data, True, True, True, axis, equal_nan=False)
    if size is not None:
        along = axis or 0
        missing = max(size - values.shape[along], 0)
        start = values.take([0] * missing, along)
        if fill_value is not None:
            start[...] = fill_value
        values = np.concatenate([values.take(np.arange(size - missing), along), start], along)
        index, inverse, counts = others
        index = np.concatenate([index[:size], np.full(missing, index[0])])
        others = [index, inverse, np.concatenate([counts[:size], np.zeros(missing, counts.dtype)])]
    wanted = zip(others, (return_index, return_inverse, return_counts), strict=True)
    found = [constant(values), *(places(constant(a)) for a, asked in wanted if asked)]
    return found[0] if len(found) == 1 else tuple(found)
