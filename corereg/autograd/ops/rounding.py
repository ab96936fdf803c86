"""Whole numbers near a number, and division with a whole quotient: floor, ceil, round, trunc,
floor_divide, remainder, fmod."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import array_of
from corereg.autograd.tensor import Tensor, apply, pair, tensor


class _Step(Op):
    """A function whose derivative is 0 wherever it has one, and is taken as 0 elsewhere too."""

    __slots__ = ()
    returns_new_arrays = linear = True
    function: ClassVar[np.ufunc]

    def forward(self, *arrays: Any) -> Any:
        return self.function(*arrays)

    def backward(self, grad: Any, out: Any, *arrays: Any) -> tuple[Any, ...]:
        return tuple(np.zeros(x.shape, x.dtype) for x in arrays)


class Floor(_Step):
    __slots__ = ()
    function = np.floor


class Ceil(_Step):
    __slots__ = ()
    function = np.ceil


class Trunc(_Step):
    __slots__ = ()
    function = np.trunc


class FloorDivide(_Step):
    __slots__ = ()
    function = np.floor_divide


class Round(_Step):
    """To the nearest multiple of 10**-decimals, to the even one of two."""

    __slots__ = ("decimals",)

    def __init__(self, decimals: int) -> None:
        self.decimals = decimals

    def forward(self, x: Any) -> Any:
        if x.dtype.kind != "f":
            return x.copy()
        if not self.decimals:
            return np.rint(x)
        if abs(self.decimals) > self.most_decimals(x.dtype):
            nothing = np.copysign(x.dtype.type(0), x)
            return x.copy() if self.decimals > 0 else np.where(np.isfinite(x), nothing, x)
        scale = x.dtype.type(10 ** abs(self.decimals))
        if self.decimals < 0:
            return np.rint(x / scale) * scale
        whole = 2.0 ** (np.finfo(x.dtype).nmant + 1)  # larger numbers have no decimal places
        fits = np.abs(x) < x.dtype.type(whole / scale)
        return np.where(fits, np.rint(np.where(fits, x, 0) * scale) / scale, x)

    def most_decimals(self, dtype: Any) -> int:
        """So many that 10**decimals is a number of this dtype."""
        return int(np.log10(np.finfo(dtype).max))


class Remainder(Op):
    """a - b * floor(a / b), of the sign of b."""

    __slots__ = ()

    def forward(self, a: Any, b: Any) -> Any:
        return np.remainder(a, b)

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        if not self.needs_gradient(1):
            return grad, None
        return grad, -grad * np.floor_divide(array_of(a), array_of(b))


class Fmod(Op):
    """a - b * trunc(a / b), of the sign of a."""

    __slots__ = ()

    def forward(self, a: Any, b: Any) -> Any:
        return np.fmod(a, b)

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        if not self.needs_gradient(1):
            return grad, None
        return grad, -grad * np.trunc(array_of(a) / array_of(b))


def floor(x: Any) -> Tensor:
    """The largest whole number that is not above x, in x's dtype; the derivative is 0.

    >>> Tensor([-1.5, 1.5]).floor()
    Tensor([-2.,  1.])
    """
    return apply(Floor(), tensor(x))


def ceil(x: Any) -> Tensor:
    """The smallest whole number that is not below x, in x's dtype; the derivative is 0.

    >>> Tensor([-1.5, 1.5]).ceil()
    Tensor([-1.,  2.])
    """
    return apply(Ceil(), tensor(x))


def trunc(x: Any) -> Tensor:
    """x without its fraction, in x's dtype; the derivative is 0.

    >>> Tensor([-1.5, 1.5]).trunc()
    Tensor([-1.,  1.])
    """
    return apply(Trunc(), tensor(x))


def round(x: Any, decimals: int = 0) -> Tensor:
    """x to this many decimal places (negative: to tens, hundreds, ...), of two equally near numbers
    to the one whose last digit is even; the derivative is 0. Integers stay as they are.

    >>> Tensor([0.5, 1.5, 2.6]).round()
    Tensor([0., 2., 3.])
    >>> Tensor([12.25, 37.0]).round(-1)
    Tensor([10., 40.])
    """
    return apply(Round(int(decimals)), tensor(x))


def floor_divide(x1: Any, x2: Any) -> Tensor:
    """The largest whole number that is not above x1 / x2, ``x1 // x2``; the derivatives are 0.

    >>> ops.floor_divide(Tensor([-7, 7]), 2)
    Tensor([-4,  3], dtype=int64)
    """
    return pair(FloorDivide(), x1, x2)


def remainder(x1: Any, x2: Any) -> Tensor:
    """x1 - x2 * floor(x1 / x2), ``x1 % x2``, of the sign of x2, as in Python; NaN where x2 = 0. The
    derivative to x1 is 1, that to x2 is -floor(x1 / x2).

    >>> ops.remainder(Tensor([-7, 7]), 3)
    Tensor([2, 1], dtype=int64)
    """
    return pair(Remainder(), x1, x2)


def fmod(x1: Any, x2: Any) -> Tensor:
    """x1 - x2 * trunc(x1 / x2), of the sign of x1, as C's function; NaN where x2 = 0. The
    derivative to x1 is 1, that to x2 is -trunc(x1 / x2).

    >>> ops.fmod(Tensor([-7, 7]), 3)
    Tensor([-1,  1], dtype=int64)
    """
    return pair(Fmod(), x1, x2)
