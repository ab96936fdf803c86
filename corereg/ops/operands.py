"""What the functions of `corereg.ops` share: how they become nodes of graphs, and Keras's rules of
dtypes for what they are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from corereg import config
from corereg.autograd import Tensor, ops
from corereg.autograd.tensor import FLOATS
from corereg.graph.operations import symbolic_op

F = TypeVar("F", bound=Callable[..., Any])

INDEX = np.dtype("int32")
"""The dtype of places and counts in Keras."""


def keras_op(function: F) -> F:
    """The function, which now takes symbolic tensors too; "keras.<name>" in files."""
    return symbolic_op(function, "keras", "corereg.ops")


def keras_op_shaped_like(stand_in: Callable[..., Any]) -> Callable[[F], F]:
    """As `keras_op`, for functions that do not compute on zeros: the stand-in does, and its results
    have the same shapes and dtypes."""
    return lambda function: symbolic_op(function, "keras", "corereg.ops", stand_in)


def as_tensor(x: Any) -> Tensor:
    """x as a tensor. Tensors and NumPy's arrays and numbers keep their dtype; Python's integers and
    lists of them become int32, floats and lists of them `corereg.config.floatx()`."""
    if isinstance(x, Tensor):
        return x
    if isinstance(x, np.ndarray | np.generic):
        return Tensor(x)
    if isinstance(x, list | tuple) and _holds_tensors(x):
        return ops.stack([as_tensor(one) for one in x])
    array = np.asarray(x)
    if array.dtype == np.int64 and not _holds_arrays(x):
        array = array.astype(INDEX) if _fits(array) else array
    elif array.dtype.kind == "f" and (not array.size or not _holds_arrays(x)):
        array = array.astype(config.floatx())
    return Tensor(array)


def _fits(array: Any) -> bool:
    limits = np.iinfo(INDEX)
    return not array.size or (array.min() >= limits.min and array.max() <= limits.max)


def _holds_tensors(x: Any) -> bool:
    if isinstance(x, list | tuple):
        return any(map(_holds_tensors, x))
    return isinstance(x, Tensor)


def _holds_arrays(x: Any) -> bool:
    if isinstance(x, list | tuple):
        return any(map(_holds_arrays, x))
    return hasattr(x, "dtype") or hasattr(x, "__array__")


def as_float(x: Any) -> Tensor:
    """x as a tensor of floats; integers and bools become `corereg.config.floatx()`."""
    x = as_tensor(x)
    return x if x.data.dtype in FLOATS else ops.astype(x, config.floatx())


def as_int(x: Any) -> Tensor:
    """Bools as int32, which sums and products are made of."""
    x = as_tensor(x)
    return ops.astype(x, INDEX) if x.dtype == bool else x


def places(x: Tensor) -> Tensor:
    """Places and counts in Keras's dtype."""
    return ops.astype(x, INDEX)


def promoted(*values: Any) -> list[Tensor]:
    """Operands in one dtype, by Keras's rules: floats before integers, whatever their width, and
    integers before bools; a Python number takes the dtype of the others unless it is of a higher
    kind."""
    tensors = [as_tensor(x) for x in values]
    dtypes = {t.data.dtype for t in tensors}
    if len(dtypes) == 1:
        return tensors
    dtype = result_dtype(values, tensors)
    return [t if t.data.dtype == dtype else ops.astype(t, dtype) for t in tensors]


def result_dtype(values: Any, tensors: list[Tensor]) -> Any:
    """The dtype that operands have together."""
    strong = {
        t.data.dtype
        for v, t in zip(values, tensors, strict=True)
        if not isinstance(v, bool | int | float)
    }
    weak = [v for v in values if isinstance(v, bool | int | float)]
    floats = [d for d in strong if d in FLOATS]
    if floats:
        return max(floats, key=lambda d: d.itemsize)
    if any(isinstance(v, float) for v in weak):
        return np.dtype(config.floatx())
    if any(type(v) is int for v in weak) and all(d.kind == "b" for d in strong):
        return INDEX
    return np.result_type(*strong) if strong else np.dtype(bool)


def promoted_floats(*values: Any) -> list[Tensor]:
    """Operands in one float dtype."""
    first, *others = promoted(*values)
    if first.data.dtype in FLOATS:
        return [first, *others]
    return [ops.astype(t, config.floatx()) for t in (first, *others)]


def counted(axis: int, ndim: int, who: str) -> int:
    """An axis counted from 0; ValueError if there is no such axis."""
    if not -ndim <= axis < ndim:
        raise ValueError(f"{who}: expected an axis of a tensor of {ndim} axes, received {axis}")
    return axis % ndim
