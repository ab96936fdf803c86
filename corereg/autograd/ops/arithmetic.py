"""+ - * / ** with broadcasting. The engine sums gradients back over broadcast axes.
A forward of one expression is a function that C has already: no Python frame.

Shapes broadcast and dtypes promote as NumPy's; a Python number or list takes the dtype of the other
operand. ValueError for shapes that do not broadcast, TypeError for what is no number.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import array_of
from corereg.autograd.tensor import Tensor, apply, pair, tensor


class Add(Op):
    __slots__ = ()
    linear = True
    recordable = True

    forward = staticmethod(_kernels.sum_of)

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        return grad, grad


class Subtract(Op):
    __slots__ = ()
    linear = True

    forward = staticmethod(operator.sub)

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        return grad, -grad if self.needs_gradient(1) else None


class Multiply(Op):
    __slots__ = ()
    returns_new_arrays = True

    forward = staticmethod(operator.mul)

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        return grad * b if self.needs_gradient(0) else None, grad * a if self.needs_gradient(
            1
        ) else None


class Divide(Op):
    __slots__ = ()
    returns_new_arrays = True

    forward = staticmethod(operator.truediv)

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        by = grad / b
        return by, -by * out if self.needs_gradient(1) else None


class Power(Op):
    """a ** b. As in PyTorch: where b = 0 the derivative to a is 0, also at a = 0; at a = 0 the
    derivative to b is 0 where b >= 0; it is NaN where a < 0. (Other than in PyTorch, the mixed
    second derivative at b = 0 is 1/a where a > 0.)"""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, a: Any, b: Any) -> Any:
        return a**b

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        da = db = None
        base, exponent = array_of(a), array_of(b)
        if self.needs_gradient(
            0
        ):  # the constant 0 only where a ** (b - 1) or log(a) is no finite number
            flat = (exponent == 0) & ~((base > 0) & (base < np.inf))
            da = np.where(flat, 0, grad * b * a ** np.where(flat, 1, b - 1))
        if self.needs_gradient(1):
            flat = (base == 0) & (exponent >= 0)
            db = grad * np.where(flat, 0, out * np.log(np.where(flat, 1, a)))
        return da, db


class NumberPower(Op):
    """a ** n for a Python number n; the derivative is 0 for n = 0, also at a = 0."""

    __slots__ = ("n",)
    returns_new_arrays = True

    def __init__(self, n: float) -> None:
        self.n = n

    def forward(self, a: Any) -> Any:
        return a**self.n

    def backward(self, grad: Any, out: Any, a: Any) -> tuple[Any, ...]:
        if self.n == 0:
            return (np.zeros(a.shape, a.dtype),)
        return (grad * (self.n * a ** (self.n - 1)),)


class Negative(Op):
    __slots__ = ()
    returns_new_arrays = linear = True

    forward = staticmethod(operator.neg)

    def backward(self, grad: Any, out: Any, a: Any) -> tuple[Any, ...]:
        return (-grad,)


def add(a: Any, b: Any) -> Tensor:
    """a + b, elementwise; shapes broadcast, and the gradient is summed over what was repeated.

    >>> b = Tensor(1.0, requires_grad=True)
    >>> ops.add([10.0, 20.0, 30.0], b).sum().backward()
    >>> b.grad
    Tensor(3.)
    """
    return pair(Add(), a, b)


def subtract(a: Any, b: Any) -> Tensor:
    """a - b, elementwise; shapes broadcast.

    >>> ops.subtract(Tensor([1.0, 2.0]), 0.5)
    Tensor([0.5, 1.5])
    """
    return pair(Subtract(), a, b)


def multiply(a: Any, b: Any) -> Tensor:
    """a * b, elementwise; shapes broadcast.

    >>> a = Tensor([1.0, 2.0], requires_grad=True)
    >>> ops.multiply(a, [3.0, 4.0]).sum().backward()
    >>> a.grad
    Tensor([3., 4.])
    """
    return pair(Multiply(), a, b)


def divide(a: Any, b: Any) -> Tensor:
    """a / b, elementwise; shapes broadcast. Integers give floats.

    >>> ops.divide(Tensor([1, 3]), 2)
    Tensor([0.5, 1.5], dtype=float64)
    """
    return pair(Divide(), a, b)


def power(a: Any, b: Any) -> Tensor:
    """a ** b: NaN where a < 0 and b is not whole, 1 where b = 0. Where b = 0 the derivative to a is
    0, also at a = 0; at a = 0 the derivative to b is 0 where b >= 0.

    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> ops.power(x, 2).sum().backward()
    >>> x.grad
    Tensor([2., 4., 6.])
    """
    if type(b) in (int, float):
        return apply(NumberPower(b), tensor(a))
    return pair(Power(), a, b)


def negative(a: Any) -> Tensor:
    """-a, elementwise.

    >>> ops.negative([1.0, -2.0])
    Tensor([-1.,  2.])
    """
    return apply(Negative(), tensor(a))
