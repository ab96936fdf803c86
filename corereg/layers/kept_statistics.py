"""Mean and variance of the places that a mask keeps, for BatchNormalization."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Parameter, Tensor, no_grad, ops
from corereg.graph.inference import trial

LEAST = 1e-7
"""What is added to the number of places, as in Keras, so that none at all give 0."""


def kept_moments(x: Tensor, kept: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of x along its last axis, over the places where kept, of its shape, is
    True."""
    axes = tuple(range(x.ndim - 1))
    count = ops.sum(ops.astype(kept, x.dtype), axes) + LEAST
    mean = ops.sum(ops.where(kept, x, 0.0), axes) / count
    apart = ops.where(kept, x - mean, 0.0)
    return mean, ops.sum(apart * apart, axes) / count


def normalize_kept(layer: Any, x: Tensor, kept: Tensor) -> Tensor:
    """One step of training of a BatchNormalization along the last axis, whose statistics are those
    of the places that are kept; the others are normalized by them, too."""
    mean, variance = kept_moments(x, kept)
    y = (x - mean) * ops.rsqrt(variance + layer.epsilon)
    if layer.gamma is not None:
        y = y * layer.gamma
    if layer.beta is not None:
        y = y + layer.beta
    if not trial.under_way and x.shape[0]:
        with no_grad():
            move(layer.moving_mean, mean, layer.momentum)
            move(layer.moving_variance, variance, layer.momentum)
    return y


def move(average: Parameter, value: Tensor, momentum: float) -> None:
    """Moves an average towards a value."""
    average.assign(average * momentum + value * (1 - momentum))
