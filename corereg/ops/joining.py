"""Tensors joined, cut, repeated and given borders."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.autograd.aliases import Shape
from corereg.ops.operands import as_tensor, counted, keras_op, promoted


@keras_op
def concatenate(xs: Sequence[Any], axis: int = 0) -> Tensor:
    """Tensors joined along an axis; all other lengths must be alike (ValueError).

    >>> ops.concatenate([[[1, 2]], [[3, 4]]], axis=1)
    Tensor([[1, 2, 3, 4]], dtype=int32)
    """
    return ops.concatenate(promoted(*xs) if len(xs) else [], axis)


@keras_op
def append(x1: Any, x2: Any, axis: int | None = None) -> Tensor:
    """x1 and x2 joined along an axis; None: both flattened.

    >>> ops.append([1, 2], [[3], [4]])
    Tensor([1, 2, 3, 4], dtype=int32)
    """
    x1, x2 = promoted(x1, x2)
    if axis is None:
        return ops.concatenate([ops.flatten(x1), ops.flatten(x2)])
    return ops.concatenate([x1, x2], axis)


@keras_op
def stack(x: Sequence[Any], axis: int = 0) -> Tensor:
    """Tensors of one shape along a new axis, which is `axis` in the result.

    >>> ops.stack([[1, 2], [3, 4]], axis=1)
    Tensor([[1, 3],
            [2, 4]], dtype=int32)
    """
    return ops.stack(promoted(*x) if len(x) else [], axis)


@keras_op
def hstack(xs: Sequence[Any]) -> Tensor:
    """Tensors joined along the second axis, vectors along the first one.

    >>> ops.hstack([[1, 2], [3]])
    Tensor([1, 2, 3], dtype=int32)
    """
    parts = [ops.reshape(t, 1) if not t.ndim else t for t in promoted(*xs)]
    return ops.concatenate(parts, 0 if parts[0].ndim == 1 else 1)


@keras_op
def vstack(xs: Sequence[Any]) -> Tensor:
    """Tensors joined along the first axis; a vector counts as a row.

    >>> ops.vstack([[1, 2], [3, 4]])
    Tensor([[1, 2],
            [3, 4]], dtype=int32)
    """
    parts = [ops.reshape(t, (1, -1)) if t.ndim < 2 else t for t in promoted(*xs)]
    return ops.concatenate(parts, 0)


@keras_op
def dstack(xs: Sequence[Any]) -> Tensor:
    """Tensors joined along the third axis: a vector (n,) counts as (1, n, 1), a matrix (m, n) as
    (m, n, 1).

    >>> ops.dstack([[1, 2], [3, 4]])
    Tensor([[[1, 3],
             [2, 4]]], dtype=int32)
    """
    parts = [ops.reshape(t, (1, -1)) if t.ndim < 2 else t for t in promoted(*xs)]
    return ops.concatenate([ops.expand_dims(t, 2) if t.ndim == 2 else t for t in parts], 2)


def _cut(who: str, x: Tensor, asked: Any, axis: int, equal: bool) -> list[Tensor]:
    length = x.shape[axis]
    if isinstance(asked, int | np.integer):
        if asked < 1 or (equal and length % asked):
            even = "that divides it " if equal else ""
            raise ValueError(
                f"{who}: expected a number of parts {even}for an axis of length {length}, received "
                f"{asked}"
            )
        return ops.split(x, int(asked), axis)
    cuts = [0, *(slice(int(n)).indices(length)[1] for n in asked), length]
    ends = [max(a, b) for a, b in itertools.pairwise(cuts)]
    before = (slice(None),) * axis
    return [ops.getitem(x, (*before, slice(a, b))) for a, b in zip(cuts[:-1], ends, strict=True)]


@keras_op
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """x cut along an axis. indices_or_sections: how many parts of equal length (ValueError if they
    cannot be), or the places of the cuts.

    >>> ops.split([1, 2, 3, 4, 5], [1, 3])
    [Tensor([1], dtype=int32), Tensor([2, 3], dtype=int32), Tensor([4, 5], dtype=int32)]
    """
    x = as_tensor(x)
    return _cut("split", x, indices_or_sections, counted(axis, x.ndim, "split"), equal=True)


@keras_op
def array_split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[Tensor]:
    """As `split`; the parts may differ by 1 in length, the longer ones first.

    >>> ops.array_split([1, 2, 3], 2)
    [Tensor([1, 2], dtype=int32), Tensor([3], dtype=int32)]
    """
    x = as_tensor(x)
    return _cut("array_split", x, indices_or_sections, counted(axis, x.ndim, "array_split"), False)


@keras_op
def hsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """As `split` along the second axis; of a vector along the first one.

    >>> [part.shape for part in ops.hsplit(np.ones((2, 4)), 2)]
    [(2, 2), (2, 2)]
    """
    x = as_tensor(x)
    axis = counted(1 if x.ndim > 1 else 0, x.ndim, "hsplit")
    return _cut("hsplit", x, indices_or_sections, axis, equal=True)


@keras_op
def vsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """As `split` along the first axis, of two axes or more.

    >>> [part.shape for part in ops.vsplit(np.ones((2, 4)), 2)]
    [(1, 4), (1, 4)]
    """
    x = as_tensor(x)
    counted(1, x.ndim, "vsplit")
    return _cut("vsplit", x, indices_or_sections, 0, equal=True)


@keras_op
def dsplit(x: Any, indices_or_sections: Any) -> list[Tensor]:
    """As `split` along the third axis.

    >>> [part.shape for part in ops.dsplit(np.ones((2, 3, 4)), [1])]
    [(2, 3, 1), (2, 3, 3)]
    """
    x = as_tensor(x)
    return _cut("dsplit", x, indices_or_sections, counted(2, x.ndim, "dsplit"), equal=True)


@keras_op
def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """A list of the parts of x along an axis, each without that axis. num: the length of the axis,
    may be left out; ValueError if it is another one.

    >>> ops.unstack([[1, 2], [3, 4]], axis=1)
    [Tensor([1, 3], dtype=int32), Tensor([2, 4], dtype=int32)]
    """
    x = as_tensor(x)
    axis = counted(axis, x.ndim, "unstack")
    if num is not None and num != x.shape[axis]:
        raise ValueError(
            f"unstack: expected num={x.shape[axis]} of shape {x.shape}, received {num}"
        )
    return [ops.getitem(x, (*(slice(None),) * axis, i)) for i in range(x.shape[axis])]


@keras_op
def tile(x: Any, repeats: Shape) -> Tensor:
    """x laid out `repeats` times along each axis; fewer numbers are for the last axes, more make
    new axes in front.

    >>> ops.tile([1, 2], (2, 2))
    Tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]], dtype=int32)
    """
    return ops.tile(as_tensor(x), repeats)


@keras_op
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """Each element several times, one beside the other; axis None: of the flattened x.

    >>> ops.repeat([1, 2], [3, 1])
    Tensor([1, 1, 1, 2], dtype=int32)
    """
    return ops.repeat(as_tensor(x), repeats, axis)


@keras_op
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> Tensor:
    """x with a border.

    pad_width: ((before, after), ...) for each axis, (before, after) or one number for all; mode:
    "constant", or "edge", "reflect", "symmetric" or "wrap", as NumPy's; constant_values: of the
    border of mode "constant", 0 if None. ValueError for it beside another mode.

    >>> ops.pad([1, 2, 3], (1, 2))
    Tensor([0, 1, 2, 3, 0, 0], dtype=int32)
    """
    x = as_tensor(x)
    if mode == "constant":
        return ops.pad(x, pad_width, 0 if constant_values is None else constant_values)
    if constant_values is not None:
        raise ValueError(
            f"pad: expected constant_values only beside mode='constant', received "
            f"{constant_values!r} beside {mode!r}"
        )
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise ValueError(
            "pad: expected mode 'constant', 'edge', 'reflect', 'symmetric' or 'wrap', received "
            f"{mode!r}"
        )
    for axis, widths in enumerate(np.broadcast_to(pad_width, (x.ndim, 2)).tolist()):
        if any(widths):
            x = ops.take(x, np.pad(np.arange(x.shape[axis]), widths, mode), axis)  # type: ignore[call-overload]
    found: Tensor = x
    return found
