"""Whole numbers as rows of ones and zeros: what all layers with an `output_mode` share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor, ops

MODES = ("one_hot", "multi_hot", "count")


def check_mode(who: str, mode: Any, known: Sequence[str], sparse: Any = False) -> str:
    """The output mode, if it is one of those known; ValueError for others and for sparse=True."""
    if mode not in known:
        raise ValueError(f"{who}: expected output_mode as one of {list(known)}, received {mode!r}")
    if sparse:
        raise ValueError(f"{who}: sparse outputs are not supported; leave sparse=False")
    return str(mode)


def encoded(codes: Tensor, count: int, mode: str, dtype: Any, weights: Any = None) -> Tensor:
    """Codes 0 to count - 1 by a mode, others as zeros.

    one_hot: a row of `count` for each code, an axis of one code at the end left out; multi_hot: one
    row for all along axis 1, 1 where a code is there; count: how often, or by weights of the
    codes' shape how much.
    """
    if mode != "one_hot" and weights is None and codes.ndim in (1, 2):
        return Tensor(_kernels.count_codes(codes.data, count, dtype, mode == "multi_hot"))
    if mode == "one_hot":
        if codes.ndim > 1 and codes.shape[-1] == 1:
            codes = ops.squeeze(codes, -1)
        if not codes.ndim:
            codes = ops.expand_dims(codes, 0)
    hot = ops.astype(ops.equal(ops.expand_dims(codes, -1), np.arange(count)), dtype)
    if mode == "one_hot":
        return hot
    axis = 1 if codes.ndim > 1 else 0
    if not codes.ndim:
        return hot
    if mode == "multi_hot":
        return ops.max(hot, axis)
    if weights is not None:
        hot = hot * ops.expand_dims(weights, -1)
    return ops.sum(hot, axis)


def encoded_shape(shape: Any, count: int | None, mode: str) -> tuple[int | None, ...]:
    """The shape of `encoded` for codes of a shape."""
    shape = tuple(shape)
    if mode == "one_hot":
        return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape or (1,)), count)
    return (*(shape[:1] + shape[2:] if len(shape) > 1 else ()), count)
