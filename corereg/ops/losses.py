"""Crossentropies of single elements and rows, and the ratio of signal to noise."""

from __future__ import annotations

import math
from typing import Any

from corereg.autograd import Tensor, ops
from corereg.ops.indexing import one_hot
from corereg.ops.normalization import EPSILON
from corereg.ops.operands import as_float, as_tensor, counted, keras_op, promoted_floats


@keras_op
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Tensor:
    """-(t log p + (1 - t) log(1 - p)) of each element, p limited to [1e-7, 1 - 1e-7]; from_logits:
    of p = sigmoid(output), without limits. ValueError unless the shapes are equal.

    >>> ops.binary_crossentropy([1.0, 0.0], [0.5, 0.1]).round(4)
    Tensor([0.6931, 0.1054])
    """
    output = as_float(output)
    target = ops.astype(as_tensor(target), output.dtype)
    _same_shape("binary_crossentropy", target, output)
    if from_logits:
        above = ops.maximum(output, 0.0) - output * target
        return ops.add(above, ops.softplus(-ops.abs(output)))
    p = ops.clip(output, EPSILON, 1 - EPSILON)
    return ops.negative(target * ops.log(p) + (1.0 - target) * ops.log(1.0 - p))


def _same_shape(who: str, target: Tensor, output: Tensor) -> None:
    if target.shape != output.shape:
        raise ValueError(
            f"{who}: expected target and output of one shape, received {target.shape} and "
            f"{output.shape}"
        )


def _log_shares(output: Tensor, from_logits: bool, axis: int) -> Tensor:
    """The logarithms of the classes' probabilities."""
    if from_logits:
        return ops.log_softmax(output, axis)
    shares = output / ops.sum(output, axis, keepdims=True)
    return ops.log(ops.clip(shares, EPSILON, 1 - EPSILON))


@keras_op
def categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """-sum(t log p) along axis, p = output / sum(output) limited to [1e-7, 1 - 1e-7]; from_logits:
    p = softmax(output), without limits. ValueError unless the shapes are equal.

    >>> ops.categorical_crossentropy([[0.0, 1.0]], [[0.2, 0.8]]).round(4)
    Tensor([0.2231])
    """
    output = as_float(output)
    target = ops.astype(as_tensor(target), output.dtype)
    _same_shape("categorical_crossentropy", target, output)
    axis = counted(axis, output.ndim, "categorical_crossentropy")
    return -ops.sum(target * _log_shares(output, from_logits, axis), axis)


@keras_op
def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1
) -> Tensor:
    """As `categorical_crossentropy`, target holding the number of the class: of the shape of output
    without axis, or with length 1 there. 0 for numbers that are out of range.

    >>> ops.sparse_categorical_crossentropy([1], [[0.0, 0.0]], from_logits=True).round(4)
    Tensor([0.6931])
    """
    output, target = as_float(output), as_tensor(target)
    axis = counted(axis, output.ndim, "sparse_categorical_crossentropy")
    if target.ndim == output.ndim and target.shape[-1:] == (1,):
        target = ops.squeeze(target, -1)
    rest = output.shape[:axis] + output.shape[axis + 1 :]
    if target.shape != rest:
        raise ValueError(
            f"sparse_categorical_crossentropy: expected target of shape {rest} for output of shape "
            f"{output.shape}, received {target.shape}"
        )
    chosen = one_hot(ops.astype(target, "int64"), output.shape[axis], axis, output.dtype)
    return -ops.sum(chosen * _log_shares(output, from_logits, axis), axis)


@keras_op
def psnr(x1: Any, x2: Any, max_val: float) -> Tensor:
    """The peak signal-to-noise ratio in decibels: 20 log10(max_val) - 10 log10(mean((x1 - x2)**2)).
    ValueError unless the shapes are equal.

    >>> ops.psnr([0.0, 1.0], [0.0, 0.9], max_val=1.0).round(2)
    Tensor(23.01)
    """
    x1, x2 = promoted_floats(x1, x2)
    _same_shape("psnr", x1, x2)
    error = ops.mean(ops.square(x1 - x2))
    return 20 * math.log10(max_val) - 10.0 * ops.log10(error)
