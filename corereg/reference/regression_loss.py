"""Squared and absolute errors."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.reference.loss_row import per_row

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]


def squared_error(z_bn: Array, y_bn: Array, weight_b: Array | None = None) -> Pair:
    """(mean of (z-y)^2 over each row, gradient of their mean)."""
    columns = max(z_bn.shape[1], 1)
    d_bn = z_bn - y_bn
    return per_row((d_bn * d_bn).sum(axis=1) / columns, d_bn * (2 / columns), weight_b)


def absolute_error(z_bn: Array, y_bn: Array, weight_b: Array | None = None) -> Pair:
    """(mean of |z-y| over each row, gradient of their mean)."""
    columns = max(z_bn.shape[1], 1)
    d_bn = z_bn - y_bn
    return per_row(np.abs(d_bn).sum(axis=1) / columns, np.sign(d_bn) / columns, weight_b)
