"""sum and mean over axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd.engine import Op
from corereg.autograd.tensor import Tensor, apply, tensor

Axis = int | Sequence[int] | None


def spread(grad: Any, axis: Axis, keepdims: bool, shape: tuple[int, ...]) -> Any:
    """The gradient of a sum: grad along the summed axes, a view."""
    if axis is not None and not keepdims:
        grad = np.expand_dims(grad, axis)  # type: ignore[arg-type]
    return np.broadcast_to(grad, shape)


class Sum(Op):
    __slots__ = ("axis", "keepdims")
    fresh = False

    def __init__(self, axis: Axis, keepdims: bool) -> None:
        self.axis = axis if axis is None or isinstance(axis, int) else tuple(axis)
        self.keepdims = keepdims

    def forward(self, x: Any) -> Any:
        return x.sum(axis=self.axis, keepdims=self.keepdims)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (spread(grad, self.axis, self.keepdims, x.shape),)


class Mean(Op):
    __slots__ = ("axis", "keepdims")
    fresh = False

    def __init__(self, axis: Axis, keepdims: bool) -> None:
        self.axis = axis if axis is None or isinstance(axis, int) else tuple(axis)
        self.keepdims = keepdims

    def forward(self, x: Any) -> Any:
        return x.mean(axis=self.axis, keepdims=self.keepdims)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        each = grad * grad.dtype.type(out.size / x.size if x.size else np.nan)
        return (spread(each, self.axis, self.keepdims, x.shape),)


def sum(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The sum over axis (None: all axes)."""
    return apply(Sum(axis, keepdims), tensor(x))


def mean(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """The mean over axis (None: all axes); NaN where there is nothing to average."""
    x = tensor(x)
    if not x.size:
        raise ValueError(f"mean: expected at least one element, received shape {x.shape}")
    return apply(Mean(axis, keepdims), x)
