"""Axes of an array brought to its end, so that functions of rows reach them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from corereg.export.c.array import REAL, Array
from corereg.export.c.moves import copy_places
from corereg.export.c.writer import Writer


def axes_of(w: Writer, axis: Any, rank: int) -> list[int]:
    """The axes that a call computes along, counted in a row, in order; rank: of the whole, with
    that of the rows. None: all, which are more than a row."""
    if axis is None:
        raise w.refuse("it computes along the axis of rows, which C code has one at a time")
    given: Iterable[Any] = axis if isinstance(axis, Sequence) else (axis,)
    found = sorted({int(one) % rank for one in given})
    if not found or found[0] == 0:
        raise w.refuse("it computes along the axis of rows, which C code has one at a time")
    return [one - 1 for one in found]


def order_of(rank: int, axes: Sequence[int]) -> list[int]:
    """The axes of a row with some of them at the end."""
    return [i for i in range(rank) if i not in axes] + list(axes)


def turned(w: Writer, x: Array, axes: Sequence[int]) -> Array:
    """x with these axes at its end: itself, if they are there."""
    order = order_of(len(x.shape), axes)
    if order == list(range(len(order))):
        return x
    places = np.arange(x.size).reshape(x.shape).transpose(order)
    made = w.scratch(f"{x.name}_turned", REAL, places.shape)
    copy_places(w, made, x, np.arange(x.size).reshape(places.shape), places)
    return made


def turned_back(w: Writer, y: Array, x: Array, axes: Sequence[int]) -> None:
    """Copies into y what was turned."""
    order = order_of(len(y.shape), axes)
    places = np.arange(y.size).reshape(y.shape).transpose(order)
    copy_places(w, y, x, places, np.arange(y.size).reshape(places.shape))


def copy(w: Writer, y: Array, x: Array) -> None:
    """Writes y = x."""
    if y.name != x.name:
        every = np.arange(y.size)
        copy_places(w, y, x, every, every)


def as_reals(w: Writer, x: Array) -> Array:
    """x as numbers of the file's type."""
    if x.kind == REAL:
        return x
    made = w.scratch(f"{x.name}_reals", REAL, x.shape)
    copy(w, made, x)
    return made
