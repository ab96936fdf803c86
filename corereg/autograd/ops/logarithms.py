"""Logarithms and powers of other bases than e, the cube root, the inverse of the error function.

x is float32 or float64, of any shape; the result is like it. TypeError otherwise.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import array_of, as_floats
from corereg.autograd.ops.elementwise import TWO_BY_ROOT_PI, erf_of
from corereg.autograd.tensor import Tensor, apply

LN_2, LN_10 = math.log(2), math.log(10)


class Log2(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.log2(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad / (LN_2 * x),)


class Log10(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.log10(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad / (LN_10 * x),)


class Exp2(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.exp2(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad * (LN_2 * out),)


class Cbrt(Op):
    """The cube root; the derivative at 0 is infinite."""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.cbrt(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad / (3 * (out * out)),)


class Erfinv(Op):
    """The y with erf(y) = x; derivative sqrt(pi)/2 exp(y*y)."""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        inside = np.abs(x) < 1
        at = np.where(inside, x, 0)
        y = _near_erfinv(at)
        for _ in range(2):  # Halley's step: each makes three times as many digits right
            step = (erf_of(y) - at) / (TWO_BY_ROOT_PI * np.exp(-y * y))
            y = y - step / (1 + y * step)
        ends = np.where(np.abs(x) == 1, np.where(x > 0, np.inf, -np.inf), np.nan)
        return np.where(inside, y, ends).astype(x.dtype)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        outside = np.abs(array_of(x)) > 1
        slope = np.exp(np.where(outside, 0, out) ** 2) / TWO_BY_ROOT_PI
        return (grad * np.where(outside, np.nan, slope),)


def _near_erfinv(x: Any) -> Any:
    """erfinv to 2 parts in 1000 (Winitzki 2008)."""
    bend = 0.147
    fall = np.log1p(-x * x)
    half = 2 / (math.pi * bend) + fall / 2
    return np.sign(x) * np.sqrt(np.maximum(np.sqrt(half * half - fall / bend) - half, 0))


def log2(x: Any) -> Tensor:
    """The logarithm to base 2: NaN below 0, -inf at 0.

    >>> Tensor([0.5, 8.0]).log2().round(4)
    Tensor([-1.,  3.])
    """
    return apply(Log2(), as_floats(x, "log2"))


def log10(x: Any) -> Tensor:
    """The logarithm to base 10: NaN below 0, -inf at 0.

    >>> Tensor([1.0, 1000.0]).log10().round(4)
    Tensor([0., 3.])
    """
    return apply(Log10(), as_floats(x, "log10"))


def exp2(x: Any) -> Tensor:
    """2 ** x, elementwise.

    >>> Tensor([-1.0, 0.0, 3.0]).exp2().round(4)
    Tensor([0.5, 1. , 8. ])
    """
    return apply(Exp2(), as_floats(x, "exp2"))


def cbrt(x: Any) -> Tensor:
    """The cube root, negative below 0; the derivative at 0 is infinite.

    >>> ops.cbrt([-8.0, 27.0]).round(4)
    Tensor([-2.,  3.])
    """
    return apply(Cbrt(), as_floats(x, "cbrt"))


def erfinv(x: Any) -> Tensor:
    """The inverse of the error function: infinite at -1 and 1, NaN beyond them.

    >>> Tensor([0.0, 0.5]).erfinv().round(4)
    Tensor([0.    , 0.4769])
    """
    return apply(Erfinv(), as_floats(x, "erfinv"))
