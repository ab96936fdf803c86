"""Functions of one element: powers and roots, exponentials and logarithms, sines, signs.

Each takes x of any shape, float32 or float64 (abs, sign, square and astype integers too), and gives
the same shape and dtype; TypeError otherwise. Going forward NumPy warns of 1/0 and the like (see
`corereg.autograd.tensor`); exp, log and erf, which are kernels, never do. Their errors, in units in
the last place, are the largest among all of float32, and in a sample of float64.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import array_of, as_floats, constant
from corereg.autograd.tensor import FLOATS, Tensor, apply, tensor

TWO_BY_ROOT_PI = 2 / math.sqrt(math.pi)


class Abs(Op):
    """|x|; the derivative at 0 is 0."""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.abs(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad * np.sign(x),)


class Sign(Op):
    """-1, 0 or 1; the derivative is 0, also at 0."""

    __slots__ = ()
    returns_new_arrays = linear = True

    def forward(self, x: Any) -> Any:
        return np.sign(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (np.zeros(x.shape, x.dtype),)


class Sqrt(Op):
    """The square root; the derivative at 0 is infinite."""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.sqrt(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad / (2 * out),)


class Rsqrt(Op):
    """1 / sqrt(x)"""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return 1 / np.sqrt(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (-0.5 * grad * (out * out * out),)


class Exp(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return _kernels.exp(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad * out,)


class Expm1(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.expm1(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad * (out + 1),)


class Log(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return _kernels.log(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad / x,)


class Log1p(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.log1p(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad / (x + 1),)


class Sin(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.sin(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad * np.cos(x),)


class Cos(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.cos(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (-grad * np.sin(x),)


class Erf(Op):
    """2/sqrt(pi) times the integral of exp(-t*t) from 0 to x; derivative 2/sqrt(pi) exp(-x*x)."""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return _erf(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad * (TWO_BY_ROOT_PI * np.exp(-x * x)),)


class Square(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.square(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad * (2 * x),)


class Reciprocal(Op):
    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return 1 / x

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (-grad * (out * out),)


class Astype(Op):
    """x in another float dtype; the engine casts the gradient back."""

    __slots__ = ("dtype",)
    linear = True

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype

    def forward(self, x: Any) -> Any:
        return x.astype(self.dtype)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad,)


def _erf(array: Any) -> Any:
    plain = np.asarray(_kernels.plain_array(array))
    return _kernels.array_in_op(_kernels.erf(plain))


def erf_of(x: Any) -> Any:
    """erf of an array, or of a tensor under create_graph."""
    return apply(Erf(), x) if isinstance(x, Tensor) else _erf(x)


def abs(x: Any) -> Tensor:
    """|x|; the derivative at 0 is 0.

    >>> x = Tensor([-3.0, 0.0, 2.0], requires_grad=True)
    >>> x.abs().sum().backward()
    >>> x.grad
    Tensor([-1.,  0.,  1.])
    """
    return apply(Abs(), tensor(x))


def sign(x: Any) -> Tensor:
    """-1 below 0, 0 at 0, 1 above 0; the derivative is 0 everywhere.

    >>> Tensor([-2.5, 0.0, 7.0]).sign()
    Tensor([-1.,  0.,  1.])
    """
    return apply(Sign(), tensor(x))


def sqrt(x: Any) -> Tensor:
    """The square root: NaN below 0; the derivative at 0 is infinite.

    >>> x = Tensor([4.0, 9.0], requires_grad=True)
    >>> x.sqrt().sum().backward()
    >>> x.grad.round(4)
    Tensor([0.25  , 0.1667])
    """
    return apply(Sqrt(), as_floats(x, "sqrt"))


def rsqrt(x: Any) -> Tensor:
    """1 / sqrt(x): NaN below 0, infinity at 0, where the derivative is -infinity.

    >>> Tensor([4.0, 16.0]).rsqrt()
    Tensor([0.5 , 0.25])
    """
    return apply(Rsqrt(), as_floats(x, "rsqrt"))


def exp(x: Any) -> Tensor:
    """e ** x, within 1.01 units in the last place (float64: 1.0); 0 where that is below the
    smallest normal number.

    >>> Tensor([0.0, 1.0]).exp().round(4)
    Tensor([1.    , 2.7183])
    """
    return apply(Exp(), as_floats(x, "exp"))


def expm1(x: Any) -> Tensor:
    """e**x - 1, exact near 0.

    >>> (1e10 * Tensor([0.0, 1e-10]).expm1()).round(4)
    Tensor([0., 1.])
    """
    return apply(Expm1(), as_floats(x, "expm1"))


def log(x: Any) -> Tensor:
    """The natural logarithm, within 0.87 units in the last place (float64: 0.85): NaN below 0, -inf
    at 0.

    >>> x = Tensor([0.5, 2.0], requires_grad=True)
    >>> x.log().sum().backward()
    >>> x.grad
    Tensor([2. , 0.5])
    """
    return apply(Log(), as_floats(x, "log"))


def log1p(x: Any) -> Tensor:
    """log(1 + x), exact near 0: NaN below -1, -inf at -1.

    >>> (1e10 * Tensor([0.0, 1e-10]).log1p()).round(4)
    Tensor([0., 1.])
    """
    return apply(Log1p(), as_floats(x, "log1p"))


def sin(x: Any) -> Tensor:
    """The sine; x in radians.

    >>> Tensor([0.0, np.pi / 2]).sin().round(4)
    Tensor([0., 1.])
    """
    return apply(Sin(), as_floats(x, "sin"))


def cos(x: Any) -> Tensor:
    """The cosine; x in radians.

    >>> Tensor([0.0, np.pi]).cos().round(4)
    Tensor([ 1., -1.])
    """
    return apply(Cos(), as_floats(x, "cos"))


def erf(x: Any) -> Tensor:
    """The error function, 2/sqrt(pi) times the integral of e**(-t*t) from 0 to x, within 1.32 units
    in the last place (float64: 1.5).

    >>> Tensor([0.0, 1.0]).erf().round(4)
    Tensor([0.    , 0.8427])
    """
    return apply(Erf(), as_floats(x, "erf"))


def square(x: Any) -> Tensor:
    """x * x; integers stay integers.

    >>> Tensor([-3, 4]).square()
    Tensor([ 9, 16], dtype=int64)
    """
    return apply(Square(), tensor(x))


def reciprocal(x: Any) -> Tensor:
    """1 / x: infinity at 0.

    >>> Tensor([2.0, -4.0]).reciprocal()
    Tensor([ 0.5 , -0.25])
    """
    return apply(Reciprocal(), as_floats(x, "reciprocal"))


def astype(x: Any, dtype: Any) -> Tensor:
    """x cast to dtype: gradients flow between float32 and float64, not through integers or bool.

    >>> Tensor([1.7, -1.7]).astype("int64")
    Tensor([ 1, -1], dtype=int64)
    """
    x, dtype = tensor(x), np.dtype(dtype)
    if dtype not in FLOATS:
        return constant(array_of(x).astype(dtype))
    return apply(Astype(dtype), x)
