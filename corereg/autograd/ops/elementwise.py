"""exp, log, abs, clip."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.engine import Op
from corereg.autograd.tensor import Tensor, apply, tensor


class Exp(Op):
    __slots__ = ()
    fresh = True

    def forward(self, x: Any) -> Any:
        return _kernels.exp(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad * out,)


class Log(Op):
    __slots__ = ()
    fresh = True

    def forward(self, x: Any) -> Any:
        return _kernels.log(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad / x,)


class Abs(Op):
    """|x|; the derivative at 0 is 0."""

    __slots__ = ()
    fresh = True

    def forward(self, x: Any) -> Any:
        return np.abs(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad * np.sign(x),)


class Clip(Op):
    """min(max(x, low), high); the derivative is 1 from low to high, both included."""

    __slots__ = ("high", "low")
    fresh = True

    def __init__(self, low: float, high: float) -> None:
        self.low = low
        self.high = high

    def forward(self, x: Any) -> Any:
        return np.clip(x, self.low, self.high)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (np.where((x >= self.low) & (x <= self.high), grad, 0),)


def exp(x: Any) -> Tensor:
    """e ** x"""
    return apply(Exp(), tensor(x))


def log(x: Any) -> Tensor:
    """The natural logarithm: NaN below 0, -inf at 0."""
    return apply(Log(), tensor(x))


def abs(x: Any) -> Tensor:
    """|x|"""
    return apply(Abs(), tensor(x))


def clip(x: Any, low: float, high: float) -> Tensor:
    """x limited to [low, high]."""
    if not low <= high:
        raise ValueError(f"clip: expected low <= high, received {low} and {high}")
    return apply(Clip(low, high), tensor(x))
