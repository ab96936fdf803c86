"""Samples of a random forward pass, summed up as they come."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def sample_moments(
    mean_bo: Array,
    squares_bo: Array,
    x_so: Array,
    count: Array,
    entropy_b: Array | None = None,
    kind: str | None = None,
) -> None:
    """Takes samples of all rows, one below the other in x, into the running mean, the sum of
    squared deviations and the mean entropy ("categorical" or "bernoulli") of each row."""
    done = int(count.reshape(-1)[0])
    for s, x_bo in enumerate(x_so.reshape(len(x_so) // max(len(mean_bo), 1), *mean_bo.shape)):
        t = mean_bo.dtype.type(done + s + 1)
        old_bo = mean_bo.copy()
        mean_bo += (x_bo - old_bo) / t
        squares_bo += (x_bo - old_bo) * (x_bo - mean_bo)
        if entropy_b is not None:
            h_b = -_x_log_x(x_bo).sum(axis=1)
            if kind == "bernoulli":
                h_b -= _x_log_x(1 - x_bo).sum(axis=1)
            entropy_b += (h_b - entropy_b) / t


def _x_log_x(x: Array) -> Array:
    found: Array = x * np.log(np.where(x == 0, 1, x))
    return found
