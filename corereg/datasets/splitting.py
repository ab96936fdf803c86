"""Rows in an order of their own, and the last of them apart, as Keras's tables come."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Split = tuple[tuple[Array, Array], tuple[Array, Array]]


def check_split(who: str, test_split: float) -> None:
    """ValueError for a share of rows that leaves none to train on."""
    if not 0 <= test_split < 1:
        raise ValueError(f"{who}: expected 0 <= test_split < 1, received {test_split!r}")


def check_rows(x: Array, y: Array, *shape: int) -> None:
    """ValueError for what a file of the data set does not have; shape: that of a row."""
    if x.shape[1:] != shape or len(x) != len(y):
        raise ValueError(f"it has x of shape {x.shape} and y of shape {y.shape}, not rows {shape}")


def orders(seed: int, *rows: int) -> list[Array]:
    """The orders that Keras shuffles so many rows into, one after the other."""
    state = np.random.RandomState(seed)
    found = [np.arange(count) for count in rows]
    for indices in found:
        state.shuffle(indices)
    return found


def split(x: Array, y: Array, test_split: float, seed: int) -> Split:
    """Shuffled, and the last rows apart."""
    [indices] = orders(seed, len(x))
    x, y = x[indices], y[indices]
    first = int(len(x) * (1 - test_split))
    return (x[:first].copy(), y[:first].copy()), (x[first:].copy(), y[first:].copy())
