"""Other shapes of the same elements, and tensors put together and cut."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.autograd.aliases import Axis, Shape
from corereg.ops.operands import as_tensor, counted, keras_op, promoted


@keras_op
def reshape(x: Any, newshape: Shape) -> Tensor:
    """x in another shape of as many elements; one length may be -1.

    >>> ops.reshape([1, 2, 3, 4, 5, 6], (2, -1))
    Tensor([[1, 2, 3],
            [4, 5, 6]], dtype=int32)
    """
    return ops.reshape(as_tensor(x), newshape)


@keras_op
def ravel(x: Any) -> Tensor:
    """All elements in one axis, the last of x running fastest.

    >>> ops.ravel([[1, 2], [3, 4]])
    Tensor([1, 2, 3, 4], dtype=int32)
    """
    return ops.flatten(as_tensor(x))


@keras_op
def transpose(x: Any, axes: Sequence[int] | None = None) -> Tensor:
    """x with its axes in this order (None: reversed).

    >>> ops.transpose([[1, 2, 3]])
    Tensor([[1],
            [2],
            [3]], dtype=int32)
    """
    return ops.transpose(as_tensor(x), axes)


@keras_op
def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """x with two axes exchanged.

    >>> ops.swapaxes(np.ones((2, 3, 4)), 0, -1).shape
    (4, 3, 2)
    """
    return ops.swapaxes(as_tensor(x), axis1, axis2)


@keras_op
def moveaxis(x: Any, source: Shape, destination: Shape) -> Tensor:
    """x with these axes moved to those places, the others in their order.

    >>> ops.moveaxis(np.ones((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    x = as_tensor(x)
    sources, targets = (
        [counted(a, x.ndim, "moveaxis") for a in ([n] if isinstance(n, int) else n)]
        for n in (source, destination)
    )
    if not len(sources) == len({*sources}) == len(targets) == len({*targets}):
        raise ValueError(
            f"moveaxis: expected as many different axes as places, received {source} and "
            f"{destination}"
        )
    left = iter(a for a in range(x.ndim) if a not in sources)
    moved = dict(zip(targets, sources, strict=True))
    return ops.transpose(x, [moved[i] if i in moved else next(left) for i in range(x.ndim)])


@keras_op
def squeeze(x: Any, axis: Axis = None) -> Tensor:
    """x without these axes, which must have length 1; None: without all such axes.

    >>> ops.squeeze([[[1, 2]]], axis=0)
    Tensor([[1, 2]], dtype=int32)
    """
    return ops.squeeze(as_tensor(x), axis)


@keras_op
def expand_dims(x: Any, axis: Shape) -> Tensor:
    """x with new axes of length 1; axis: where they are in the result.

    >>> ops.expand_dims([1, 2], axis=1)
    Tensor([[1],
            [2]], dtype=int32)
    """
    return ops.expand_dims(as_tensor(x), axis)


@keras_op
def broadcast_to(x: Any, shape: Shape) -> Tensor:
    """x repeated, without copying, to a shape that it broadcasts to.

    >>> ops.broadcast_to([1, 2, 3], (2, 3))
    Tensor([[1, 2, 3],
            [1, 2, 3]], dtype=int32)
    """
    return ops.broadcast_to(as_tensor(x), shape)


@keras_op
def flip(x: Any, axis: Axis = None) -> Tensor:
    """x with the order of elements reversed along these axes (None: all).

    >>> ops.flip([[1, 2], [3, 4]], axis=1)
    Tensor([[2, 1],
            [4, 3]], dtype=int32)
    """
    return ops.flip(as_tensor(x), axis)


@keras_op
def fliplr(x: Any) -> Tensor:
    """x with the order reversed along its second axis.

    >>> ops.fliplr([[1, 2], [3, 4]])
    Tensor([[2, 1],
            [4, 3]], dtype=int32)
    """
    return ops.flip(as_tensor(x), 1)


@keras_op
def flipud(x: Any) -> Tensor:
    """x with the order reversed along its first axis.

    >>> ops.flipud([[1, 2], [3, 4]])
    Tensor([[3, 4],
            [1, 2]], dtype=int32)
    """
    return ops.flip(as_tensor(x), 0)


@keras_op
def rot90(array: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> Tensor:
    """The array turned k times by 90 degrees in the plane of two axes, from the first towards the
    second.

    >>> ops.rot90([[1, 2], [3, 4]])
    Tensor([[2, 4],
            [1, 3]], dtype=int32)
    """
    x = as_tensor(array)
    first, second = (counted(a, x.ndim, "rot90") for a in axes)
    if first == second:
        raise ValueError(f"rot90: expected two different axes, received {axes}")
    if k % 4 == 2:
        return ops.flip(x, (first, second))
    if k % 4 == 1:
        return ops.swapaxes(ops.flip(x, second), first, second)
    return ops.flip(ops.swapaxes(x, first, second), second) if k % 4 else x


@keras_op
def roll(x: Any, shift: Shape, axis: Axis = None) -> Tensor:
    """x with its elements moved on along these axes, what leaves at the end coming in at the
    beginning; axis None: as if flattened.

    >>> ops.roll([1, 2, 3, 4], 1)
    Tensor([4, 1, 2, 3], dtype=int32)
    """
    x = as_tensor(x)
    shifts = [shift] if isinstance(shift, int) else [*shift]
    if axis is None:
        return ops.roll(x, sum(shifts))
    axes = [axis] if isinstance(axis, int) else [*axis]
    shifts = shifts * len(axes) if len(shifts) == 1 else shifts
    axes = axes * len(shifts) if len(axes) == 1 else axes
    for steps, one in zip(shifts, axes, strict=True):
        x = ops.roll(x, steps, one)
    found: Tensor = x
    return found


# ---- joining -------------------------------------------------------------------------------------


@keras_op
def concatenate(xs: Sequence[Any], axis: int = 0) -> Tensor:
    """Tensors one after the other along an axis; all other lengths must be alike.

    >>> ops.concatenate([[[1, 2]], [[3, 4]]], axis=1)
    Tensor([[1, 2, 3, 4]], dtype=int32)
    """
    return ops.concatenate(promoted(*xs) if len(xs) else [], axis)


@keras_op
def append(x1: Any, x2: Any, axis: int | None = None) -> Tensor:
    """x2 behind x1 along an axis; None: both flattened.

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
    """Tensors one after the other along the second axis, vectors along the first one.

    >>> ops.hstack([[1, 2], [3]])
    Tensor([1, 2, 3], dtype=int32)
    """
    parts = [ops.reshape(t, 1) if not t.ndim else t for t in promoted(*xs)]
    return ops.concatenate(parts, 0 if parts[0].ndim == 1 else 1)


@keras_op
def vstack(xs: Sequence[Any]) -> Tensor:
    """Tensors one after the other along the first axis; vectors are rows.

    >>> ops.vstack([[1, 2], [3, 4]])
    Tensor([[1, 2],
            [3, 4]], dtype=int32)
    """
    parts = [ops.reshape(t, (1, -1)) if t.ndim < 2 else t for t in promoted(*xs)]
    return ops.concatenate(parts, 0)


@keras_op
def dstack(xs: Sequence[Any]) -> Tensor:
    """Tensors one after the other along the third axis; (n,) is (1, n, 1), (m, n) is (m, n, 1).

    >>> ops.dstack([[1, 2], [3, 4]])
    Tensor([[[1, 3],
             [2, 4]]], dtype=int32)
    """
    parts = [ops.reshape(t, (1, -1)) if t.ndim < 2 else t for t in promoted(*xs)]
    return ops.concatenate([ops.expand_dims(t, 2) if t.ndim == 2 else t for t in parts], 2)


# ---- cutting -------------------------------------------------------------------------------------


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
def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """The parts of x along an axis, without that axis. num: how many there are, if given.

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


# ---- repeating -----------------------------------------------------------------------------------


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
