"""Other shapes, and other orders, of the same elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.autograd import Tensor, ops
from corereg.autograd.aliases import Axis, Shape
from corereg.ops.operands import as_tensor, counted, keras_op


@keras_op
def reshape(x: Any, newshape: Shape) -> Tensor:
    """x in another shape of as many elements; one length may be -1. ValueError for other negative
    ones.

    >>> ops.reshape([1, 2, 3, 4, 5, 6], (2, -1))
    Tensor([[1, 2, 3],
            [4, 5, 6]], dtype=int32)
    """
    lengths = newshape if isinstance(newshape, tuple | list) else ()
    negative = [n for n in lengths if isinstance(n, int) and n < 0]
    if len(negative) > 1 or any(n < -1 for n in negative):
        raise ValueError(
            f"reshape: expected lengths of which one may be -1, received newshape={newshape}"
        )
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
    """x repeated to a shape that it broadcasts to, without copying. ValueError for other shapes.

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
    """x with the order of elements reversed along its second axis.

    >>> ops.fliplr([[1, 2], [3, 4]])
    Tensor([[2, 1],
            [4, 3]], dtype=int32)
    """
    return ops.flip(as_tensor(x), 1)


@keras_op
def flipud(x: Any) -> Tensor:
    """x with the order of elements reversed along its first axis.

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
    """x with its elements moved by shift places along these axes; those that leave at the end come
    in at the beginning. axis None: as if x were flat.

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
