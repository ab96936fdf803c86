"""Checks of targets and predictions: classes and what a model says of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.tables.given import given_array

Array = np.ndarray[Any, Any]
SLACK = 1e-3  # how far probabilities may be off 1 in sum: they are float32, or rounded


def as_predictions(who: str, p: Any) -> Array:
    """p as float64: (rows,) of two classes, (rows, classes) else. ValueError for other shapes, for
    NaN and infinity, and for none at all."""
    array = _numbers(who, "predictions", p)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim not in (1, 2) or not array.size:
        raise ValueError(
            f"{who}: expected predictions of shape (rows,) or (rows, 1) of two classes, or "
            f"(rows, classes), received {np.shape(p)}; labels that are each by themselves are "
            "measured as one: give y.ravel() and p.ravel()"
        )
    return array.astype(np.float64)


def as_probabilities(who: str, p: Any) -> Array:
    """As `as_predictions`; ValueError for what are no probabilities."""
    array = as_predictions(who, p)
    if array.min() < 0 or array.max() > 1 + SLACK:
        raise ValueError(
            f"{who}: expected probabilities in [0, 1], received {array.min():.6g} to "
            f"{array.max():.6g}; logits have to go through a sigmoid or a softmax"
        )
    if array.ndim == 2:
        sums = array.sum(axis=1)
        row = int(np.abs(sums - 1).argmax())
        if abs(sums[row] - 1) > SLACK:
            raise ValueError(
                f"{who}: expected probabilities that add up to 1 in every row, received "
                f"{sums[row]:.6g} in row {row}"
            )
    return np.minimum(array, 1)


def as_classes(who: str, y: Any, p: Array) -> Array:
    """y as int64 (rows,), the class of each row of p: from numbers of classes, (rows,) or
    (rows, 1), or from rows with a single 1. ValueError for what does not fit."""
    array = _numbers(who, "y", y)
    rows, classes = len(p), 2 if p.ndim == 1 else p.shape[1]
    if p.ndim == 2 and array.shape == p.shape:
        if not (((array == 0) | (array == 1)).all() and (array.sum(axis=1) == 1).all()):
            raise ValueError(f"{who}: expected y with a single 1 in every row, else 0")
        found: Array = array.argmax(axis=1)
        return found
    if array.shape not in ((rows,), (rows, 1)):
        raise ValueError(
            f"{who}: expected y of shape {(rows,)}, the class of each row of the predictions, or "
            f"one-hot of shape {(rows, classes)}, received {array.shape}"
        )
    array = array.reshape(-1)
    if (array != np.floor(array)).any() or array.min() < 0 or array.max() >= classes:
        raise ValueError(
            f"{who}: expected y of whole numbers in [0, {classes}), received {array.min()} to "
            f"{array.max()}"
        )
    return array.astype(np.int64)


def _numbers(who: str, what: str, value: Any) -> Array:
    array = value.data if isinstance(value, Tensor) else given_array(who, what, value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{who}: expected {what} as numbers, received dtype {array.dtype}")
    if not np.isfinite(array).all():
        raise ValueError(f"{who}: expected finite {what}, received NaN or infinity")
    return array
