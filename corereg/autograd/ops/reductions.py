"""sum and mean over axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd.engine import Op
from corereg.autograd.tensor import Tensor, apply, tensor

Axis = int | Sequence[int] | None


def listed(axis: Axis) -> int | tuple[int, ...] | None:
    """An axis or several as NumPy takes them."""
    return tuple(axis) if isinstance(axis, Sequence) else axis


def spread(grad: Any, axis: Axis, keepdims: bool, shape: tuple[int, ...]) -> Any:
    """The gradient of a sum: grad along the summed axes, a view."""
    if axis is not None and not keepdims:
        grad = np.expand_dims(grad, axis)
    return np.broadcast_to(grad, shape)


class Sum(Op):
    __slots__ = ("axis", "keepdims")

    def __init__(self, axis: Axis, keepdims: bool) -> None:
        self.axis = listed(axis)
        self.keepdims = keepdims

    def forward(self, x: Any) -> Any:
        return x.sum(axis=self.axis, keepdims=self.keepdims)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (spread(grad, self.axis, self.keepdims, x.shape),)


class Mean(Op):
    """The sum over axis by the number of elements in each sum."""

    __slots__ = ("axis", "count", "keepdims")

    def __init__(self, axis: Axis, keepdims: bool) -> None:
        self.axis = listed(axis)
        self.keepdims = keepdims

    def forward(self, x: Any) -> Any:
        total = x.sum(axis=self.axis, keepdims=True)
        self.count = math.prod(n for n, m in zip(x.shape, total.shape, strict=True) if n != m)
        if not self.keepdims:
            total = total.squeeze(self.axis)
        return total / self.count

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (spread(grad / self.count, self.axis, self.keepdims, x.shape),)


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over axis (None: all axes)."""
    return apply(Sum(axis, keepdims), tensor(x))


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over axis (None: all axes); NaN where there is nothing to average."""
    return apply(Mean(axis, keepdims), tensor(x))
