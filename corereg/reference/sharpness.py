"""The move of the weights between the two gradients of a sharpness-aware step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def ascent_norms(
    weights: Sequence[Array], gradients: Sequence[Array], adaptive: bool = False, eta: float = 0.0
) -> list[Array]:
    """sum (s g)^2 of each weight, s = |w| + eta or 1."""
    scales = _scales(weights, adaptive, eta)
    return [((s * g) ** 2).sum() for s, g in zip(scales, gradients, strict=True)]


def _scales(weights: Sequence[Array], adaptive: bool, eta: float) -> list[Array]:
    return [np.abs(w) + eta if adaptive else np.ones_like(w) for w in weights]


def ascend_weights(
    weights: Sequence[Array],
    gradients: Sequence[Array],
    rho: float,
    adaptive: bool = False,
    eta: float = 0.0,
) -> list[Array]:
    """w += rho / (norm + 1e-12) s^2 g, norm that of all s g together, s = |w| + eta or 1; returns
    what the weights were."""
    saved = [w.copy() for w in weights]
    norm = np.sqrt(np.sum(ascent_norms(weights, gradients, adaptive, eta)))
    for w, s, g in zip(weights, _scales(weights, adaptive, eta), gradients, strict=True):
        w += rho / (norm + 1e-12) * s * s * g
    return saved


def restore_weights(weights: Sequence[Array], saved: Sequence[Array]) -> None:
    """w = saved."""
    for w, before in zip(weights, saved, strict=True):
        w[...] = before
