"""Comparisons, logic and bits of two operands, which broadcast: bools or integers, outside the
graph."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.autograd.ops.arguments import array_of, constant
from corereg.ops.operands import as_tensor, keras_op, promoted, promoted_floats


@keras_op
def equal(x1: Any, x2: Any) -> Tensor:
    """Whether x1 = x2.

    >>> ops.equal([1, 2, 3], [1, 5, 3])
    Tensor([ True, False,  True], dtype=bool)
    """
    return ops.equal(*promoted(x1, x2))


@keras_op
def not_equal(x1: Any, x2: Any) -> Tensor:
    """Whether x1 differs from x2.

    >>> ops.not_equal([1, 2, 3], [1, 5, 3])
    Tensor([False,  True, False], dtype=bool)
    """
    return ops.not_equal(*promoted(x1, x2))


@keras_op
def less(x1: Any, x2: Any) -> Tensor:
    """Whether x1 < x2.

    >>> ops.less([1, 2, 3], 2)
    Tensor([ True, False, False], dtype=bool)
    """
    return ops.less(*promoted(x1, x2))


@keras_op
def less_equal(x1: Any, x2: Any) -> Tensor:
    """Whether x1 <= x2.

    >>> ops.less_equal([1, 2, 3], 2)
    Tensor([ True,  True, False], dtype=bool)
    """
    return ops.less_equal(*promoted(x1, x2))


@keras_op
def greater(x1: Any, x2: Any) -> Tensor:
    """Whether x1 > x2.

    >>> ops.greater([1, 2, 3], 2)
    Tensor([False, False,  True], dtype=bool)
    """
    return ops.greater(*promoted(x1, x2))


@keras_op
def greater_equal(x1: Any, x2: Any) -> Tensor:
    """Whether x1 >= x2.

    >>> ops.greater_equal([1, 2, 3], 2)
    Tensor([False,  True,  True], dtype=bool)
    """
    return ops.greater_equal(*promoted(x1, x2))


@keras_op
def isclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether |x1 - x2| <= atol + rtol |x2|, elementwise. Infinities of one sign are close; NaN is
    close to NaN only if equal_nan is True.

    >>> ops.isclose([1.0, 2.0], [1.000001, 2.1])
    Tensor([ True, False], dtype=bool)
    """
    a, b = map(array_of, promoted_floats(x1, x2))
    finite = np.logical_and(np.isfinite(a), np.isfinite(b))
    with np.errstate(invalid="ignore"):
        near = np.abs(a - b) <= atol + rtol * np.abs(b)
    close = np.logical_or(np.logical_and(finite, near), a == b)
    if equal_nan:
        close = np.logical_or(close, np.logical_and(np.isnan(a), np.isnan(b)))
    return constant(close)


@keras_op
def allclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether all elements are close: see `isclose`.

    >>> ops.allclose([1.0, 2.0], [1.0, 2.1], rtol=0.1)
    Tensor(True, dtype=bool)
    """
    return constant(array_of(isclose(x1, x2, rtol, atol, equal_nan)).all())


@keras_op
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element of x1 is among those of x2, or with invert=True whether it is not: of
    the shape of x1. assume_unique is Keras's argument, and changes no result.

    >>> ops.isin([1, 2, 3], [3, 1])
    Tensor([ True, False,  True], dtype=bool)
    """
    x1, x2 = promoted(x1, x2)
    a, b = array_of(x1), array_of(x2).reshape(-1)
    found = (a.reshape((*a.shape, 1)) == b).any(-1)
    return constant(np.logical_not(found) if invert else found)


@keras_op
def logical_and(x1: Any, x2: Any) -> Tensor:
    """Whether both are true, that is not 0.

    >>> ops.logical_and([True, False], [1, 1])
    Tensor([ True, False], dtype=bool)
    """
    return ops.logical_and(as_tensor(x1), as_tensor(x2))


@keras_op
def logical_or(x1: Any, x2: Any) -> Tensor:
    """Whether one or both are true.

    >>> ops.logical_or([True, False], [0, 0])
    Tensor([ True, False], dtype=bool)
    """
    return ops.logical_or(as_tensor(x1), as_tensor(x2))


@keras_op
def logical_xor(x1: Any, x2: Any) -> Tensor:
    """Whether exactly one is true.

    >>> ops.logical_xor([True, True], [True, False])
    Tensor([False,  True], dtype=bool)
    """
    return constant(np.logical_xor(array_of(as_tensor(x1)), array_of(as_tensor(x2))))


@keras_op
def logical_not(x: Any) -> Tensor:
    """Whether x is false, that is 0.

    >>> ops.logical_not([0, 3])
    Tensor([ True, False], dtype=bool)
    """
    return ops.logical_not(as_tensor(x))


@keras_op
def bitwise_and(x: Any, y: Any) -> Tensor:
    """The bits that are set in both integers.

    >>> ops.bitwise_and([12, 5], 6)
    Tensor([4, 4], dtype=int32)
    """
    return constant(np.bitwise_and(*map(array_of, promoted(x, y))))


@keras_op
def bitwise_or(x: Any, y: Any) -> Tensor:
    """The bits that are set in one of the integers or in both.

    >>> ops.bitwise_or([12, 5], 6)
    Tensor([14,  7], dtype=int32)
    """
    return constant(np.bitwise_or(*map(array_of, promoted(x, y))))


@keras_op
def bitwise_xor(x: Any, y: Any) -> Tensor:
    """The bits that are set in exactly one of the integers.

    >>> ops.bitwise_xor([12, 5], 6)
    Tensor([10,  3], dtype=int32)
    """
    return constant(np.bitwise_xor(*map(array_of, promoted(x, y))))


@keras_op
def bitwise_not(x: Any) -> Tensor:
    """The bits that are not set: -x - 1 for signed integers. Also called `bitwise_invert`.

    >>> ops.bitwise_not([0, 5])
    Tensor([-1, -6], dtype=int32)
    """
    return constant(np.invert(array_of(as_tensor(x))))


@keras_op
def bitwise_invert(x: Any) -> Tensor:
    """The bits that are not set: see `bitwise_not`.

    >>> ops.bitwise_invert([True, False])
    Tensor([False,  True], dtype=bool)
    """
    return constant(np.invert(array_of(as_tensor(x))))


@keras_op
def bitwise_left_shift(x: Any, y: Any) -> Tensor:
    """x * 2 ** y of integers. Also called `left_shift`.

    >>> ops.bitwise_left_shift([1, 3], 2)
    Tensor([ 4, 12], dtype=int32)
    """
    return constant(np.left_shift(*map(array_of, promoted(x, y))))


@keras_op
def left_shift(x: Any, y: Any) -> Tensor:
    """x * 2 ** y of integers: see `bitwise_left_shift`.

    >>> ops.left_shift(1, [0, 1, 2])
    Tensor([1, 2, 4], dtype=int32)
    """
    return constant(np.left_shift(*map(array_of, promoted(x, y))))


@keras_op
def bitwise_right_shift(x: Any, y: Any) -> Tensor:
    """x // 2 ** y of integers. Also called `right_shift`.

    >>> ops.bitwise_right_shift([8, -5], 1)
    Tensor([ 4, -3], dtype=int32)
    """
    return constant(np.right_shift(*map(array_of, promoted(x, y))))


@keras_op
def right_shift(x: Any, y: Any) -> Tensor:
    """x // 2 ** y of integers: see `bitwise_right_shift`.

    >>> ops.right_shift(16, [0, 1, 2])
    Tensor([16,  8,  4], dtype=int32)
    """
    return constant(np.right_shift(*map(array_of, promoted(x, y))))
