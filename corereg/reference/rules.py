"""The rules by which optimizers change weights; formulas and options: src/rules.h."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]


class Hyper(NamedTuple):
    """The numbers of one step; own: the rule's hyperparameters by the names of rules.h."""

    learning_rate: float = 0.0
    clipvalue: float | None = None  # None: no clipping
    step: int = 0  # updates done before this one
    own: Mapping[str, float] = MappingProxyType({})


def bounded(g: Array) -> Array:
    """g, within a power of two whose square does not overflow; NaN stays."""
    most = g.dtype.type(2.0**63 if g.dtype == np.float32 else 2.0**511)
    found: Array = np.clip(g, -most, most)
    return found


def sum_of_squares(total: Array, g: Array) -> Array:
    """total + g^2, at most the largest number."""
    with np.errstate(over="ignore"):
        found: Array = np.minimum(total + g * g, np.finfo(g.dtype).max)
    return found


Slots = Sequence[Any]  # a variable's state arrays, in the order of rules.h, or None


def update_sgd(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """w -= lr g."""
    w -= h.learning_rate * g


def update_momentum(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """m = mu m - lr g;  w += m."""
    m = slots[0]
    m *= h.own["momentum"]
    m -= h.learning_rate * g
    w += m


def update_nesterov(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """m = mu m - lr g;  w += mu m - lr g."""
    m = slots[0]
    step = h.learning_rate * g
    m *= h.own["momentum"]
    m -= step
    w += h.own["momentum"] * m - step


def update_rmsprop(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """v = rho v + (1-rho) g^2;  w -= lr g / sqrt(v + eps); see rules.h on the options."""
    g = bounded(g)
    v, momentum, average = slots
    rho = h.own["rho"]
    v *= rho
    v += (1 - rho) * (g * g)
    d = v + h.own["epsilon"]
    if average is not None:
        average *= rho
        average += (1 - rho) * g
        d = np.maximum(v - average * average, 0) + h.own["epsilon"]
    step = h.learning_rate * g / np.sqrt(d, out=d)
    if momentum is not None:
        momentum *= h.own["momentum"]
        momentum += step
        step = momentum
    w -= step


def update_adam(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """m, v = moments of g; w -= alpha m / (sqrt(v) + eps), v's maximum if its array is there."""
    g = bounded(g)
    m, v, largest = slots
    t, beta_1, beta_2 = h.step + 1, h.own["beta_1"], h.own["beta_2"]
    alpha = h.learning_rate * (1 - beta_2**t) ** 0.5 / (1 - beta_1**t)
    m *= beta_1
    m += (1 - beta_1) * g
    v *= beta_2
    v += (1 - beta_2) * (g * g)
    if largest is not None:
        v = np.maximum(largest, v, out=largest)
    d = np.sqrt(v)
    d += h.own["epsilon"]
    w -= alpha * m / d


def update_adagrad(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """a += g^2;  w -= lr g / sqrt(a + eps)."""
    g = bounded(g)
    a = slots[0]
    a[...] = sum_of_squares(a, g)
    w -= h.learning_rate * g / np.sqrt(a + h.own["epsilon"])


def update_adadelta(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """a = rho a + (1-rho) g^2;  d = g sqrt(b + eps) / sqrt(a + eps);  b as a, of d;  w -= lr d."""
    g = bounded(g)
    a, b = slots[:2]
    rho, epsilon = h.own["rho"], h.own["epsilon"]
    a *= rho
    a += (1 - rho) * (g * g)
    d = g * np.sqrt(b + epsilon) / np.sqrt(a + epsilon)
    b *= rho
    b += (1 - rho) * (d * d)
    w -= h.learning_rate * d


def update_adamax(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """m as Adam;  u = max(beta_2 u, |g|);  w -= lr/(1-beta_1^t) m / (u + eps)."""
    g = bounded(g)
    m, u = slots[:2]
    beta_1 = h.own["beta_1"]
    m *= beta_1
    m += (1 - beta_1) * g
    np.maximum(h.own["beta_2"] * u, np.abs(g), out=u)
    w -= h.learning_rate / (1 - beta_1 ** (h.step + 1)) * m / (u + h.own["epsilon"])


def update_nadam(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """Adam with Nesterov's momentum, whose schedule is u; see rules.h."""
    g = bounded(g)
    m, v = slots[:2]
    t, beta_1, beta_2 = h.step + 1, h.own["beta_1"], h.own["beta_2"]
    u = [beta_1 * (1 - 0.5 * 0.96**i) for i in range(1, t + 2)]
    product = math.prod(u[:t])
    m *= beta_1
    m += (1 - beta_1) * g
    v *= beta_2
    v += (1 - beta_2) * (g * g)
    mean = u[t] / (1 - product * u[t]) * m + (1 - u[t - 1]) / (1 - product) * g
    w -= h.learning_rate * mean / (np.sqrt(v / (1 - beta_2**t)) + h.own["epsilon"])


def update_ftrl(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """The leader of all gradients so far, with L1 and L2; see rules.h."""
    g = bounded(g)
    accumulator, linear = slots[:2]
    lr, power = h.learning_rate, -h.own["learning_rate_power"]
    l1, l2 = h.own["l1_regularization_strength"], h.own["l2_regularization_strength"]
    before = accumulator**power
    accumulator[...] = sum_of_squares(accumulator, g)
    scale = accumulator**power
    linear += g + 2 * h.own["l2_shrinkage_regularization_strength"] * w
    linear -= (scale - before) / lr * w
    w[...] = np.clip(linear, -l1, l1) - linear
    w /= scale / lr + 2 * (l2 + h.own["beta"] / (2 * lr))


def update_lion(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """w -= lr sign(beta_1 m + (1-beta_1) g);  m = beta_2 m + (1-beta_2) g."""
    m, beta_1, beta_2 = slots[0], h.own["beta_1"], h.own["beta_2"]
    w -= h.learning_rate * np.sign(beta_1 * m + (1 - beta_1) * g)
    m *= beta_2
    m += (1 - beta_2) * g


def update_schedule_free(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """z steps as Adam without momentum, x is the mean of z, w lies between both; see rules.h."""
    g = bounded(g)
    z, v = slots[:2]
    t, beta_1, beta_2 = h.step + 1, h.own["beta_1"], h.own["beta_2"]
    warm = min(t / h.own["warmup_steps"], 1) if h.own["warmup_steps"] else 1
    x = (w - (1 - beta_1) * z) / beta_1
    v *= beta_2
    v += (1 - beta_2) * (g * g)
    z -= h.learning_rate * warm * g / (np.sqrt(v / (1 - beta_2**t)) + h.own["epsilon"])
    x = (1 - 1 / t) * x + z / t
    w[...] = (1 - beta_1) * z + beta_1 * x


def update_lamb(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """m, v as Adam; u = m/(1-beta_1^t) / (sqrt(v/(1-beta_2^t)) + eps)."""
    g = bounded(g)
    m, v, u = slots
    t, beta_1, beta_2 = h.step + 1, h.own["beta_1"], h.own["beta_2"]
    m *= beta_1
    m += (1 - beta_1) * g
    v *= beta_2
    v += (1 - beta_2) * (g * g)
    u[...] = m / (1 - beta_1**t) / (np.sqrt(v / (1 - beta_2**t)) + h.own["epsilon"])


def update_adafactor(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """u = g, of which `factored_direction` makes the direction."""
    slots[1][...] = bounded(g)


def update_muon(w: Array, g: Array, slots: Slots, h: Hyper) -> None:
    """m = mu m + g;  u = g + mu m, or m without nesterov."""
    m, u = slots[:2]
    mu = h.own["momentum"]
    m *= mu
    m += g
    u[...] = g + mu * m if h.own["nesterov"] else m


RULES: dict[str, Callable[[Array, Array, Slots, Hyper], None]] = {
    "sgd": update_sgd,
    "momentum": update_momentum,
    "nesterov": update_nesterov,
    "rmsprop": update_rmsprop,
    "adam": update_adam,
    "adagrad": update_adagrad,
    "adadelta": update_adadelta,
    "adamax": update_adamax,
    "nadam": update_nadam,
    "ftrl": update_ftrl,
    "lion": update_lion,
    "schedule_free": update_schedule_free,
    "lamb": update_lamb,
    "adafactor": update_adafactor,
    "muon": update_muon,
}
