"""+ - * / ** @ with broadcasting. The engine sums gradients back over broadcast axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.engine import Op
from corereg.autograd.tensor import Tensor, apply, tensor


def pair(op: Op, a: Any, b: Any) -> Tensor:
    """Applies a two-operand op; a Python number takes the dtype of the other operand."""
    if not isinstance(a, Tensor):
        b = tensor(b)
        a = tensor(a, b)
    elif not isinstance(b, Tensor):
        b = tensor(b, a)
    return apply(op, a, b)


class Add(Op):
    __slots__ = ()
    recordable = True  # of equal shapes and dtypes; sum_of sees to the rest

    def forward(self, a: Any, b: Any) -> Any:
        return _kernels.sum_of(a, b)

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        return grad, grad


class Subtract(Op):
    __slots__ = ()

    def forward(self, a: Any, b: Any) -> Any:
        return a - b

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        return grad, -grad if self.wants(1) else None


class Multiply(Op):
    __slots__ = ()
    fresh = True

    def forward(self, a: Any, b: Any) -> Any:
        return a * b

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        return grad * b if self.wants(0) else None, grad * a if self.wants(1) else None


class Divide(Op):
    __slots__ = ()
    fresh = True

    def forward(self, a: Any, b: Any) -> Any:
        return a / b

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        by = grad / b
        return by, -by * out if self.wants(1) else None


class Power(Op):
    """a ** b. As in PyTorch: where b = 0 the derivative to a is 0, also at a = 0; at a = 0 the
    derivative to b is 0 where b >= 0; it is NaN where a < 0."""

    __slots__ = ()
    fresh = True

    def forward(self, a: Any, b: Any) -> Any:
        return a**b

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        da = db = None
        if self.wants(0):
            da = np.where(b == 0, 0, grad * b * a ** (b - 1))
        if self.wants(1):
            db = np.where((a == 0) & (b >= 0), 0, grad * out * np.log(a))
        return da, db


class Matmul(Op):
    """a @ b by NumPy's rules: matrices, stacks of them, and vectors on either side."""

    __slots__ = ()
    fresh = True

    def forward(self, a: Any, b: Any) -> Any:
        return a @ b

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        left = a if a.ndim > 1 else a[None, :]
        right = b if b.ndim > 1 else b[:, None]
        if a.ndim == 1:
            grad = grad[None, ...] if b.ndim == 1 else np.expand_dims(grad, -2)
        if b.ndim == 1:
            grad = grad[..., None]
        da = db = None
        if self.wants(0):
            da = grad @ right.swapaxes(-1, -2)
            da = da if a.ndim > 1 else da.sum(axis=tuple(range(da.ndim - 1)))
        if self.wants(1):
            db = left.swapaxes(-1, -2) @ grad
            db = db if b.ndim > 1 else db[..., 0].sum(axis=tuple(range(db.ndim - 2)))
        return da, db


class Negative(Op):
    __slots__ = ()
    fresh = True

    def forward(self, a: Any) -> Any:
        return -a

    def backward(self, grad: Any, out: Any, a: Any) -> tuple[Any, ...]:
        return (-grad,)


def add(a: Any, b: Any) -> Tensor:
    """a + b"""
    return pair(Add(), a, b)


def subtract(a: Any, b: Any) -> Tensor:
    """a - b"""
    return pair(Subtract(), a, b)


def multiply(a: Any, b: Any) -> Tensor:
    """a * b"""
    return pair(Multiply(), a, b)


def divide(a: Any, b: Any) -> Tensor:
    """a / b"""
    return pair(Divide(), a, b)


def power(a: Any, b: Any) -> Tensor:
    """a ** b"""
    return pair(Power(), a, b)


def matmul(a: Any, b: Any) -> Tensor:
    """a @ b"""
    return pair(Matmul(), a, b)


def negative(a: Any) -> Tensor:
    """-a"""
    return apply(Negative(), tensor(a))
