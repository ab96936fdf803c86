"""Elements by place and by condition: take, where, scatter, slice, one_hot and their likes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import config
from corereg.autograd import Tensor, ops
from corereg.autograd.ops.arguments import array_of, check_size, constant
from corereg.ops.operands import INDEX, as_tensor, counted, keras_op, places, promoted


@keras_op
def get_item(x: Any, key: Any) -> Tensor:
    """x[key] by NumPy's rules: integers, slices, None, ..., arrays of integers or bool, and tuples
    of these. IndexError out of range.

    >>> ops.get_item([[1, 2, 3], [4, 5, 6]], (slice(None), -1))
    Tensor([3, 6], dtype=int32)
    """
    return ops.getitem(as_tensor(x), key)


@keras_op
def take(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """The elements at these places along an axis (None: of the flattened x), negative ones from the
    end. IndexError out of range, where Keras on JAX gives NaN.

    >>> ops.take([[1, 2, 3], [4, 5, 6]], [2, 0], axis=1)
    Tensor([[3, 1],
            [6, 4]], dtype=int32)
    """
    return ops.take(as_tensor(x), as_tensor(indices), axis)


@keras_op
def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """x[i, indices[i, j]] and the like along an axis (None: of the flattened x); the other axes of
    indices broadcast against those of x.

    >>> ops.take_along_axis([[5, 7], [9, 8]], [[1], [0]], axis=1)
    Tensor([[7],
            [9]], dtype=int32)
    """
    x, found = as_tensor(x), as_tensor(indices)
    if axis is None:
        return ops.take_along_axis(ops.flatten(x), ops.flatten(found), 0)
    return ops.take_along_axis(x, found, axis)


@keras_op
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition is true (not 0), x2 elsewhere; all three broadcast. With the condition
    alone: `nonzero`.

    >>> ops.where([True, False, True], [1.0, 2.0, 3.0], 0.0)
    Tensor([1., 0., 3.])
    """
    condition = as_tensor(condition)
    if x1 is None and x2 is None:
        return nonzero(condition)
    if x1 is None or x2 is None:
        raise ValueError("where: expected both x1 and x2, or neither of them")
    return ops.where(condition, *promoted(x1, x2))


@keras_op
def nonzero(x: Any) -> tuple[Tensor, ...]:
    """The places of the elements that are not 0, a vector of int32 for each axis. How many there
    are depends on values, so it is not recorded.

    >>> ops.nonzero([[0, 7], [8, 0]])
    (Tensor([0, 1], dtype=int32), Tensor([1, 0], dtype=int32))
    """
    return tuple(places(constant(a)) for a in np.nonzero(as_tensor(x).data))


@keras_op
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Tensor:
    """For each element, that of the choice whose condition is the first one to be true there, or
    default where none is. condlist and choicelist have one length; all broadcast.

    >>> x = np.array([1, 5, 9])
    >>> ops.select([x < 3, x < 7], [x * 10, -x], default=0)
    Tensor([10, -5,  0], dtype=int64)
    """
    if len(condlist) != len(choicelist) or not len(condlist):
        raise ValueError(
            f"select: expected as many conditions as choices, one or more, received "
            f"{len(condlist)} and {len(choicelist)}"
        )
    *choices, found = promoted(*choicelist, default)
    for condition, choice in zip(reversed(condlist), reversed(choices), strict=True):
        found = ops.where(as_tensor(condition), choice, found)
    return found


@keras_op
def unravel_index(indices: Any, shape: Sequence[int]) -> tuple[Tensor, ...]:
    """Places in the flattened array as one place for each axis of the shape: int32. They are not
    checked; negative ones count from the end.

    >>> ops.unravel_index([1, 5], (2, 3))
    (Tensor([0, 1], dtype=int32), Tensor([1, 2], dtype=int32))
    """
    left = array_of(as_tensor(indices)) % math.prod(shape)
    found = []
    for n in reversed(shape):
        found.append(places(constant(left % n)))
        left = left // n
    return tuple(reversed(found))


# ---- writing -------------------------------------------------------------------------------------


def _places_of(who: str, indices: Any) -> tuple[Any, ...]:
    """An index of arrays from places in the last axis of indices."""
    found = as_tensor(indices)
    if found.dtype.kind not in "iu" or not found.ndim:
        raise ValueError(
            f"{who}: expected indices of integers (..., axes), received shape {found.shape} and "
            f"dtype {found.dtype}"
        )
    return tuple(ops.getitem(found, (..., i)) for i in range(found.shape[-1]))


@keras_op
def scatter(indices: Any, values: Any, shape: Sequence[int]) -> Tensor:
    """Zeros of a shape, with values added at places: indices (..., axes), where the last axis holds
    one number for each of the first axes of the shape, and values (..., rest). Values for the same
    place are added up.

    >>> ops.scatter([[0], [2], [0]], [1.0, 2.0, 3.0], (4,))
    Tensor([4., 0., 2., 0.])
    """
    values = as_tensor(values)
    start = Tensor(np.zeros(tuple(shape), values.dtype))
    return ops.add_at(start, _places_of("scatter", indices), values)


@keras_op
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> Tensor:
    """inputs with updates at places: indices (..., axes), updates (..., rest).

    reduction: None to replace what is there (the last update of the same place stays); "add",
    "max", "min" or "mul" to combine them, the last three only forward.

    >>> ops.scatter_update([1, 2, 3], [[0], [2]], [7, 9])
    Tensor([7, 2, 9], dtype=int32)
    """
    x, index = as_tensor(inputs), _places_of("scatter_update", indices)
    updates = ops.astype(as_tensor(updates), x.dtype)
    if reduction is None:
        return ops.set_at(x, index, updates)
    if reduction == "add":
        return ops.add_at(x, index, updates)
    ufuncs = {"max": np.maximum, "min": np.minimum, "mul": np.multiply}
    if reduction not in ufuncs:
        raise ValueError(
            f"scatter_update: expected reduction None, 'add', 'max', 'min' or 'mul', received "
            f"{reduction!r}"
        )
    if x.requires_grad or updates.requires_grad:
        raise ValueError(
            f"scatter_update: expected tensors that need no gradient for reduction={reduction!r}, "
            "which has none; pass x.detach() and updates.detach()"
        )
    out = array_of(x).copy()
    ufuncs[reduction].at(out, tuple(array_of(i) for i in index), array_of(updates))
    return constant(out)


def _starts(who: str, x: Tensor, start_indices: Any, sizes: Sequence[int]) -> tuple[Any, ...]:
    """The index of a box of these sizes, moved so that it lies within x."""
    if isinstance(start_indices, Tensor):
        starts = [ops.getitem(start_indices, i) for i in range(start_indices.size)]
    else:
        starts = list(start_indices)
    if not len(starts) == len(sizes) == x.ndim:
        raise ValueError(
            f"{who}: expected a place and a length for each of {x.ndim} axes, received "
            f"{len(starts)} and {len(sizes)}"
        )
    if any(not 0 <= m <= n for m, n in zip(sizes, x.shape, strict=True)):
        raise ValueError(f"{who}: expected lengths up to {x.shape}, received {tuple(sizes)}")
    ends = [n - m for m, n in zip(sizes, x.shape, strict=True)]
    if not any(isinstance(s, Tensor) for s in starts):
        both = zip(starts, ends, sizes, strict=True)
        return tuple(slice_(min(max(int(s), 0), e), m) for s, e, m in both)
    index = []
    for axis, (s, e, m) in enumerate(zip(starts, ends, sizes, strict=True)):
        first = np.minimum(np.maximum(array_of(s), 0), e)
        along = [-1 if i == axis else 1 for i in range(x.ndim)]
        index.append((first + np.arange(m)).reshape(along))
    return tuple(index)


def slice_(start: int, length: int) -> Any:
    """Python's slice of so many places."""
    return builtin_slice(start, start + length)


builtin_slice = slice


@keras_op
def slice(inputs: Any, start_indices: Any, shape: Sequence[int]) -> Tensor:
    """A part of inputs that begins at start_indices, a number for each axis, and has this shape
    (-1: to the end of the axis). A part that would reach beyond the end is moved back.

    >>> ops.slice([[1, 2, 3], [4, 5, 6]], (0, 1), (2, -1))
    Tensor([[2, 3],
            [5, 6]], dtype=int32)
    """
    x = as_tensor(inputs)
    sizes = [int(n) for n in shape]
    if -1 in sizes:
        starts = [int(one) for one in start_indices]
        both = zip(sizes, starts, x.shape, strict=False)  # what is missing is told of below
        sizes[: len(starts)] = [n - start if m == -1 else m for m, start, n in both]
    return ops.getitem(x, _starts("slice", x, start_indices, sizes))


@keras_op
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> Tensor:
    """inputs with updates in the place of the part of that shape that begins at start_indices. A
    part that would reach beyond the end is moved back.

    >>> ops.slice_update([0, 0, 0, 0], (1,), [7, 8])
    Tensor([0, 7, 8, 0], dtype=int32)
    """
    x, updates = as_tensor(inputs), as_tensor(updates)
    index = _starts("slice_update", x, start_indices, updates.shape)
    return ops.set_at(x, index, ops.astype(updates, x.dtype))


# ---- classes -------------------------------------------------------------------------------------


@keras_op
def one_hot(
    x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False
) -> Tensor:
    """1 at the place that each integer of x names, along a new axis of num_classes; all 0 for what
    is out of range. dtype None is `corereg.config.floatx()`. ValueError for sparse=True.

    >>> ops.one_hot([0, 2, 5], 3)
    Tensor([[1., 0., 0.],
            [0., 0., 1.],
            [0., 0., 0.]])
    """
    if sparse:
        raise ValueError("one_hot: expected sparse=False, corereg has dense tensors only")
    x = as_tensor(x)
    if x.dtype.kind not in "iub":
        raise TypeError(f"one_hot: expected integers, received {x.dtype}")
    axis = counted(axis, x.ndim + 1, "one_hot")
    check_size("one_hot", (x.size, max(num_classes, 1)), np.float64)
    shape = [-1 if i == axis else 1 for i in range(x.ndim + 1)]
    classes = np.arange(num_classes).reshape(shape)
    found = ops.equal(ops.expand_dims(places(x), axis), classes)
    return ops.astype(found, dtype or config.floatx())


@keras_op
def multi_hot(
    inputs: Any,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
    **kwargs: Any,
) -> Tensor:
    """1 at all places that the integers of a row name, 0 elsewhere: (..., n) -> (..., num_classes).
    A vector is one row. num_classes may be given as num_tokens, its older name. dtype None is
    `corereg.config.floatx()`. ValueError for sparse=True.

    >>> ops.multi_hot([[0, 2], [1, 1]], 4)
    Tensor([[1., 0., 1., 0.],
            [0., 1., 0., 0.]])
    """
    num_classes = kwargs.pop("num_tokens", num_classes)
    if kwargs or num_classes is None:
        raise TypeError(
            f"multi_hot: expected num_classes and no other arguments, received "
            f"num_classes={num_classes} and {sorted(kwargs)}"
        )
    x = as_tensor(inputs)
    found = one_hot(x, num_classes, axis, dtype, sparse)
    return ops.max(found, 1 if x.ndim > 1 else 0)


@keras_op
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> Tensor:
    """How often each of the integers 0, 1, ... is in a vector: int32, up to the largest one in it,
    and for minlength numbers at least. weights: their sums in place of the counts. A matrix is
    counted row by row. The length depends on values: in a recorded function take the sum of
    `one_hot` instead.

    >>> ops.bincount([0, 2, 2], minlength=4)
    Tensor([1, 0, 2, 0], dtype=int32)
    """
    if sparse:
        raise ValueError("bincount: expected sparse=False, corereg has dense tensors only")
    x = as_tensor(x)
    if x.dtype.kind not in "iu" or x.ndim not in (1, 2):
        raise ValueError(
            f"bincount: expected integers of one or two axes, received {x.dtype} of shape {x.shape}"
        )
    largest = int(array_of(x).max()) if x.size else -1
    w = Tensor(np.ones(x.shape, INDEX)) if weights is None else as_tensor(weights)
    shape = (*x.shape[:-1], max(largest + 1, minlength))
    check_size("bincount", shape, w.dtype)
    start = Tensor(np.zeros(shape, w.dtype))
    if x.ndim == 1:
        return ops.add_at(start, x, w)
    return ops.add_at(start, (np.arange(x.shape[0])[:, None], x), w)
