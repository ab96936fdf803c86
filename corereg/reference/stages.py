"""What is done around a step: sums of gradients, averages of weights, constraints."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.reference.rules import Hyper

Array = np.ndarray[Any, Any]


def accumulate_gradients(total: Array, g: Array, h: Hyper, accumulation: int, scale: float) -> None:
    """total += g / scale, divided by accumulation at the step that makes an update."""
    total *= accumulation > 1
    total += g / scale
    if (h.step + 1) % accumulation == 0:
        total /= accumulation


def reset_gradients(total: Array, h: Hyper, accumulation: int) -> None:
    """total = 0 if the step before made an update."""
    if h.step % accumulation == 0:
        total[...] = 0


def average_weights(
    average: Array, w: Array, h: Hyper, accumulation: int, momentum: float, overwrite_every: int = 0
) -> None:
    """average = momentum average + (1-momentum) w, from the first w on;  w = average at times."""
    t = (h.step - 1) // accumulation
    kept = momentum if t else 0.0
    average *= kept
    average += (1 - kept) * w
    if overwrite_every and (t + 1) % overwrite_every == 0:
        w[...] = average


def constrain_norms(
    w: Array, first: int, last: int, least: float, most: float, rate: float = 1.0
) -> None:
    """The norms over the axes from first to last brought between least and most."""
    norm = np.sqrt((w * w).sum(axis=tuple(range(first, last + 1)), keepdims=True))
    w *= (rate * np.clip(norm, least, most) + (1 - rate) * norm) / (1e-7 + norm)


def constrain_signs(w: Array) -> None:
    """max(w, 0)."""
    np.maximum(w, 0, out=w)


def mask_values(x: Array, keep: Array) -> Array:
    """x where keep is True, else 0."""
    return np.where(keep, x, x.dtype.type(0))


def shrink_norms(w: Array, first: int, last: int, strength: float, h: Hyper) -> None:
    """The norms over the axes from first to last made smaller by lr strength, or 0."""
    norm = np.sqrt((w * w).sum(axis=tuple(range(first, last + 1)), keepdims=True))
    w *= np.maximum(1 - h.learning_rate * strength / np.maximum(norm, 1e-300), 0)


def shrink_groups(w: Array, labels: Array, strengths: Array, h: Hyper) -> None:
    """The same for the norms over the weights with the same label."""
    squares = np.bincount(labels.ravel(), (w * w).ravel(), len(strengths))
    factor = 1 - h.learning_rate * strengths / np.maximum(np.sqrt(squares), 1e-300)
    w *= np.maximum(factor, 0)[labels]
