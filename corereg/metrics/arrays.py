"""Arrays as metrics take them: cast, in other shapes, and as one value a row with its weight.

What has to compute does so by ops, so that recorded steps compute it again.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.tables.given import given_array

Array = np.ndarray[Any, Any]


def as_array(x: Any) -> Array:
    """A Tensor's values, or x as an array."""
    if isinstance(x, Tensor):
        return x.data
    return given_array("metric", "values", _kernels.plain_array(x))


def reshaped(a: Array, shape: tuple[int, ...]) -> Array:
    """a in another shape, contiguous."""
    if a.flags.c_contiguous:
        return a.reshape(shape)
    return Tensor(a).reshape(shape).data


def as_matrix(z: Array) -> Array:
    """(rows, ...) as contiguous (rows, outputs)."""
    return reshaped(z, (len(z), math.prod(z.shape[1:])))


def as_places(z: Array) -> Array:
    """(rows, ..., classes) as contiguous (places, classes)."""
    return (
        z
        if z.ndim == 2 and z.flags.c_contiguous
        else reshaped(z, (z.size // max(z.shape[-1], 1), z.shape[-1]))
    )


def of_rows(values: Array, rows: int) -> Array:
    """One value a row, of values of several places in each: their mean."""
    if len(values) == rows:
        return values
    return Tensor(values).reshape((rows, -1)).mean(axis=1).data


def cast_to(y: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    """y itself in this shape, or a cast copy."""
    if y.dtype != dtype:
        y = Tensor(y).astype(dtype).data
    return reshaped(y, shape)


def same_shape(who: str, y: Array, z: Array) -> Array:
    """Targets in the shape of predictions: the two may differ by a last axis of 1."""
    if y.shape == z.shape:
        return y
    if y.shape == (*z.shape, 1) or (*y.shape, 1) == z.shape:
        return reshaped(y, z.shape)
    raise ValueError(
        f"{who}: expected y_true of the shape of y_pred, {z.shape}, received {y.shape}"
    )


def cast_like(y: Array, z: Array) -> Array:
    """y in the shape and dtype of z."""
    return cast_to(y, z.shape, z.dtype)


def rows_of(values: Array) -> Array:
    """Values (rows, ...) as their mean in each row; a scalar as one row."""
    if values.ndim <= 1:
        return values.reshape(-1)
    return Tensor(values).mean(axis=tuple(range(1, values.ndim))).data


def weighted_rows(who: str, values: Array, sample_weight: Any) -> tuple[Array, Array | None, Array]:
    """Values (rows, ...) with their weights as (one value a row, its factor, its weight), where the
    factors are None if the values have them already.

    Weights have the first axes of values, whose other axes are averaged. Where each value has a
    weight, a row counts the mean of the products, and weighs the mean of its weights, as in Keras.
    """
    weight = as_array(sample_weight)
    if weight.dtype != values.dtype:
        if weight.dtype.kind not in "fiub":
            raise TypeError(
                f"{who}: expected sample_weight of numbers, received dtype {weight.dtype}"
            )
        weight = cast_to(weight, weight.shape, values.dtype)
    if weight.shape == values.shape and values.ndim == 1:
        return values, weight, weight
    if weight.ndim == values.ndim + 1 and weight.shape[-1] == 1:
        weight = reshaped(weight, weight.shape[:-1])
    if values.ndim > weight.ndim:
        values = Tensor(values).mean(axis=tuple(range(weight.ndim, values.ndim))).data
    if any(w not in (1, n) for w, n in zip(weight.shape, values.shape, strict=False)) or (
        weight.ndim > values.ndim
    ):
        raise ValueError(
            f"{who}: expected sample_weight of a shape that broadcasts to {values.shape}, received "
            f"{weight.shape}"
        )
    if weight.ndim <= 1:
        shape = np.broadcast_shapes(weight.shape, values.shape) or (1,)
        weight = spread(weight, shape)
        return reshaped(values, shape), weight, weight
    weights = spread(weight, values.shape)
    axes = tuple(range(1, values.ndim))
    products = (Tensor(values) * Tensor(weights)).mean(axis=axes)
    means = Tensor(weights).mean(axis=axes)
    return products.data, None, means.data


def spread(weight: Array, shape: tuple[int, ...]) -> Array:
    """weight broadcast to a shape, contiguous."""
    if weight.shape == shape:
        return weight
    return (Tensor(weight) * np.ones(shape, weight.dtype)).data


def divide_no_nan(a: Tensor, b: Tensor) -> Tensor:
    """a / b, and 0 where b is 0."""
    zero = (b == 0).astype(b.dtype)
    return a * (1 - zero) / (b + zero)


def finished(value: Tensor) -> Any:
    """The result of a metric: in a step that is recorded the tensor, so that replays compute it;
    else a float, or an array where there are several."""
    if _kernels.tracing() is not None:
        return value
    array = value.data
    return array.copy() if array.ndim else array.item()
