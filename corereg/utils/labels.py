"""Labels as one-hot rows, and rows of a norm of one."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def to_categorical(x: Any, num_classes: int | None = None) -> Array:
    """Integer labels (...,) or (..., 1) of any rank as one-hot float32 (..., num_classes).

    num_classes: by default the largest label + 1. ValueError for labels that are no whole numbers,
    or outside of [0, num_classes); the first is named.

    >>> utils.to_categorical([0, 2], num_classes=3)
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    y = np.asarray(x)
    if y.ndim > 1 and y.shape[-1] == 1:
        y = y.reshape(y.shape[:-1])
    if y.size and y.dtype.kind not in "iub" and not (y.dtype.kind == "f" and (y % 1 == 0).all()):
        raise ValueError(
            f"to_categorical: expected integer labels, received dtype {y.dtype}"
            + ("" if y.dtype.kind != "f" else " with fractions")
        )
    places = y.astype(np.int64)
    if num_classes is None:
        num_classes = int(places.max()) + 1 if places.size else 0
    wrong = np.argwhere((places < 0) | (places >= num_classes))
    if len(wrong):
        where = tuple(wrong[0].tolist())
        raise ValueError(
            f"to_categorical: expected labels in [0, {num_classes}), received "
            f"{places[where]} at place {where[0] if len(where) == 1 else where}"
        )
    out = np.zeros((*places.shape, num_classes), np.float32)
    if places.size:
        np.put_along_axis(out, places[..., None], 1, axis=-1)
    return out


def normalize(x: Any, axis: int = -1, order: int = 2) -> Array:
    """x divided by its norm of this order along an axis; where the norm is 0, x as it is.

    Floats keep their dtype, others become float64. ValueError unless order is a whole number >= 1.

    >>> utils.normalize(np.array([[3.0, 4.0]])).round(4)
    array([[0.6, 0.8]])
    """
    if not isinstance(order, int | np.integer) or order < 1:
        raise ValueError(f"normalize: expected order as an int >= 1, received {order!r}")
    values = np.atleast_1d(np.asarray(x))
    if values.dtype.kind != "f":
        values = values.astype(np.float64)
    norm = np.linalg.norm(values, int(order), axis, keepdims=True)
    scaled: Array = values / np.where(norm == 0, norm.dtype.type(1), norm)
    return scaled
