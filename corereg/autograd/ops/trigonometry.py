"""Trigonometric and hyperbolic functions and their inverses, of one element each.

x is float32 or float64, of any shape; the result is like it. TypeError otherwise. Where a function
is not defined the result is NaN, and NumPy warns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import as_floats
from corereg.autograd.tensor import Tensor, apply


class Tan(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.tan(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad * (1 + out * out),)


class Arcsin(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.arcsin(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad / np.sqrt((1 - x) * (1 + x)),)


class Arccos(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.arccos(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (-grad / np.sqrt((1 - x) * (1 + x)),)


class Arctan(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.arctan(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad / (1 + x * x),)


class Sinh(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.sinh(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad * cosh_of(x),)


class Cosh(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.cosh(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad * (sinh(x) if isinstance(x, Tensor) else np.sinh(x)),)


class Arcsinh(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.arcsinh(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad / np.sqrt(1 + x * x),)


class Arccosh(Op):
    """The derivative at 1 is infinite."""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.arccosh(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad / np.sqrt((x - 1) * (x + 1)),)


class Arctanh(Op):
    """The derivative at -1 and 1 is infinite."""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.arctanh(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad / ((1 - x) * (1 + x)),)


def cosh_of(x: Any) -> Any:
    """cosh of an array, or of a tensor under create_graph."""
    return cosh(x) if isinstance(x, Tensor) else np.cosh(x)


def tan(x: Any) -> Tensor:
    """The tangent; x in radians.

    >>> Tensor([0.0, np.pi / 4]).tan().round(4)
    Tensor([0., 1.])
    """
    return apply(Tan(), as_floats(x, "tan"))


def arcsin(x: Any) -> Tensor:
    """The angle in [-pi/2, pi/2] whose sine is x; NaN outside [-1, 1], infinite derivative at the
    ends.

    >>> Tensor([0.0, 1.0]).arcsin().round(4)
    Tensor([0.    , 1.5708])
    """
    return apply(Arcsin(), as_floats(x, "arcsin"))


def arccos(x: Any) -> Tensor:
    """The angle in [0, pi] whose cosine is x; NaN outside [-1, 1], infinite derivative at the
    ends.

    >>> Tensor([1.0, -1.0]).arccos().round(4)
    Tensor([0.    , 3.1416])
    """
    return apply(Arccos(), as_floats(x, "arccos"))


def arctan(x: Any) -> Tensor:
    """The angle in (-pi/2, pi/2) whose tangent is x.

    >>> Tensor([0.0, 1.0]).arctan().round(4)
    Tensor([0.    , 0.7854])
    """
    return apply(Arctan(), as_floats(x, "arctan"))


def sinh(x: Any) -> Tensor:
    """The hyperbolic sine, (e**x - e**-x) / 2.

    >>> Tensor([0.0, 1.0]).sinh().round(4)
    Tensor([0.    , 1.1752])
    """
    return apply(Sinh(), as_floats(x, "sinh"))


def cosh(x: Any) -> Tensor:
    """The hyperbolic cosine, (e**x + e**-x) / 2.

    >>> Tensor([0.0, 1.0]).cosh().round(4)
    Tensor([1.    , 1.5431])
    """
    return apply(Cosh(), as_floats(x, "cosh"))


def arcsinh(x: Any) -> Tensor:
    """The number whose hyperbolic sine is x.

    >>> Tensor([0.0, 1.0]).arcsinh().round(4)
    Tensor([0.    , 0.8814])
    """
    return apply(Arcsinh(), as_floats(x, "arcsinh"))


def arccosh(x: Any) -> Tensor:
    """The number >= 0 whose hyperbolic cosine is x; NaN below 1, infinite derivative at 1.

    >>> Tensor([1.0, 2.0]).arccosh().round(4)
    Tensor([0.   , 1.317])
    """
    return apply(Arccosh(), as_floats(x, "arccosh"))


def arctanh(x: Any) -> Tensor:
    """The number whose hyperbolic tangent is x; NaN outside [-1, 1], infinite at the ends.

    >>> Tensor([0.0, 0.5]).arctanh().round(4)
    Tensor([0.    , 0.5493])
    """
    return apply(Arctanh(), as_floats(x, "arctanh"))
