"""Putting tensors together, cutting them, and repeating them: concatenate, stack, split, pad, tile,
repeat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import array_of, check_size, filled, normalize_axis
from corereg.autograd.ops.indexing import Getitem
from corereg.autograd.ops.shaping import Reshape
from corereg.autograd.tensor import Tensor, apply, tensor

MOST_EMPTY_PARTS = 1 << 20  # into which an axis that is shorter may be split


class Concatenate(Op):
    """Operands one after the other; axis counts from 0."""

    __slots__ = ("axis",)
    linear = True

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, *arrays: Any) -> Any:
        return np.concatenate(arrays, self.axis)

    def backward(self, grad: Any, out: Any, *arrays: Any) -> tuple[Any, ...]:
        before, parts, start = (slice(None),) * self.axis, [], 0
        for x in arrays:
            end = start + x.shape[self.axis]
            parts.append(grad[(*before, slice(start, end))])
            start = end
        return tuple(parts)


class Stack(Op):
    """Operands of one shape along a new axis, which counts from 0."""

    __slots__ = ("axis",)
    linear = True

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, *arrays: Any) -> Any:
        return np.stack(arrays, self.axis)

    def backward(self, grad: Any, out: Any, *arrays: Any) -> tuple[Any, ...]:
        before = (slice(None),) * self.axis
        return tuple(grad[(*before, i)] for i in range(len(arrays)))


class Pad(Op):
    """x within an array of `value`; widths: (before, after) of each axis."""

    __slots__ = ("inner", "shape", "value")
    linear = True

    def __init__(self, shape: tuple[int, ...], widths: Sequence[Sequence[int]], value: Any) -> None:
        self.shape = tuple(n + a + b for n, (a, b) in zip(shape, widths, strict=True))
        self.inner = tuple(slice(a, a + n) for n, (a, _) in zip(shape, widths, strict=True))
        self.value = value

    def forward(self, x: Any) -> Any:
        out = filled(self.shape, self.value, x.dtype)
        out[self.inner] = x
        return out

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad[self.inner],)


class Tile(Op):
    """x laid out reps times along each axis; x has as many axes as reps has numbers."""

    __slots__ = ("reps",)
    returns_new_arrays = linear = True

    def __init__(self, reps: Sequence[int]) -> None:
        self.reps = reps

    def forward(self, x: Any) -> Any:
        return np.tile(x, self.reps)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        pairs = [m for n in zip(self.reps, x.shape, strict=True) for m in n]
        return (grad.reshape(pairs).sum(axis=tuple(range(0, 2 * x.ndim, 2))),)


class Repeat(Op):
    """Each element `repeats` times; axis counts from 0."""

    __slots__ = ("axis", "repeats")
    returns_new_arrays = linear = True

    def __init__(self, repeats: int, axis: int) -> None:
        self.repeats = repeats
        self.axis = axis

    def forward(self, x: Any) -> Any:
        return np.repeat(x, self.repeats, self.axis)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        end = self.axis + 1
        apart = (*x.shape[:end], self.repeats, *x.shape[end:])
        return (grad.reshape(apart).sum(axis=end),)


def as_tensors(tensors: Any, who: str) -> list[Tensor]:
    """Several tensors; Python numbers and lists among them take a tensor's dtype."""
    given = list(tensors)
    if not given:
        raise ValueError(f"{who}: expected at least one tensor")
    like = next((t for t in given if isinstance(t, Tensor)), None)
    return [tensor(t, like) for t in given]


def concatenate(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Tensors joined along an axis; all other lengths must be alike (ValueError).

    >>> ops.concatenate([Tensor([[1, 2]]), Tensor([[3, 4]])], axis=1)
    Tensor([[1, 2, 3, 4]], dtype=int64)
    """
    given = as_tensors(tensors, "concatenate")
    return apply(Concatenate(normalize_axis(axis, given[0].ndim, "concatenate")), *given)


def stack(tensors: Sequence[Any], axis: int = 0) -> Tensor:
    """Tensors of one shape along a new axis, which is `axis` in the result.

    >>> ops.stack([Tensor([1, 2]), Tensor([3, 4])], axis=1)
    Tensor([[1, 3],
            [2, 4]], dtype=int64)
    """
    given = as_tensors(tensors, "stack")
    return apply(Stack(normalize_axis(axis, given[0].ndim + 1, "stack")), *given)


def split(x: Any, sections_or_sizes: int | Sequence[int], axis: int = 0) -> list[Tensor]:
    """x cut along an axis: views of it.

    sections_or_sizes: how many parts, of lengths that differ by 1 at most, the longer ones first
    (as PyTorch's tensor_split, NumPy's array_split); or the lengths of the parts (PyTorch's split;
    NumPy's takes the places of the cuts). ValueError unless the lengths sum up to the axis's, and
    for more than MOST_EMPTY_PARTS parts of a shorter axis.

    >>> ops.split(Tensor([1, 2, 3]), 2)
    [Tensor([1, 2], dtype=int64), Tensor([3], dtype=int64)]
    """
    x = tensor(x)
    axis = normalize_axis(axis, x.ndim, "split")
    length = x.shape[axis]
    if isinstance(sections_or_sizes, Sequence | np.ndarray):
        sizes = [int(n) for n in sections_or_sizes]
        if any(n < 0 for n in sizes) or sum(sizes) != length:
            raise ValueError(f"split: expected lengths that sum up to {length}, received {sizes}")
    else:
        parts = sections_or_sizes
        if parts < 1:
            raise ValueError(f"split: expected one part or more, received {parts}")
        if parts > max(length, MOST_EMPTY_PARTS):  # to make them would not end
            raise ValueError(
                f"split: expected at most {MOST_EMPTY_PARTS:,} parts of an axis of length "
                f"{length}, received {parts}"
            )
        sizes = [length // parts + (i < length % parts) for i in range(parts)]
    before, pieces, start = (slice(None),) * axis, [], 0
    for n in sizes:
        pieces.append(apply(Getitem((*before, slice(start, start + n))), x))
        start += n
    return pieces


def pad(x: Any, pad_width: int | Sequence[Any], value: float = 0.0) -> Tensor:
    """x with a border of `value`.

    pad_width: elements before and after, ((before, after), ...) for each axis, (before, after) or
    one number for all. ValueError for other forms and for negative widths.

    >>> ops.pad(Tensor([1.0, 2.0]), (1, 2))
    Tensor([0., 1., 2., 0., 0.])
    """
    x = tensor(x)
    try:
        widths = np.broadcast_to(pad_width, (x.ndim, 2)).tolist()
    except ValueError:
        widths = [[-1, -1]]
    if any(type(n) is not int or n < 0 for both in widths for n in both):
        raise ValueError(
            f"pad: expected pad_width of (before, after), integers >= 0, for {x.ndim} axes, "
            f"received {pad_width}"
        )
    shape = [n + a + b for n, (a, b) in zip(x.shape, widths, strict=True)]
    check_size("pad", shape, x.dtype)
    return apply(Pad(x.shape, widths, value), x)


def tile(x: Any, reps: int | Sequence[int]) -> Tensor:
    """x laid out reps times along each axis, (2, 3) by (4, 2) -> (8, 6); a shorter reps is for the
    last axes, a longer one makes new axes in front.

    >>> ops.tile(Tensor([1, 2]), (2, 2))
    Tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]], dtype=int64)
    """
    x = tensor(x)
    times = list(reps) if isinstance(reps, Sequence) else [reps]
    if any(n < 0 for n in times):
        raise ValueError(f"tile: expected numbers >= 0, received {reps}")
    times = [1] * (x.ndim - len(times)) + times
    before = (1,) * (len(times) - x.ndim) + x.shape
    check_size("tile", [n * m for n, m in zip(before, times, strict=True)], x.dtype)
    if len(times) > x.ndim:
        x = apply(Reshape((1,) * (len(times) - x.ndim) + x.shape), x)
    return apply(Tile(times), x)


def repeat(x: Any, repeats: Any, axis: int | None = None) -> Tensor:
    """Each element several times, one beside the other. repeats: an integer >= 0, or one for each
    place along axis (an array of integers); axis: None for the flattened x.

    >>> ops.repeat(Tensor([1, 2]), [3, 1])
    Tensor([1, 1, 1, 2], dtype=int64)
    """
    x = tensor(x)
    if axis is None:
        x, axis = apply(Reshape(-1), x), 0
    axis = normalize_axis(axis, x.ndim, "repeat")
    times = np.asarray(array_of(repeats))
    if times.shape == (1,):
        times = times.reshape(())
    right = times.dtype.kind in "iu" and times.shape in ((), x.shape[axis : axis + 1])
    if not right or (times < 0).any():
        raise ValueError(
            f"repeat: expected an integer >= 0, or {x.shape[axis]} of them, received {repeats}"
        )
    total = sum(map(int, times)) if times.ndim else x.shape[axis] * int(times)
    check_size("repeat", (*x.shape[:axis], total, *x.shape[axis + 1 :]), x.dtype)
    if not times.ndim:
        return apply(Repeat(int(times), axis), x)
    before, places = (slice(None),) * axis, np.repeat(np.arange(x.shape[axis]), times)
    return apply(Getitem((*before, places)), x)
