"""Sums that go on from batch to batch, and means of rows."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def accumulate_weighted_sum(
    total: Array, values: Array, factor: float = 1.0, weights: Array | None = None
) -> None:
    """total[0] += factor * sum(values * weights), in float64."""
    weighted = values if weights is None else values * weights.astype(np.float64)
    total.reshape(-1)[0] += factor * weighted.sum(dtype=np.float64)


def increment(counter: Array, by: int = 1) -> None:
    """counter[0] += by."""
    counter.reshape(-1)[0] += by


def store_and_reset(total: Array, log: Array | None = None, place: Array | None = None) -> None:
    """log[place] = total, total = 0."""
    if log is not None and place is not None and 0 <= place.reshape(-1)[0] < log.size:
        log.reshape(-1)[place.reshape(-1)[0]] = total.reshape(-1)[0]
    total.reshape(-1)[0] = 0


def row_mean(rows_b: Array, weight_b: Array | None = None) -> Array:
    """sum(rows * weight) / M as a 0-d array, summed in float64; 0 for no rows."""
    weighted_b = rows_b.astype(np.float64) if weight_b is None else rows_b * np.float64(weight_b)
    return np.asarray(weighted_b.sum() / max(len(rows_b), 1), rows_b.dtype)
