"""Accuracies of each row."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def categorical_accuracy(z_bn: Array, y_bn: Array) -> Array:
    """1 where the largest z is at the largest y (the first of equals), else 0."""
    right_b: Array = z_bn.argmax(axis=1) == y_bn.argmax(axis=1)
    return right_b.astype(z_bn.dtype)


def sparse_accuracy(z_bn: Array, labels_b: Array) -> Array:
    """1 where the largest z is at the label, else 0."""
    right_b: Array = z_bn.argmax(axis=1) == labels_b
    return right_b.astype(z_bn.dtype)


def binary_accuracy(z_bn: Array, y_bn: Array, threshold: float = 0.5) -> Array:
    """The share of each row where (z > threshold) is y."""
    right_bn: Array = (z_bn > threshold) == y_bn
    share_b: Array = right_bn.astype(z_bn.dtype).sum(axis=1) / max(z_bn.shape[1], 1)
    return share_b
