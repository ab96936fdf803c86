"""Batch renormalization (Ioffe 2017): how BatchNormalization(renorm=True) trains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from corereg.autograd import Tensor, no_grad, ops
from corereg.autograd.ops.normalization import batch_norm
from corereg.graph.inference import trial
from corereg.layers.kept_statistics import kept_moments, move

BOUNDS = {"rmax": math.inf, "rmin": 0.0, "dmax": math.inf}


def checked_clipping(who: str, given: Any) -> dict[str, float] | None:
    """renorm_clipping as a dict with some of rmax, rmin and dmax, or None; ValueError else."""
    if given is None:
        return None
    if not isinstance(given, Mapping) or any(key not in BOUNDS for key in given):
        raise ValueError(
            f"{who}: expected renorm_clipping as a dict with some of {', '.join(BOUNDS)}, received "
            f"{given!r}"
        )
    for key, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float | np.number) or value < 0:
            raise ValueError(
                f"{who}: expected renorm_clipping[{key!r}] as a number >= 0, received {value!r}"
            )
    found = {key: float(value) for key, value in given.items()}
    if (BOUNDS | found)["rmax"] < (BOUNDS | found)["rmin"]:
        raise ValueError(
            f"{who}: expected renorm_clipping with rmax of at least rmin, received {given!r}"
        )
    return found


def renormalize(layer: Any, x: Tensor, kept: Tensor | None = None) -> Tensor:
    """One step of training of a BatchNormalization along the last axis: with the mean m and the
    standard deviation s = sqrt(variance + epsilon) of the batch, of the places of it that are kept
    if they are said,

        r = clip(s / renorm_stddev, rmin, rmax)
        d = clip((m - renorm_mean) / renorm_stddev, -dmax, dmax)
        y = gamma * ((x - m) / s * r + d) + beta

    r and d have no gradient. Then renorm_mean and renorm_stddev move by renorm_momentum,
    moving_mean and moving_stddev by momentum, and moving_variance becomes
    max(moving_stddev^2 - epsilon, 0).
    """
    axes = tuple(range(x.ndim - 1))
    bounds = BOUNDS | (layer.renorm_clipping or {})
    if kept is None:
        y: Tensor = batch_norm(x, None, None, layer.epsilon, layer.momentum, (None, None))
    else:
        mean, variance = kept_moments(x, kept)
        y = (x - mean) * ops.rsqrt(variance + layer.epsilon)
    with no_grad():
        if kept is None:
            mean, variance = ops.mean(x, axis=axes), ops.var(x, axis=axes)
        deviation = ops.sqrt(variance + layer.epsilon)
        r = deviation / layer.renorm_stddev
        d = (mean - layer.renorm_mean) / layer.renorm_stddev
        if layer.renorm_clipping:
            r = ops.clip(r, bounds["rmin"], bounds["rmax"])
            d = ops.clip(d, -bounds["dmax"], bounds["dmax"])
    y = y * r + d
    if layer.gamma is not None:
        y = y * layer.gamma
    if layer.beta is not None:
        y = y + layer.beta
    if not trial.under_way and x.shape[0]:
        with no_grad():
            move(layer.renorm_mean, mean, layer.renorm_momentum)
            move(layer.renorm_stddev, deviation, layer.renorm_momentum)
            move(layer.moving_mean, mean, layer.momentum)
            move(layer.moving_stddev, deviation, layer.momentum)
            square = layer.moving_stddev * layer.moving_stddev
            layer.moving_variance.assign(ops.maximum(square - layer.epsilon, 0.0))
    return y
