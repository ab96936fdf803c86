"""Normal random numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.reference.philox import WORD, philox4x32

Array = np.ndarray[Any, Any]


def normal(
    out: Array, seed: int, step: int, mean: float = 0.0, stddev: float = 1.0, stream: int = 0
) -> Array:
    """Normal random numbers of out's shape, by the numbers of its dtype, computed in float64."""
    single = out.dtype == np.float32
    groups = -(-out.size // (64 if single else 32))
    counters_gcw = np.empty((groups, 16, 4), np.uint64)
    counters_gcw[..., 0] = np.arange(16 * groups).reshape(groups, 16) & WORD
    counters_gcw[..., 1:] = stream, step & WORD, step >> 32 & WORD
    w = philox4x32(counters_gcw, (seed & WORD, seed >> 32)).astype(np.uint64)
    if single:
        u = ((w[..., ::2] >> np.uint64(1)) + 0.5) * 2.0**-31
        turn = w[..., 1::2] / 2.0**32
    else:
        u = 1 - (w[..., :1] | w[..., 1:2] << np.uint64(32)) // 2**12 * 2.0**-52
        turn = (w[..., 2:3] | w[..., 3:] << np.uint64(32)) // 2**10 * 2.0**-54
    angle = 2 * np.pi * (turn - 0.125)  # of the first element of a pair
    both_gcph = np.stack([np.cos(angle), np.sin(angle)], -1) * np.sqrt(-2 * np.log(u))[..., None]
    z = both_gcph.transpose(0, 2, 3, 1).reshape(-1)[: out.size]
    found: Array = mean + stddev * z.reshape(out.shape)
    return found
