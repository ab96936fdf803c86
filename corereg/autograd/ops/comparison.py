"""Comparisons and logic: tensors of bool, outside the graph. Operands broadcast."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd.aliases import Axis
from corereg.autograd.ops.arguments import array_of, as_numpy_axis, constant
from corereg.autograd.tensor import Tensor, tensor


def equal(a: Any, b: Any) -> Tensor:
    """a == b, elementwise; shapes broadcast.

    >>> ops.equal([1, 2, 3], [1, 5, 3])
    Tensor([ True, False,  True], dtype=bool)
    """
    return constant(np.equal(array_of(a), array_of(b)))


def not_equal(a: Any, b: Any) -> Tensor:
    """a != b, elementwise; shapes broadcast.

    >>> ops.not_equal([1, 2, 3], [1, 5, 3])
    Tensor([False,  True, False], dtype=bool)
    """
    return constant(np.not_equal(array_of(a), array_of(b)))


def less(a: Any, b: Any) -> Tensor:
    """a < b, elementwise; shapes broadcast.

    >>> ops.less([1, 2, 3], 2)
    Tensor([ True, False, False], dtype=bool)
    """
    return constant(np.less(array_of(a), array_of(b)))


def less_equal(a: Any, b: Any) -> Tensor:
    """a <= b, elementwise; shapes broadcast.

    >>> ops.less_equal([1, 2, 3], 2)
    Tensor([ True,  True, False], dtype=bool)
    """
    return constant(np.less_equal(array_of(a), array_of(b)))


def greater(a: Any, b: Any) -> Tensor:
    """a > b, elementwise; shapes broadcast.

    >>> ops.greater([1, 2, 3], 2)
    Tensor([False, False,  True], dtype=bool)
    """
    return constant(np.greater(array_of(a), array_of(b)))


def greater_equal(a: Any, b: Any) -> Tensor:
    """a >= b, elementwise; shapes broadcast.

    >>> ops.greater_equal([1, 2, 3], 2)
    Tensor([False,  True,  True], dtype=bool)
    """
    return constant(np.greater_equal(array_of(a), array_of(b)))


def _numbers(x: Any) -> Any:
    """The array behind x; TypeError for objects, of which NumPy would ask a method."""
    array = array_of(x)
    if not isinstance(x, Tensor) and np.asarray(x).dtype.kind == "O":
        raise TypeError(f"expected numbers or bools, received {x!r:.60}")
    return array


def logical_and(a: Any, b: Any) -> Tensor:
    """Whether both are true, that is not 0.

    >>> ops.logical_and([True, False], [1, 1])
    Tensor([ True, False], dtype=bool)
    """
    return constant(np.logical_and(_numbers(a), _numbers(b)))


def logical_or(a: Any, b: Any) -> Tensor:
    """Whether one or both are true, that is not 0.

    >>> ops.logical_or([True, False], [0, 0])
    Tensor([ True, False], dtype=bool)
    """
    return constant(np.logical_or(_numbers(a), _numbers(b)))


def logical_xor(a: Any, b: Any) -> Tensor:
    """Whether one is true, that is not 0, and the other is not.

    >>> ops.logical_xor([True, True], [True, False])
    Tensor([False,  True], dtype=bool)
    """
    return constant(np.logical_xor(_numbers(a), _numbers(b)))


def logical_not(a: Any) -> Tensor:
    """Whether a is false, that is 0

    >>> Tensor([0, 3]).logical_not()
    Tensor([ True, False], dtype=bool)
    """
    return constant(np.logical_not(_numbers(a)))


def isnan(a: Any) -> Tensor:
    """Whether a is NaN

    >>> Tensor([1.0, np.inf, np.nan]).isnan()
    Tensor([False, False,  True], dtype=bool)
    """
    return constant(np.isnan(array_of(a)))


def isinf(a: Any) -> Tensor:
    """Whether a is infinity or minus infinity

    >>> Tensor([1.0, -np.inf, np.nan]).isinf()
    Tensor([False,  True, False], dtype=bool)
    """
    return constant(np.isinf(array_of(a)))


def isfinite(a: Any) -> Tensor:
    """Whether a is neither infinite nor NaN

    >>> Tensor([1.0, -np.inf, np.nan]).isfinite()
    Tensor([ True, False, False], dtype=bool)
    """
    return constant(np.isfinite(array_of(a)))


def any(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether at least one element over axis is true, that is not 0; NaN is true. False where there
    are no elements.

    >>> ops.any([[0, 0], [1, 0]], axis=1)
    Tensor([False,  True], dtype=bool)
    """
    return constant(np.any(array_of(tensor(x)), as_numpy_axis(axis), keepdims=keepdims))


def all(x: Any, axis: Axis = None, keepdims: bool = False) -> Tensor:
    """Whether all elements over axis are true, that is not 0; NaN is true. True where there are no
    elements.

    >>> ops.all([[1, 1], [1, 0]], axis=1)
    Tensor([ True, False], dtype=bool)
    """
    return constant(np.all(array_of(tensor(x)), as_numpy_axis(axis), keepdims=keepdims))
