"""Checks of targets and sample weights, which losses, metrics and data sets share.

`who` is whom an error names: the loss, the metric or the function that was called.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg._lazy import later
from corereg.autograd import Tensor
from corereg.tables.given import given_array

if TYPE_CHECKING:
    from corereg.tables import refusals
else:
    refusals = later("corereg.tables.refusals")

Array = np.ndarray[Any, Any]
WEIGHT = "sample_weight"
FLOAT64_MAX = sys.float_info.max


def check_numbers(who: str, y: Array) -> Array:
    """y if it is made of finite numbers; names the first row that is not."""
    if y.dtype.kind not in "fiub":
        raise refusals.Asked(who, "y").refuse_array(y, f"dtype {y.dtype}")
    if y.dtype.kind != "f" or _kernels.all_between(y, -FLOAT64_MAX, FLOAT64_MAX):
        return y
    if not np.isfinite(y).all():
        row, *rest = np.argwhere(~np.isfinite(y))[0].tolist() or [0]
        where = f"row {row}" + (f", column {rest[0]}" if y.ndim == 2 and y.shape[1] > 1 else "")
        raise ValueError(f"{who}: expected finite y, received NaN or infinity in {where}")
    return y


def match_outputs(who: str, y: Array, outputs: tuple[int | None, ...]) -> Array:
    """y reshaped to (rows, ...) as the outputs; (rows,) stands for (rows, 1)."""
    rest = outputs[1:]
    if y.shape[1:] == rest:
        return y
    width = math.prod(n for n in rest if n is not None)
    if y.ndim == 0 or (None not in rest and math.prod(y.shape[1:]) != width):
        shape = ", ".join(["rows", *map(str, rest)])
        raise ValueError(
            f"{who}: expected y of shape ({shape}) as the model's output, received {y.shape}"
        )
    if None in rest:
        return y.reshape(len(y), -1) if y.ndim == 1 else y
    return y.reshape(len(y), *rest)


def class_count(who: str, outputs: tuple[int | None, ...]) -> int | None:
    """The number of classes of a model with outputs (rows, ..., classes); ValueError for others."""
    if len(outputs) < 2:
        raise ValueError(
            f"{who}: expected a model with outputs of shape (rows, ..., classes), it has {outputs}"
        )
    return outputs[-1]


def as_labels(who: str, y: Array, classes: int | None, rank: int = 1) -> Array:
    """Integer labels as int64 of so many axes, (rows,) by default, checked to lie in
    [0, classes)."""
    y = check_numbers(who, y)
    if y.ndim == rank + 1 and y.shape[-1] == 1:
        y = y[..., 0]
    if y.ndim != rank:
        raise ValueError(
            f"{who}: expected integer labels of shape (rows,) or (rows, 1), received {y.shape}; "
            "for one-hot y use 'categorical_crossentropy', or y.argmax(axis=1)"
        )
    with np.errstate(invalid="ignore"):  # of floats beyond int64, which are found just below
        whole = y.astype(np.int64)
    if y.dtype.kind == "f" and not (whole == y).all():
        row = int(np.flatnonzero(whole != y)[0])
        raise ValueError(f"{who}: expected integer labels, received {y[row]} in row {row}")
    if classes is None:
        return whole
    bad = np.flatnonzero((whole < 0) | (whole >= classes))
    if len(bad):
        raise ValueError(
            f"{who}: expected labels in [0, {classes}) as there are {classes} classes, "
            f"received {whole.flat[bad[0]]} in row {bad[0] // max(whole[0].size, 1)}"
        )
    return whole


def as_sample_weight(
    who: str, weight: Any, rows: int, dtype: Any, steps: tuple[int | None, ...] = ()
) -> Array:
    """sample_weight as a contiguous array of dtype, (rows,) or, where outputs have steps, (rows,
    *steps); finite, else ValueError. steps: the axes of an output between its first and its last.
    """
    array = weight.data if isinstance(weight, Tensor) else given_array(who, WEIGHT, weight)
    if array.ndim > 1 and array.shape[-1] == 1 and array.ndim in (2, len(steps) + 2):
        array = array[..., 0]
    per_step = array.ndim == len(steps) + 1 and all(
        n in (None, m) for n, m in zip(steps, array.shape[1:], strict=True)
    )
    if array.shape[:1] != (rows,) or not (array.ndim == 1 or per_step):
        each = "".join(f", {'any' if n is None else n}" for n in steps)
        each = f", or ({rows}{each}), one a step" if steps else ""
        raise ValueError(
            f"{who}: expected sample_weight of shape ({rows},), one a row{each}, received "
            f"{array.shape}"
        )
    return _finite_weight(who, array, dtype)


def as_weight_of(who: str, weight: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """sample_weight of a loss whose values have this shape, as an array of dtype that broadcasts
    against it: a number, a weight a row, one for each value, a last axis of 1 less or more, or
    whatever else broadcasts as NumPy has it. Finite, else ValueError."""
    array = weight.data if isinstance(weight, Tensor) else given_array(who, WEIGHT, weight)
    if array.shape != shape:
        given = array.shape
        if array.ndim == len(shape) + 1 and array.shape[-1] == 1:
            array = array[..., 0]
        if not array.ndim and len(shape) == 1:
            array = np.full(shape, array)
        if array.shape != shape[: array.ndim]:
            if broadcasts(array.shape, shape):
                return _finite_weight(who, array, dtype)
            expected = [shape[:n] for n in range(1, len(shape) + 1)]
            raise ValueError(
                f"{who}: expected sample_weight of shape {' or '.join(map(str, expected))}, "
                f"received {given}"
            )
        array = array.reshape(array.shape + (1,) * (len(shape) - array.ndim))
    return _finite_weight(who, array, dtype)


def broadcasts(given: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether arrays of these shapes broadcast against each other, as in NumPy."""
    pairs = zip(given[::-1], shape[::-1], strict=False)
    return all(a == b or 1 in (a, b) for a, b in pairs)


def _finite_weight(who: str, array: Array, dtype: Any) -> Array:
    """Weights as a contiguous array of dtype, if they are finite."""
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{who}: expected sample_weight of numbers, received dtype {array.dtype}")
    given = array
    with np.errstate(over="ignore"):  # found just below
        array = np.require(array, dtype, ["C", "A"])
    if array is not given:
        _kernels.fail_recording(f"{who} casts or copies its sample_weight")
    if not np.isfinite(array).all():
        row = int(np.argwhere(~np.isfinite(array))[0][0])
        raise ValueError(
            f"{who}: expected finite sample_weight, received {array[row]} in row {row}"
        )
    return array
