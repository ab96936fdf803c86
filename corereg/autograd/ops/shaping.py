"""reshape and transpose: new views of the same elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd.engine import Op
from corereg.autograd.tensor import Tensor, apply, tensor


class Reshape(Op):
    __slots__ = ("shape",)

    def __init__(self, shape: Any) -> None:
        self.shape = shape

    def forward(self, x: Any) -> Any:
        return x.reshape(self.shape)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad.reshape(x.shape),)


class Transpose(Op):
    __slots__ = ("axes",)

    def __init__(self, axes: int | Sequence[int] | None) -> None:
        self.axes = axes if axes is None or isinstance(axes, Sequence) else (axes,)

    def forward(self, x: Any) -> Any:
        return x.transpose(self.axes)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        back = None if self.axes is None else np.argsort([a % x.ndim for a in self.axes])
        return (grad.transpose(back),)


def reshape(x: Any, shape: int | Sequence[int]) -> Tensor:
    """x in another shape of as many elements; one length may be -1."""
    return apply(Reshape(shape), tensor(x))


def transpose(x: Any, axes: int | Sequence[int] | None = None) -> Tensor:
    """x with its axes in this order (None: reversed)."""
    return apply(Transpose(axes), tensor(x))
