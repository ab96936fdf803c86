"""Dropout and alpha dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.reference.philox import random_bytes

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]


def dropout_mask(n: int, rate: float, seed: int, step: int, stream: int = 0) -> Array:
    """Which of n elements dropout keeps: bool (n,). seed below 2**64, stream below 2**30."""
    u: Array = np.zeros((n + 255) // 256 * 256, np.uint64)
    for level in range(4):
        u = u << np.uint64(8) | random_bytes((n + 255) // 256, seed, step, stream + (level << 30))
    kept: Array = u < int((1 - rate) * 2**32 + 0.5)
    return kept[:n]


def dropout_forward(x: Array, rate: float, seed: int, step: int, stream: int = 0) -> Pair:
    """x where kept, scaled by 1/(1-rate), and the mask (bool, of x's shape)."""
    kept = dropout_mask(x.size, rate, seed, step, stream).reshape(x.shape)
    return dropout_backward(x, rate, kept), kept


def dropout_backward(dy: Array, rate: float, kept: Array) -> Array:
    """dy where kept, scaled by 1/(1-rate). Behind a relu, kept is y > 0."""
    return np.where(kept, dy * (0.0 if rate == 1 else 1 / (1 - rate)), 0)


def dropout_by_generator(x: Array, rate: float, generator: np.random.Generator) -> Pair:
    """Dropout as one writes it in NumPy, rate below 1: (y, mask). The benches' baseline."""
    kept: Array = np.less(generator.random(x.shape, dtype=np.float32), 1 - rate)
    y = x * kept
    y *= 1 / (1 - rate)
    return y, kept


def alpha_dropout_forward(
    x: Array,
    rate: float,
    scale: float,
    shift: float,
    dropped: float,
    seed: int,
    step: int,
    stream: int = 0,
) -> Pair:
    """x*scale + shift where kept, else `dropped`, and the mask (bool, of x's shape)."""
    kept = dropout_mask(x.size, rate, seed, step, stream).reshape(x.shape)
    return np.where(kept, x * scale + shift, dropped).astype(x.dtype), kept
