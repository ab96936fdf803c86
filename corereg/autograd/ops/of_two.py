"""Functions of two numbers: the angle of a point, the length of a hypotenuse, the log of a sum of
exponentials."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import array_of
from corereg.autograd.tensor import Tensor, pair


class Arctan2(Op):
    """The angle of the point (x, y); its derivatives are 0 at (0, 0)."""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, y: Any, x: Any) -> Any:
        return np.arctan2(y, x)

    def backward(self, grad: Any, out: Any, y: Any, x: Any) -> tuple[Any, ...]:
        square = x * x + y * y
        none = array_of(square) == 0
        each = np.where(none, 0, grad) / np.where(none, 1, square)
        return each * x, -each * y


class Hypot(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, a: Any, b: Any) -> Any:
        return np.hypot(a, b)

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        return grad * (a / out), grad * (b / out)


class Logaddexp(Op):
    """log(e**a + e**b); each operand's share of the sum is its derivative."""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, a: Any, b: Any) -> Any:
        return np.logaddexp(a, b)

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        return grad * np.exp(a - out), grad * np.exp(b - out)


def arctan2(x1: Any, x2: Any) -> Tensor:
    """The angle from the positive horizontal axis to the point (x2, x1), x2 to the right, in
    (-pi, pi]; the derivatives at (0, 0) are 0.

    >>> ops.arctan2([0.0, 1.0], [-1.0, 1.0]).round(4)
    Tensor([3.1416, 0.7854])
    """
    return pair(Arctan2(), x1, x2)


def hypot(x1: Any, x2: Any) -> Tensor:
    """sqrt(x1**2 + x2**2), without overflow; the derivatives at (0, 0) are NaN.

    >>> ops.hypot([3.0], [4.0])
    Tensor([5.])
    """
    return pair(Hypot(), x1, x2)


def logaddexp(x1: Any, x2: Any) -> Tensor:
    """log(e**x1 + e**x2), right also where the exponentials overflow.

    >>> ops.logaddexp(-1000.0, -1000.0).round(2)
    Tensor(-999.31)
    """
    return pair(Logaddexp(), x1, x2)
