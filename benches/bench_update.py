"""Optimizer steps with the penalty's gradient and value in the same sweep, one variable."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

HYPER = {
    "sgd": {"learning_rate": 0.01},
    "momentum": {"learning_rate": 0.01, "beta1": 0.9},
    "rmsprop": {"learning_rate": 0.001, "beta1": 0.9, "epsilon": 1e-7},
    "adam": {"learning_rate": 0.001, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-7},
}
SLOTS = {"sgd": 0, "momentum": 1, "rmsprop": 1, "adam": 2}
CASES = [  # rule, elements, l1, l2
    ("sgd", 1_000_000, 0.01, 0.01),
    ("momentum", 1_000_000, 0.01, 0.01),
    ("rmsprop", 1_000_000, 0.01, 0.01),
    ("adam", 1_000_000, 0.0, 0.0),
    ("adam", 1_000_000, 0.01, 0.0),
    ("adam", 1_000_000, 0.0, 0.01),
    ("adam", 1_000_000, 0.01, 0.01),
    ("adam", 11_000, 0.01, 0.01),
]


@pytest.mark.parametrize(("rule", "n", "l1", "l2"), CASES)
def bench_update(race, rule, n, l1, l2):
    w, g = np.random.default_rng(n).standard_normal((2, n)).astype(np.float32)
    own = w.copy()
    state = [np.zeros_like(w) if j < SLOTS[rule] else None for j in range(3)]
    own_state = [None if a is None else a.copy() for a in state]
    hyper = reference.Hyper(**HYPER[rule])
    own_hyper = _kernels.Hyper(**HYPER[rule])
    segments = _kernels.Segments([own], [own_state], [l1], [l2])
    segments.set_gradient(0, g)
    sums = np.empty(segments.blocks)

    def numpy():
        nonlocal hyper
        penalty = reference.update(rule, w, g, state, hyper, l1, l2)
        hyper = hyper._replace(step=hyper.step + 1)
        return penalty

    def corereg():
        _kernels.update(rule, segments, own_hyper, sums)
        return sums.sum()

    for _ in range(3):
        np.testing.assert_allclose(corereg(), numpy(), rtol=1e-5)
        np.testing.assert_allclose(own, w, rtol=1e-5, atol=1e-6)
    strengths = " + ".join(name for name, value in (("L1", l1), ("L2", l2)) if value)
    title = f"{rule} with {strengths or 'no penalty'}, {n:,} parameters"
    race(title, numpy=numpy, corereg=corereg)
