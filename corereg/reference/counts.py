"""What metrics count: elements above thresholds, and hits among the largest."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def threshold_counts(
    positives: Array,
    negatives: Array,
    p_bn: Array,
    y_bn: Array,
    thresholds: Array,
    weights: Array | None = None,
    column_weights_n: Array | None = None,
    spacing: str = "any",
) -> None:
    """positives[l, k] += the weights of elements of label l with y != 0 that are above exactly k
    thresholds, negatives those with y == 0; one label for all columns, or one for each."""
    if spacing == "any":
        below_bn = (p_bn[..., None] > thresholds).sum(axis=-1)
    else:
        steps = p_bn.dtype.type(len(thresholds) - 1)
        places_bn = np.where(np.isnan(p_bn), 1, np.ceil(p_bn.clip(0, 1) * steps))
        below_bn = np.maximum(places_bn, spacing == "widened").astype(np.int64)
    weights_bn = np.ones(p_bn.shape)
    if weights is not None:
        weights_bn = weights_bn * (weights[:, None] if weights.ndim == 1 else weights)
    if column_weights_n is not None:
        weights_bn = weights_bn * column_weights_n
    label_bn = np.zeros(p_bn.shape, np.int64) + np.arange(p_bn.shape[1]) % len(positives)
    for counts, chosen_bn in ((positives, y_bn != 0), (negatives, y_bn == 0)):
        np.add.at(counts, (label_bn[chosen_bn], below_bn[chosen_bn]), weights_bn[chosen_bn])


def filter_top_k(x_bn: Array, k: int) -> Array:
    """x where it is among the k largest of its row (the first of equals), elsewhere -1e10."""
    order_bn = np.argsort(-x_bn, axis=1, kind="stable")[:, :k]
    out_bn = np.full_like(x_bn, -1e10)
    kept_bk = np.take_along_axis(x_bn, order_bn, axis=1)
    np.put_along_axis(out_bn, order_bn, np.where(np.isnan(kept_bk), -1e10, kept_bk), axis=1)
    return out_bn


def top_k_accuracy(z_bn: Array, y: Array, k: int) -> Array:
    """1 where fewer than k elements are above the one at the label, or at the largest y; else 0."""
    labels_b = y.argmax(axis=1) if y.ndim == 2 else y
    at_b = z_bn[np.arange(len(z_bn)), labels_b]
    at_b = np.where(np.isnan(at_b), -np.inf, at_b)
    hits_b: Array = ((z_bn > at_b[:, None]).sum(axis=1) < k).astype(z_bn.dtype)
    return hits_b
