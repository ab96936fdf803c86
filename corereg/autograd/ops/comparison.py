"""Comparisons and logic: tensors of bool, outside the graph. Operands broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd.ops.arguments import array_of, constant
from corereg.autograd.tensor import Tensor


def equal(a: Any, b: Any) -> Tensor:
    """a == b, elementwise"""
    return constant(np.equal(array_of(a), array_of(b)), "equal")


def not_equal(a: Any, b: Any) -> Tensor:
    """a != b, elementwise"""
    return constant(np.not_equal(array_of(a), array_of(b)), "not_equal")


def less(a: Any, b: Any) -> Tensor:
    """a < b"""
    return constant(np.less(array_of(a), array_of(b)), "less")


def less_equal(a: Any, b: Any) -> Tensor:
    """a <= b"""
    return constant(np.less_equal(array_of(a), array_of(b)), "less_equal")


def greater(a: Any, b: Any) -> Tensor:
    """a > b"""
    return constant(np.greater(array_of(a), array_of(b)), "greater")


def greater_equal(a: Any, b: Any) -> Tensor:
    """a >= b"""
    return constant(np.greater_equal(array_of(a), array_of(b)), "greater_equal")


def logical_and(a: Any, b: Any) -> Tensor:
    """Whether both are true, that is not 0"""
    return constant(np.logical_and(array_of(a), array_of(b)), "logical_and")


def logical_or(a: Any, b: Any) -> Tensor:
    """Whether one or both are true"""
    return constant(np.logical_or(array_of(a), array_of(b)), "logical_or")


def logical_not(a: Any) -> Tensor:
    """Whether a is false, that is 0"""
    return constant(np.logical_not(array_of(a)), "logical_not")


def isnan(a: Any) -> Tensor:
    """Whether a is NaN"""
    return constant(np.isnan(array_of(a)), "isnan")


def isinf(a: Any) -> Tensor:
    """Whether a is infinity or minus infinity"""
    return constant(np.isinf(array_of(a)), "isinf")


def isfinite(a: Any) -> Tensor:
    """Whether a is neither infinite nor NaN"""
    return constant(np.isfinite(array_of(a)), "isfinite")
