"""The probes of the machine's limits."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def probe_arithmetic(y: Array, rounds: int, factor: float, addend: float) -> Array:
    """`rounds` times y = y*factor + addend; y itself is kept."""
    for _ in range(rounds):
        y = y * factor + addend
    return y


def probe_triad(x: Array, z: Array, factor: float) -> Array:
    """x + factor*z."""
    return x + factor * z


def probe_read(x: Array, block: int = 4096) -> Array:
    """The sum of each block."""
    return np.array([x[i : i + block].sum() for i in range(0, x.size, block)], x.dtype)
