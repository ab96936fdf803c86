"""Comparisons and logic: tensors of bool, outside the graph. Operands broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd.ops.common import constant, values
from corereg.autograd.tensor import Tensor


def equal(a: Any, b: Any) -> Tensor:
    """a == b, elementwise"""
    return constant(np.equal(values(a), values(b)), "equal")


def not_equal(a: Any, b: Any) -> Tensor:
    """a != b, elementwise"""
    return constant(np.not_equal(values(a), values(b)), "not_equal")


def less(a: Any, b: Any) -> Tensor:
    """a < b"""
    return constant(np.less(values(a), values(b)), "less")


def less_equal(a: Any, b: Any) -> Tensor:
    """a <= b"""
    return constant(np.less_equal(values(a), values(b)), "less_equal")


def greater(a: Any, b: Any) -> Tensor:
    """a > b"""
    return constant(np.greater(values(a), values(b)), "greater")


def greater_equal(a: Any, b: Any) -> Tensor:
    """a >= b"""
    return constant(np.greater_equal(values(a), values(b)), "greater_equal")


def logical_and(a: Any, b: Any) -> Tensor:
    """Whether both are true, that is not 0"""
    return constant(np.logical_and(values(a), values(b)), "logical_and")


def logical_or(a: Any, b: Any) -> Tensor:
    """Whether one or both are true"""
    return constant(np.logical_or(values(a), values(b)), "logical_or")


def logical_not(a: Any) -> Tensor:
    """Whether a is false, that is 0"""
    return constant(np.logical_not(values(a)), "logical_not")


def isnan(a: Any) -> Tensor:
    """Whether a is NaN"""
    return constant(np.isnan(values(a)), "isnan")


def isinf(a: Any) -> Tensor:
    """Whether a is infinity or minus infinity"""
    return constant(np.isinf(values(a)), "isinf")


def isfinite(a: Any) -> Tensor:
    """Whether a is neither infinite nor NaN"""
    return constant(np.isfinite(values(a)), "isfinite")
