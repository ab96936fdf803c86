"""Arrays of any layout: ufuncs, casts, choices and places."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def numpy_loop(ufunc: np.ufunc, *inputs: Array) -> Array:
    """What a ufunc gives."""
    return np.asarray(ufunc(*inputs))


def strided_copy(x: Array, dtype: Any) -> Array:
    """x cast as C casts."""
    return x.astype(dtype)


def strided_select(condition: Array, a: Array, b: Array) -> Array:
    """a where the condition holds, b elsewhere."""
    return np.where(condition, a, b)


def arg_extreme(x: Array, least: bool) -> Array:
    """The places of extremes along the last axis."""
    return np.asarray(np.argmin(x, -1) if least else np.argmax(x, -1))


def arg_sort(x: Array) -> Array:
    """The places of the elements along the last axis in their order, equal ones as they stand."""
    return np.argsort(x, -1, kind="stable")


def indexed_copy(x: Array, places: Array) -> Array:
    """The elements of a vector at these places."""
    return x[places]
