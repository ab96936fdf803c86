"""Look-ups and changes by index as kernel calls: every element by its place in memory.

The places of a constant index are found by NumPy itself: the index is applied to an array of
places. Index arrays that a program computes are looked up anew by every replay, and checked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.aliases import Array
from corereg.autograd.lowering import (
    as_dtype,
    contiguous,
    copied,
    loop_number,
    native,
)


def places(x: Array) -> Array:
    """How many bytes behind the beginning of x each of its elements lies."""
    found = np.zeros(x.shape, np.int64)
    for axis, (n, step) in enumerate(zip(x.shape, x.strides, strict=True)):
        found += (np.arange(n) * step).reshape(-1, *(1,) * (x.ndim - axis - 1))
    return found


def moved(x: Array, function: Callable[[Array], Array], expected: Array) -> Array:
    """What a function gives that only puts elements elsewhere: repeat, tile, take, roll, ..."""
    out = np.empty_like(expected)
    _kernels.indexed_copy(out, native(x), flat(places(out)), flat(np.asarray(function(places(x)))))
    return out


def flat(offsets: Array) -> Array:
    return np.ascontiguousarray(offsets.reshape(-1), np.int64)


class Places:
    """An index into x: the places of the elements where its computed arrays are 0, and how those
    arrays change that.

    dynamic: the computed index arrays by their position in the index, of integers.
    """

    def __init__(self, x: Array, parts: list[Any], dynamic: dict[int, Array]) -> None:
        zeros = [np.zeros(p.shape, np.int64) if i in dynamic else p for i, p in enumerate(parts)]
        self.base = np.asarray(places(x)[tuple(zeros)])
        self.index: tuple[Array, ...] = ()
        self.lengths: tuple[int, ...] = ()
        self.steps: tuple[int, ...] = ()
        self.where: Array | None = None
        if not dynamic:
            return
        axes = axes_of(parts)
        both = [p.shape for p in parts if isinstance(p, np.ndarray) and p.dtype != bool]
        both += [(int(np.count_nonzero(p)),) for p in parts if is_mask(p)]
        common = np.broadcast_shapes(*both)
        count = int(np.prod(common))
        first = next(iter(dynamic))
        markers = np.arange(count).reshape(-1, *(1,) * (x.ndim - axes[first] - 1))
        shape = (*x.shape[: axes[first]], count, *x.shape[axes[first] + 1 :])
        zeros[first] = np.arange(count).reshape(common)
        if parts[first].shape != common:  # broadcast with the others
            zeros[first] = np.broadcast_to(zeros[first], common)
        self.where = flat(np.broadcast_to(markers, shape)[tuple(zeros)])
        self.index = tuple(
            contiguous(np.broadcast_to(a, common), np.int64).reshape(-1) for a in dynamic.values()
        )
        self.lengths = tuple(x.shape[axes[i]] for i in dynamic)
        self.steps = tuple(x.strides[axes[i]] for i in dynamic)


def is_mask(part: Any) -> bool:
    return isinstance(part, np.ndarray) and part.dtype == bool


def axes_of(parts: list[Any]) -> list[int]:
    """The first axis that each part of an index counts along."""
    found, axis = [], 0
    for part in parts:
        found.append(axis)
        axis += 0 if part is None else part.ndim if is_mask(part) else 1
    return found


def whole_index(index: Any, ndim: int) -> list[Any]:
    """The parts of an index, with slices in the place of `...`, and lists as arrays."""
    parts = list(index) if isinstance(index, tuple) else [index]
    parts = [np.asarray(p) if isinstance(p, list) else p for p in parts]
    used = sum(0 if p is None or p is ... else p.ndim if is_mask(p) else 1 for p in parts)
    at = next((i for i, p in enumerate(parts) if p is ...), None)
    if at is not None:
        parts[at : at + 1] = [slice(None)] * (ndim - used)
    return parts


def looked_up(x: Array, parts: list[Any], dynamic: dict[int, Array], expected: Array) -> Array:
    """x[index], for an index with arrays."""
    out, found = np.empty_like(expected), Places(x, parts, dynamic)
    if out.size:
        _kernels.indexed_copy(
            *(out, native(x), flat(places(out)), flat(found.base), found.where),
            *(found.index, found.lengths, found.steps),
        )
    return out


def changed_at(
    x: Array, parts: list[Any], dynamic: dict[int, Array], value: Any, add: bool
) -> None:
    """x[index] = value, or np.add.at(x, index, value)."""
    found = Places(x, parts, dynamic)
    value = as_dtype(value, x.dtype)
    if np.may_share_memory(x, value):
        value = copied(value)
    if value.ndim > found.base.ndim:
        value = value.reshape(value.shape[value.ndim - found.base.ndim :])
    value = np.broadcast_to(value, found.base.shape)
    how = (np.add, loop_number(np.add, (x.dtype,) * 3)) if add else (None, 0)
    if value.size:
        _kernels.indexed_copy(
            *(native(x), value, flat(found.base), flat(places(value)), found.where),
            *(found.index, found.lengths, found.steps, True, *how),
        )


def extreme_places(x: Array, expected: Array, axis: Any, keepdims: bool, least: bool) -> Array:
    """np.argmax(x) or np.argmin(x)."""
    x, out = native(x), np.empty_like(expected)
    if axis is None:
        x, axis, y = contiguous(x).reshape(-1), 0, out.reshape(())
    else:
        y = out.squeeze(axis) if keepdims else out
    if out.size:
        _kernels.arg_extreme(y, np.moveaxis(x, axis, -1), least)
    return out


def sorted_places(x: Array, expected: Array, axis: int) -> Array:
    """np.argsort(x, axis), stable."""
    x, out = native(x), np.empty_like(expected)
    if out.size:
        _kernels.arg_sort(np.moveaxis(out, axis, -1), np.moveaxis(x, axis, -1))
    return out
