"""Batch normalization, normalization of rows, and alpha dropout."""

from __future__ import annotations

import numpy as np

from corereg import reference
from corereg.autograd.ops.normalization import (
    ALPHA,
    alpha_dropout,
    alpha_scale,
    batch_norm,
    batch_norm_given,
    row_norm,
)
from op_tables.parts import call, positive, x

MEAN, VARIANCE = x(4), positive(4)


def given(t, *weights):
    mean, variance = (a.astype(t.dtype) for a in (MEAN, VARIANCE))
    return batch_norm_given(t, mean, variance, *weights)


def shift_only(op, *args):
    return lambda t, beta: op(t, *args, None, beta)


def alpha_expected(a):
    kept = reference.dropout_mask(a.size, 0.3, 7, 3).reshape(a.shape)
    scale = alpha_scale(0.3)
    return np.where(kept, a, ALPHA) * scale - scale * ALPHA * 0.3


GRADIENTS = {
    "BatchNorm": [
        (batch_norm, x(7, 4), x(4), x(4)),
        (batch_norm, x(3, 2, 4), x(4)),
        (shift_only(batch_norm), x(5, 4), x(4)),
        (batch_norm, x(5, 3)),
        (lambda t, w: batch_norm(t, w, w), x(5, 4), x(4)),
        (batch_norm, x(0, 4), x(4), x(4)),
    ],
    "BatchNormGiven": [
        (given, x(7, 4), x(4), x(4)),
        (given, x(2, 3, 4), x(4)),
        (shift_only(given), x(5, 4), x(4)),
        (given, x(0, 4)),
    ],
    "RowNorm": [
        (row_norm, x(5, 4), x(4), x(4)),
        (row_norm, x(2, 3, 5)),
        (shift_only(row_norm), x(5, 4), x(4)),
        (call(row_norm, centered=False), x(5, 4), x(4)),
        (call(row_norm, centered=False), x(3, 5)),
        (row_norm, x(0, 4), x(4), x(4)),
    ],
    "AlphaDropout": [(call(alpha_dropout, 0.3, 7, 3), x(9, 5)), (call(alpha_dropout, 0.3, 7), x())],
}

VALUES = {
    "batch_norm": (batch_norm, lambda *a: reference.batch_norm_forward(*a)[0], x(7, 4), x(4), x(4)),
    "batch_norm_given": (
        given,
        lambda a, *w: reference.batch_norm_inference(a, MEAN, VARIANCE, *w),
        x(7, 4),
        x(4),
        x(4),
    ),
    "row_norm": (row_norm, lambda *a: reference.row_norm_forward(*a)[0], x(7, 4), x(4), x(4)),
    "rms_norm": (
        call(row_norm, centered=False),
        lambda *a: reference.row_norm_forward(*a, centered=False)[0],
        x(7, 4),
        x(4),
    ),
    "alpha_dropout": (call(alpha_dropout, 0.3, 7, 3), alpha_expected, x(9, 5)),
}
