"""One step of one variable: penalty, clipping, weight decay and rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from corereg.reference.rules import RULES, Hyper, Slots

Array = np.ndarray[Any, Any]


class Proximal(NamedTuple):
    """The penalty of the proximal stage; scaling: "plain", "capped" or "adaptive"."""

    l1: float
    l2: float
    scaling: str


def penalty(w: Array, l1: float, l2: float) -> float:
    """l1*sum|w| + l2*sum(w*w)."""
    from_l1 = l1 * float(np.abs(w).sum()) if l1 else 0.0
    from_l2 = l2 * float(np.vdot(w, w)) if l2 else 0.0
    return from_l1 + from_l2


def penalty_backward(w: Array, l1: float, l2: float, factor: float | Array = 1.0) -> Array:
    """factor * (l1*sign(w) + 2*l2*w)."""
    return factor * (l1 * np.sign(w) + 2 * l2 * w)


def gradient_norms(gradients: Sequence[Array]) -> Array:
    """The Euclidean norm of each gradient, float64."""
    return np.array([np.sqrt(np.square(g, dtype=np.float64).sum()) for g in gradients])


def clip_scales(norms: Array, limit: float, by_global_norm: bool = False) -> Array:
    """The factors that bring each norm, or the norm of all together, under limit."""
    if by_global_norm:
        norms = np.full_like(norms, np.sqrt((norms * norms).sum()))
    return limit / np.maximum(limit, norms)


def update(
    rule: str,
    w: Array,
    g: Array,
    slots: Slots,
    h: Hyper,
    l1: float = 0.0,
    l2: float = 0.0,
    decay: float = 0.0,
    factor: float = 1.0,
    proximal: Proximal | None = None,
) -> float:
    """One step of one variable, in place: penalty's gradient, scaling by factor, clipping, weight
    decay, rule, proximal stage. Returns the penalty of the weights before the step."""
    before = penalty(w, l1, l2)
    if proximal is not None:
        before += penalty(w, proximal.l1, proximal.l2)
    if l1:
        g = g + l1 * np.sign(w)
    if l2:
        g = g + (2 * l2) * w
    if factor != 1:
        g = factor * g
    if h.clipvalue is not None:
        g = np.clip(g, -h.clipvalue, h.clipvalue)
    if decay:
        w *= 1 - decay * h.learning_rate
    RULES[rule](w, g, slots, h)
    if proximal is not None:
        scale = 1.0 if proximal.scaling == "plain" else metric(rule, slots, h, proximal)
        left = np.maximum(np.abs(w) - h.learning_rate * proximal.l1 * scale, 0)
        w[...] = np.sign(w) * left / (1 + 2 * h.learning_rate * proximal.l2 * scale)
    return before


def metric(rule: str, slots: Slots, h: Hyper, proximal: Proximal) -> Any:
    """What the thresholds of the proximal stage are scaled by, of the state behind the step."""
    capped = proximal.l1 if proximal.scaling == "capped" else 0.0
    if rule == "rmsprop":
        v, _, average = slots
        v = v if average is None else v - average * average
        return 1 / (np.sqrt(v + h.own["epsilon"]) + capped)
    if rule == "adam":
        _, v, largest = slots
        v = v if largest is None else largest
        root = np.sqrt(v / (1 - h.own["beta_2"] ** (h.step + 1)))
        return 1 / (root + max(h.own["epsilon"], capped))
    return 1.0
