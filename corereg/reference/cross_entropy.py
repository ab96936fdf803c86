"""Cross-entropies of logits."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.reference.activations import activation_forward
from corereg.reference.loss_row import per_row

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]


def softmax_cross_entropy(
    z_bn: Array, y_bn: Array, weight_b: Array | None = None, smoothing: float = 0.0
) -> Pair:
    """(-sum y log softmax(z) of each row, gradient of their mean)."""
    t_bn = y_bn * (1 - smoothing) + smoothing / max(z_bn.shape[1], 1)
    total_b = t_bn.sum(axis=1)
    z_bn = z_bn - z_bn.max(axis=1, keepdims=True, initial=-np.inf)
    e_bn = np.exp(z_bn)
    sum_b = e_bn.sum(axis=1)
    loss_b = total_b * np.log(sum_b) - (t_bn * z_bn).sum(axis=1)
    return per_row(loss_b, e_bn * (total_b / sum_b)[:, None] - t_bn, weight_b)


def sparse_cross_entropy(z_bn: Array, labels_b: Array, weight_b: Array | None = None) -> Pair:
    """The same for integer labels."""
    rows = np.arange(len(labels_b))
    z_bn = z_bn - z_bn.max(axis=1, keepdims=True, initial=-np.inf)
    dz_bn = np.exp(z_bn)
    sum_b = dz_bn.sum(axis=1)
    loss_b = np.log(sum_b) - z_bn[rows, labels_b]
    dz_bn /= sum_b[:, None]
    dz_bn[rows, labels_b] -= 1
    return per_row(loss_b, dz_bn, weight_b)


def sigmoid_cross_entropy(
    z_bn: Array, y_bn: Array, weight_b: Array | None = None, smoothing: float = 0.0
) -> Pair:
    """(mean of softplus(z) - y z over each row, gradient of their mean)."""
    columns = max(z_bn.shape[1], 1)
    t_bn = y_bn * (1 - smoothing) + smoothing / 2
    each_bn = np.maximum(z_bn, 0) - t_bn * z_bn + np.log1p(np.exp(-np.abs(z_bn)))
    dz_bn = (activation_forward(z_bn, "sigmoid") - t_bn) / columns
    return per_row(each_bn.sum(axis=1) / columns, dz_bn, weight_b)
