"""Other shapes of the same elements. Results are views where NumPy gives views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd.aliases import Axis
from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import as_numpy_axis, normalize_axes, normalize_axis
from corereg.autograd.tensor import Tensor, apply, tensor


class Reshape(Op):
    __slots__ = ("shape",)
    linear = True

    def __init__(self, shape: Any) -> None:
        self.shape = shape

    def forward(self, x: Any) -> Any:
        return x.reshape(self.shape)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad.reshape(x.shape),)


class Transpose(Op):
    __slots__ = ("axes",)
    linear = True

    def __init__(self, axes: int | Sequence[int] | None) -> None:
        self.axes = axes if axes is None or isinstance(axes, Sequence) else (axes,)

    def forward(self, x: Any) -> Any:
        return x.transpose(self.axes)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        if self.axes is None:
            return (grad.T,)
        back = sorted(range(x.ndim), key=[a % x.ndim for a in self.axes].__getitem__)
        return (grad.transpose(back),)


class BroadcastTo(Op):
    """x repeated along new axes and those of length 1; the engine sums the gradient back."""

    __slots__ = ("shape",)
    linear = True

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def forward(self, x: Any) -> Any:
        return np.broadcast_to(x, self.shape)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad,)


class Copy(Op):
    __slots__ = ()
    linear = True

    def forward(self, x: Any) -> Any:
        return x.copy()

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad,)


class Flip(Op):
    __slots__ = ("axis",)
    linear = True

    def __init__(self, axis: Axis) -> None:
        self.axis = as_numpy_axis(axis)

    def forward(self, x: Any) -> Any:
        return np.flip(x, self.axis)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (np.flip(grad, self.axis),)


def reshape(x: Any, shape: int | Sequence[int]) -> Tensor:
    """x in another shape of as many elements; one length may be -1. ValueError if there are not
    as many.

    >>> ops.reshape([1, 2, 3, 4, 5, 6], (2, -1))
    Tensor([[1, 2, 3],
            [4, 5, 6]], dtype=int64)
    """
    return apply(Reshape(shape), tensor(x))


def flatten(x: Any) -> Tensor:
    """All elements in one axis, the last of x running fastest: (x.size,).

    >>> ops.flatten([[1, 2], [3, 4]])
    Tensor([1, 2, 3, 4], dtype=int64)
    """
    return apply(Reshape(-1), tensor(x))


def transpose(x: Any, axes: int | Sequence[int] | None = None) -> Tensor:
    """x with its axes in this order (None: reversed). ValueError unless axes names each once.

    >>> ops.transpose([[1, 2, 3]])
    Tensor([[1],
            [2],
            [3]], dtype=int64)
    """
    return apply(Transpose(axes), tensor(x))


def swapaxes(x: Any, axis1: int, axis2: int) -> Tensor:
    """x with two axes exchanged.

    >>> Tensor(np.ones((2, 3, 4))).swapaxes(0, -1).shape
    (4, 3, 2)
    """
    x = tensor(x)
    first = normalize_axis(axis1, x.ndim, "swapaxes")
    second = normalize_axis(axis2, x.ndim, "swapaxes")
    order = list(range(x.ndim))
    order[first], order[second] = second, first
    return apply(Transpose(order), x)


def squeeze(x: Any, axis: Axis = None) -> Tensor:
    """x without these axes, which must have length 1 (ValueError); None: without all such axes.

    >>> ops.squeeze([[[1, 2]]], axis=0)
    Tensor([[1, 2]], dtype=int64)
    """
    x = tensor(x)
    axes = normalize_axes(axis, x.ndim, "squeeze")
    if axis is None:
        axes = tuple(i for i in axes if x.shape[i] == 1)
    elif any(x.shape[i] != 1 for i in axes):
        raise ValueError(f"squeeze: expected axes of length 1, received {axis} of shape {x.shape}")
    return apply(Reshape([n for i, n in enumerate(x.shape) if i not in axes]), x)


def expand_dims(x: Any, axis: int | Sequence[int]) -> Tensor:
    """x with new axes of length 1; axis: where they are in the result.

    >>> Tensor([1, 2]).expand_dims(1)
    Tensor([[1],
            [2]], dtype=int64)
    """
    x = tensor(x)
    ndim = x.ndim + (len(axis) if isinstance(axis, Sequence) else 1)
    axes = normalize_axes(axis, ndim, "expand_dims")
    old = iter(x.shape)
    return apply(Reshape([1 if i in axes else next(old) for i in range(ndim)]), x)


def broadcast_to(x: Any, shape: int | Sequence[int]) -> Tensor:
    """x repeated, without copying, to a shape that it broadcasts to; ValueError otherwise. The
    array behind the result is read-only.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> x.broadcast_to((3, 2)).sum().backward()
    >>> x.grad
    Tensor([3., 3.])
    """
    full = tuple(shape) if isinstance(shape, Sequence) else (shape,)
    return apply(BroadcastTo(full), tensor(x))


def copy(x: Any) -> Tensor:
    """The same elements in memory of their own, one behind the other.

    >>> x = Tensor([1.0, 2.0])
    >>> ops.copy(x).zero_(), x
    (Tensor([0., 0.]), Tensor([1., 2.]))
    """
    return apply(Copy(), tensor(x))


def flip(x: Any, axis: Axis = None) -> Tensor:
    """x with the order of elements reversed along these axes (None: all).

    >>> ops.flip([[1, 2], [3, 4]], axis=1)
    Tensor([[2, 1],
            [4, 3]], dtype=int64)
    """
    return apply(Flip(axis), tensor(x))
