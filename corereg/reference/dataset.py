"""Rows of a data set, and the order in which an epoch takes them."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def gather_rows(src: Array, out: Array, order: Array | None = None, start: int = 0) -> Array:
    """out[r] = src[order[start + r]] for every row of out, cast to its dtype; order None: as is."""
    rows = slice(start, start + len(out))
    out[...] = src[rows] if order is None else src[order[rows]]
    return out


def select_columns(x: Array, index: Array, back: int = 0) -> Array:
    """x[:, index]; with back, so many columns of zeros, but for those of index, which are x's."""
    if not back:
        return x[:, index]
    y = np.zeros((len(x), back), x.dtype)
    y[:, index] = x
    return y


def _splitmix64(state: int) -> tuple[int, int]:
    """The next state of SplitMix64 and the 64 random bits that it gives."""
    mask = (1 << 64) - 1
    state = (state + 0x9E3779B97F4A7C15) & mask
    x = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & mask
    return state, x ^ (x >> 31)


def shuffle(order: Array, seed: Array, epoch: Array) -> None:
    """order = the permutation of (seed[0], epoch[0]): of 0..n-1, where each place, the last one
    first, changes with one of those up to it; then epoch[0] += 1."""
    _, mixed = _splitmix64(int(seed[0]))
    _, state = _splitmix64((mixed + int(epoch[0])) % (1 << 64))
    order[:] = np.arange(len(order))
    for i in range(len(order) - 1, 0, -1):
        state, bits = _splitmix64(state)
        j = (bits * (i + 1)) >> 64
        order[i], order[j] = order[j], order[i]
    epoch[0] += 1


def uniform(key: int, low: float, range: float, n: int) -> Array:
    """What NumPy's generator draws."""
    return np.random.Generator(np.random.Philox(key=key)).uniform(low, low + range, n)
