"""Random words by their counters: Philox."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

WORD = 0xFFFFFFFF


def philox4x32(counter: Array, key: Sequence[int]) -> Array:
    """Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers, 2011).

    counter: (..., 4) words below 2**32; key: two such words; returns (..., 4) uint32.
    """
    c0, c1, c2, c3 = np.moveaxis(np.asarray(counter, dtype=np.uint64), -1, 0)
    k0, k1 = key
    for _ in range(10):
        p0, p1 = c0 * 0xD2511F53, c2 * 0xCD9E8D57
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & WORD, (p0 >> 32) ^ c3 ^ k1, p0 & WORD
        k0, k1 = (k0 + 0x9E3779B9) & WORD, (k1 + 0xBB67AE85) & WORD
    return np.stack([c0, c1, c2, c3], axis=-1).astype(np.uint32)


def random_bytes(groups: int, seed: int, step: int, stream: int) -> Array:
    """8 random bits for each of 256 * groups elements, as uint64."""
    counter_gcw = np.empty((groups, 16, 4), np.uint64)
    counter_gcw[..., 0] = np.arange(16 * groups).reshape(groups, 16) & WORD
    counter_gcw[..., 1:] = stream, step & WORD, step >> 32 & WORD
    words_gcw = philox4x32(counter_gcw, (seed & WORD, seed >> 32))
    bytes_gcwb = words_gcw[..., None] >> np.array([0, 8, 16, 24], np.uint32) & np.uint32(0xFF)
    return bytes_gcwb.transpose(0, 2, 1, 3).reshape(-1).astype(np.uint64)
