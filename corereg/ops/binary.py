"""Arithmetic, comparisons and logic of two operands, which broadcast and take one dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.autograd.ops.arguments import array_of, constant
from corereg.ops.operands import as_int, as_tensor, keras_op, promoted, promoted_floats


@keras_op
def add(x1: Any, x2: Any) -> Tensor:
    """x1 + x2; of bools whether one or both are true."""
    return ops.add(*promoted(x1, x2))


@keras_op
def subtract(x1: Any, x2: Any) -> Tensor:
    """x1 - x2"""
    return ops.subtract(*promoted(x1, x2))


@keras_op
def multiply(x1: Any, x2: Any) -> Tensor:
    """x1 * x2; of bools whether both are true."""
    return ops.multiply(*promoted(x1, x2))


@keras_op
def divide(x1: Any, x2: Any) -> Tensor:
    """x1 / x2 as floats. Also called `true_divide`."""
    return ops.divide(*promoted_floats(x1, x2))


@keras_op
def true_divide(x1: Any, x2: Any) -> Tensor:
    """x1 / x2: see `divide`."""
    return ops.divide(*promoted_floats(x1, x2))


@keras_op
def divide_no_nan(x1: Any, x2: Any) -> Tensor:
    """x1 / x2, and 0 where x2 is 0."""
    x1, x2 = promoted_floats(x1, x2)
    none = array_of(x2) == 0
    return ops.where(none, 0.0, ops.divide(x1, ops.where(none, 1.0, x2)))


@keras_op
def power(x1: Any, x2: Any) -> Tensor:
    """x1 ** x2: NaN where x1 < 0 and x2 is not whole, 1 where x2 = 0."""
    base, exponent = promoted(x1, x2)
    if type(x2) in (int, float) and base.dtype.kind == "f":
        return ops.power(base, x2)
    return ops.power(as_int(base), as_int(exponent))


@keras_op
def maximum(x1: Any, x2: Any) -> Tensor:
    """The larger one; NaN beside a NaN. Where they are equal each gets half the gradient."""
    return ops.maximum(*promoted(x1, x2))


@keras_op
def minimum(x1: Any, x2: Any) -> Tensor:
    """The smaller one, as `maximum`."""
    return ops.minimum(*promoted(x1, x2))


@keras_op
def fmax(x1: Any, x2: Any) -> Tensor:
    """The larger one, and the other one beside a NaN; the gradient is that of x1 where they are
    equal."""
    x1, x2 = promoted(x1, x2)
    a, b = array_of(x1), array_of(x2)
    return ops.where(np.logical_or(a >= b, np.isnan(b)), x1, x2)


@keras_op
def fmin(x1: Any, x2: Any) -> Tensor:
    """The smaller one, as `fmax`."""
    x1, x2 = promoted(x1, x2)
    a, b = array_of(x1), array_of(x2)
    return ops.where(np.logical_or(a <= b, np.isnan(b)), x1, x2)


@keras_op
def heaviside(x1: Any, x2: Any) -> Tensor:
    """0 where x1 < 0, x2 where x1 = 0, 1 where x1 > 0."""
    x1, x2 = promoted_floats(x1, x2)
    a = array_of(x1)
    step = ops.where(a == 0, x2, ops.astype(ops.greater(x1, 0), x1.dtype))
    return ops.where(np.isnan(a), x1, step)


@keras_op
def ldexp(x1: Any, x2: Any) -> Tensor:
    """x1 * 2 ** x2, for integers x2."""
    (x1,) = promoted_floats(x1)
    exponent = as_tensor(x2)
    if exponent.dtype.kind not in "iub":
        raise TypeError(f"ldexp: expected integers as x2, received {exponent.dtype}")
    result: Tensor = x1
    most = 3 * (np.finfo(x1.dtype).maxexp - 1)  # beyond it all are 0 or infinite
    left = np.clip(array_of(exponent).astype(np.int64), -most, most)
    for parts in (3, 2, 1):  # 2 ** x2 may be no number of this dtype where the result is one
        part = left // parts
        result = ops.multiply(result, constant(np.exp2(part.astype(result.dtype))))
        left = left - part
    return result


@keras_op
def gcd(x1: Any, x2: Any) -> Tensor:
    """The greatest common divisor of integers."""
    return constant(np.gcd(*map(array_of, promoted(x1, x2))))


@keras_op
def lcm(x1: Any, x2: Any) -> Tensor:
    """The least common multiple of integers."""
    return constant(np.lcm(*map(array_of, promoted(x1, x2))))


@keras_op
def nextafter(x1: Any, x2: Any) -> Tensor:
    """The next float after x1 towards x2, outside the graph."""
    return constant(np.nextafter(*map(array_of, promoted_floats(x1, x2))))


# ---- comparisons: tensors of bool, outside the graph --------------------------------------------


@keras_op
def equal(x1: Any, x2: Any) -> Tensor:
    """Whether x1 = x2."""
    return ops.equal(*promoted(x1, x2))


@keras_op
def not_equal(x1: Any, x2: Any) -> Tensor:
    """Whether x1 differs from x2."""
    return ops.not_equal(*promoted(x1, x2))


@keras_op
def less(x1: Any, x2: Any) -> Tensor:
    """Whether x1 < x2."""
    return ops.less(*promoted(x1, x2))


@keras_op
def less_equal(x1: Any, x2: Any) -> Tensor:
    """Whether x1 <= x2."""
    return ops.less_equal(*promoted(x1, x2))


@keras_op
def greater(x1: Any, x2: Any) -> Tensor:
    """Whether x1 > x2."""
    return ops.greater(*promoted(x1, x2))


@keras_op
def greater_equal(x1: Any, x2: Any) -> Tensor:
    """Whether x1 >= x2."""
    return ops.greater_equal(*promoted(x1, x2))


@keras_op
def isclose(
    x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Tensor:
    """Whether |x1 - x2| <= atol + rtol |x2|, elementwise; infinities are close to themselves, NaN
    to NaN only if equal_nan."""
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
    """Whether all elements are close: see `isclose`."""
    return constant(array_of(isclose(x1, x2, rtol, atol, equal_nan)).all())


@keras_op
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element of x1 is among those of x2 (invert: is not). assume_unique changes no
    result."""
    x1, x2 = promoted(x1, x2)
    a, b = array_of(x1), array_of(x2).reshape(-1)
    found = (a.reshape((*a.shape, 1)) == b).any(-1)
    return constant(np.logical_not(found) if invert else found)


# ---- logic and bits ------------------------------------------------------------------------------


@keras_op
def logical_and(x1: Any, x2: Any) -> Tensor:
    """Whether both are true, that is not 0."""
    return ops.logical_and(as_tensor(x1), as_tensor(x2))


@keras_op
def logical_or(x1: Any, x2: Any) -> Tensor:
    """Whether one or both are true."""
    return ops.logical_or(as_tensor(x1), as_tensor(x2))


@keras_op
def logical_xor(x1: Any, x2: Any) -> Tensor:
    """Whether exactly one is true."""
    return constant(np.logical_xor(array_of(as_tensor(x1)), array_of(as_tensor(x2))))


@keras_op
def logical_not(x: Any) -> Tensor:
    """Whether x is false, that is 0."""
    return ops.logical_not(as_tensor(x))


@keras_op
def bitwise_and(x: Any, y: Any) -> Tensor:
    """The bits that both integers have."""
    return constant(np.bitwise_and(*map(array_of, promoted(x, y))))


@keras_op
def bitwise_or(x: Any, y: Any) -> Tensor:
    """The bits that one or both integers have."""
    return constant(np.bitwise_or(*map(array_of, promoted(x, y))))


@keras_op
def bitwise_xor(x: Any, y: Any) -> Tensor:
    """The bits that exactly one of the integers has."""
    return constant(np.bitwise_xor(*map(array_of, promoted(x, y))))


@keras_op
def bitwise_not(x: Any) -> Tensor:
    """The bits that an integer has not. Also called `bitwise_invert`."""
    return constant(np.invert(array_of(as_tensor(x))))


@keras_op
def bitwise_invert(x: Any) -> Tensor:
    """The bits that an integer has not: see `bitwise_not`."""
    return constant(np.invert(array_of(as_tensor(x))))


@keras_op
def bitwise_left_shift(x: Any, y: Any) -> Tensor:
    """x * 2 ** y of integers. Also called `left_shift`."""
    return constant(np.left_shift(*map(array_of, promoted(x, y))))


@keras_op
def left_shift(x: Any, y: Any) -> Tensor:
    """x * 2 ** y of integers: see `bitwise_left_shift`."""
    return constant(np.left_shift(*map(array_of, promoted(x, y))))


@keras_op
def bitwise_right_shift(x: Any, y: Any) -> Tensor:
    """x // 2 ** y of integers. Also called `right_shift`."""
    return constant(np.right_shift(*map(array_of, promoted(x, y))))


@keras_op
def right_shift(x: Any, y: Any) -> Tensor:
    """x // 2 ** y of integers: see `bitwise_right_shift`."""
    return constant(np.right_shift(*map(array_of, promoted(x, y))))
