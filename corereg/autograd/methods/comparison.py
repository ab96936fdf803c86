"""Comparisons and logic as methods of Tensor, in PyTorch's words: bools, outside the graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import ops
from corereg.autograd.ops.arguments import array_of, constant
from corereg.autograd.tensor import Tensor, tensor

COMPARABLE = (Tensor, int, float, np.ndarray, np.generic, list, tuple)


def is_equal(self: Tensor, other: Any) -> Tensor:
    """self == other, elementwise: of bools."""
    return ops.equal(self, other) if isinstance(other, COMPARABLE) else NotImplemented


def is_not_equal(self: Tensor, other: Any) -> Tensor:
    """self != other, elementwise: of bools."""
    return ops.not_equal(self, other) if isinstance(other, COMPARABLE) else NotImplemented


def eq(self: Tensor, other: Any) -> Tensor:
    """self == other, elementwise: bools.

    >>> Tensor([1, 2]).eq([1, 5])
    Tensor([ True, False], dtype=bool)
    """
    return ops.equal(self, other)


def ne(self: Tensor, other: Any) -> Tensor:
    """self != other, elementwise: bools.

    >>> Tensor([1, 2]).ne([1, 5])
    Tensor([False,  True], dtype=bool)
    """
    return ops.not_equal(self, other)


def lt(self: Tensor, other: Any) -> Tensor:
    """self < other, elementwise: bools.

    >>> Tensor([1, 2, 3]).lt(2)
    Tensor([ True, False, False], dtype=bool)
    """
    return ops.less(self, other)


def le(self: Tensor, other: Any) -> Tensor:
    """self <= other, elementwise: bools.

    >>> Tensor([1, 2, 3]).le(2)
    Tensor([ True,  True, False], dtype=bool)
    """
    return ops.less_equal(self, other)


def gt(self: Tensor, other: Any) -> Tensor:
    """self > other, elementwise: bools.

    >>> Tensor([1, 2, 3]).gt(2)
    Tensor([False, False,  True], dtype=bool)
    """
    return ops.greater(self, other)


def ge(self: Tensor, other: Any) -> Tensor:
    """self >= other, elementwise: bools.

    >>> Tensor([1, 2, 3]).ge(2)
    Tensor([False,  True,  True], dtype=bool)
    """
    return ops.greater_equal(self, other)


def isclose(
    self: Tensor, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether |self - other| <= atol + rtol * |other|, elementwise.

    >>> Tensor([1.0, 2.0]).isclose([1.000001, 2.1])
    Tensor([ True, False], dtype=bool)
    """
    a, b = array_of(self), array_of(tensor(other, self))
    near = np.less_equal(np.abs(np.subtract(a, b)), atol + rtol * np.abs(b)) & np.isfinite(b)
    near = near | np.equal(a, b)
    return constant(near | (np.isnan(a) & np.isnan(b)) if equal_nan else near)


def allclose(
    self: Tensor, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether all elements are close to those of other, see `isclose`: a Python bool.

    >>> Tensor([1.0, 2.0]).allclose([1.000001, 2.0])
    True
    """
    return bool(ops.all(isclose(self, other, rtol, atol, equal_nan)))


def equal(self: Tensor, other: Any) -> bool:
    """Whether both have one shape and the same elements: a Python bool. `==` and `eq` compare
    elements.

    >>> Tensor([1, 2]).equal(Tensor([1, 2])), Tensor([1, 2]).equal(Tensor([[1, 2]]))
    (True, False)
    """
    return self.shape == tensor(other).shape and bool(ops.all(ops.equal(self, other)))


def logical_and(self: Tensor, other: Any) -> Tensor:
    """Whether both are true, that is not 0.

    >>> Tensor([1, 0]).logical_and([True, True])
    Tensor([ True, False], dtype=bool)
    """
    return ops.logical_and(self, other)


def logical_or(self: Tensor, other: Any) -> Tensor:
    """Whether one or both are true, that is not 0.

    >>> Tensor([1, 0]).logical_or([False, False])
    Tensor([ True, False], dtype=bool)
    """
    return ops.logical_or(self, other)


def logical_xor(self: Tensor, other: Any) -> Tensor:
    """Whether one is true, that is not 0, and the other is not.

    >>> Tensor([1, 0]).logical_xor([True, True])
    Tensor([False,  True], dtype=bool)
    """
    return ops.logical_xor(self, other)
