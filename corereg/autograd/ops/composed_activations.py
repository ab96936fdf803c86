"""The activations that have no kernel of their own, in NumPy or in terms of other ops, elementwise.

Each takes x of any shape, float32 or float64, and gives the same; TypeError otherwise. Those with
corners are in piecewise_activations.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd.op import Op
from corereg.autograd.ops.activations import sigmoid, softplus, tanh
from corereg.autograd.ops.arguments import array_of, as_floats, normalize_axis
from corereg.autograd.ops.elementwise import sqrt
from corereg.autograd.ops.joining import split
from corereg.autograd.tensor import Tensor, apply


class Celu(Op):
    """x above 0, alpha * (e**(x/alpha) - 1) elsewhere; the derivative at 0 is 1."""

    __slots__ = ("alpha",)
    returns_new_arrays = True

    def __init__(self, alpha: float) -> None:
        self.alpha = alpha

    def forward(self, x: Any) -> Any:
        return np.maximum(x, 0) + self.alpha * np.expm1(np.minimum(x, 0) / self.alpha)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        a = array_of(x)
        low = np.exp(np.where(a < 0, x, 0) / self.alpha)
        return (grad * np.where(a <= 0, low, 1.0),)


class Softsign(Op):
    """x / (1 + |x|)"""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return x / (1 + np.abs(x))

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        near = 1 / (1 + np.abs(x))
        return (grad * (near * near),)


def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """max(x, 0) + alpha * (e**(min(x, 0)/alpha) - 1); smooth, unlike elu of another alpha than 1
    (Barron 2017).

    >>> ops.celu([-1.0, 2.0], alpha=0.5).round(4)
    Tensor([-0.4323,  2.    ])
    """
    return apply(Celu(alpha), as_floats(x, "celu"))


def softsign(x: Any) -> Tensor:
    """x / (1 + |x|), between -1 and 1.

    >>> ops.softsign([-3.0, 1.0])
    Tensor([-0.75,  0.5 ])
    """
    return apply(Softsign(), as_floats(x, "softsign"))


def log_sigmoid(x: Any) -> Tensor:
    """log(sigmoid(x)) = -softplus(-x), without overflow.

    >>> ops.log_sigmoid([-200.0, 0.0]).round(4)
    Tensor([-200.    ,   -0.6931])
    """
    return -softplus(-as_floats(x, "log_sigmoid"))


def tanh_shrink(x: Any) -> Tensor:
    """x - tanh(x): near 0 where x is, and x - 1 or x + 1 far from it.

    >>> ops.tanh_shrink([0.0, 3.0]).round(4)
    Tensor([0.    , 2.0049])
    """
    x = as_floats(x, "tanh_shrink")
    y: Tensor = x - tanh(x)
    return y


def squareplus(x: Any, b: float = 4) -> Tensor:
    """(x + sqrt(x**2 + b)) / 2, a softplus without exponentials (Barron 2021).

    >>> ops.squareplus([-1.5, 0.0, 1.5])
    Tensor([0.5, 1. , 2. ])
    """
    x = as_floats(x, "squareplus")
    y: Tensor = (x + sqrt(x * x + b)) / 2
    return y


def glu(x: Any, axis: int = -1) -> Tensor:
    """a * sigmoid(b), a and b the halves of x along axis (Dauphin et al. 2016).

    ValueError if x has no such axis, or one of odd length.

    >>> ops.glu([[3.0, 4.0, 0.0, 0.0]])
    Tensor([[1.5, 2. ]])
    """
    x = as_floats(x, "glu")
    axis = normalize_axis(axis, x.ndim, "glu")
    if x.shape[axis] % 2:
        raise ValueError(
            f"glu: expected an axis of even length, to be halved, received axis {axis} of shape "
            f"{x.shape}"
        )
    a, b = split(x, 2, axis)
    return a * sigmoid(b)
