"""Steps along directions whose length follows from a whole variable, and Adafactor's directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.reference.rules import Hyper

Array = np.ndarray[Any, Any]


def direction_norms(w: Array, u: Array) -> tuple[Any, Any]:
    """sum w^2 and sum u^2."""
    return (w * w).sum(), (u * u).sum()


def follow_directions(w: Array, u: Array, h: Hyper, kind: str, factor: float = 1.0) -> None:
    """w -= length u; h: when the step has been counted; see contract_update.h on the lengths."""
    of_weights, of_directions = direction_norms(w, u)
    length = h.learning_rate
    if kind == "factors":
        length *= factor
    elif kind == "size":
        n = max(w.size, 1)
        length = min(length, 1 / np.sqrt(h.step)) * max(h.own["epsilon_2"], np.sqrt(of_weights / n))
        length /= max(1, np.sqrt(of_directions / n) / h.own["clip_threshold"])
    elif of_weights > 0 and of_directions > 0:
        length *= np.sqrt(of_weights / of_directions)
    w -= w.dtype.type(length) * u


def factor_rows(rows: Array, g: Array, h: Hyper) -> None:
    """r = b r + (1-b) mean(g^2 + epsilon_1) over the last axis, b = 1 - t^beta_2_decay."""
    _move(rows, (g * g).mean(axis=-1), h)


def factor_columns(columns: Array, g: Array, h: Hyper) -> None:
    """As `factor_rows`, over the last axis but one."""
    _move(columns, (g * g).mean(axis=-2), h)


def factored_direction(
    u: Array, velocity: Array, rows: Array | None, columns: Array | None, h: Hyper
) -> None:
    """v = r / mean(r) * c, or without r and c the mean of squares itself;  u = g / sqrt(v)."""
    if rows is None or columns is None:
        _move(velocity, u * u, h)
    else:
        scale = rows / rows.mean(axis=-1, keepdims=True)
        velocity[...] = scale[..., None] * columns[..., None, :]
    u /= np.sqrt(velocity)


def _move(mean: Array, new: Array, h: Hyper) -> None:
    """A running mean takes in new squares."""
    added = float(h.step) ** h.own["beta_2_decay"]
    mean *= 1 - added
    mean += added * (new + h.own["epsilon_1"])


def unscale_gradients(g: Array, scale: float) -> tuple[Array, bool]:
    """g / scale, and whether some of g is not finite."""
    return g / g.dtype.type(scale), not bool(np.isfinite(g).all())


def adapt_loss_scale(
    scale: float, counter: int, lost: bool, growth_steps: int
) -> tuple[float, int]:
    """The next scale and counter: half and 0 where gradients were lost, double and 0 when none was
    for growth_steps steps."""
    if lost:
        return scale / 2, 0
    if counter + 1 == growth_steps:
        return min(scale * 2, 2.0**127), 0
    return scale, counter + 1
