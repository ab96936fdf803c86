"""Optimizer steps with the penalty's gradient and value in the same sweep, and the sweeps that
stand alone; one variable. In cache and beyond it, against the triad of as many bytes."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from measure import THREADS, empty, normal, traffic

from corereg import _kernels, reference
from corereg.autograd.parameter import aligned
from corereg.reference.updates import Proximal

RATES = {"sgd": 0.01, "momentum": 0.01, "nesterov": 0.01, "rmsprop": 0.001, "adam": 0.001}
OWN = {
    "sgd": {},
    "momentum": {"momentum": 0.9},
    "nesterov": {"momentum": 0.9},
    "rmsprop": {"rho": 0.9, "epsilon": 1e-7, "momentum": 0.0},
    "adam": {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7},
}
SLOTS = {"sgd": 0, "momentum": 1, "nesterov": 1, "rmsprop": 1, "adam": 2}
SIZES = [(11_000, 1), *((1_000_000, threads) for threads in THREADS)]
ENDS = [SIZES[0], SIZES[-1]]
CASES = [
    *((rule, n, threads, 0.01, 0.01) for rule in RATES for n, threads in SIZES),
    ("adam", 1_000_000, THREADS[-1], 0.0, 0.0),
]


@pytest.mark.parametrize(("rule", "n", "threads", "l1", "l2"), CASES)
def bench_update(limit, rule, n, threads, l1, l2):
    """Read: weights, gradient, state; written: weights, state."""
    w, g = normal(n), normal(n + 1)[:n]
    own = aligned(w)
    state = [np.zeros_like(w) if j < SLOTS[rule] else None for j in range(3)]
    own_state = [None if a is None else aligned(a) for a in state]
    hyper = reference.Hyper(RATES[rule], own=OWN[rule])
    own_hyper = _kernels.Hyper(rule, RATES[rule], **OWN[rule])
    segments = _kernels.Segments([own], [own_state], [l1], [l2])
    segments.set_gradient(0, g)
    sums = np.empty(segments.blocks)

    def numpy():
        nonlocal hyper
        penalty = reference.update(rule, w, g, state, hyper, l1, l2)
        hyper = hyper._replace(step=hyper.step + 1)
        return penalty

    def corereg():
        _kernels.update(segments, own_hyper, sums)

    for _ in range(3):
        corereg()
        np.testing.assert_allclose(sums.sum(), numpy(), rtol=1e-5)
        np.testing.assert_allclose(own, w, rtol=1e-5, atol=1e-6)
    arrays = 2 + SLOTS[rule]
    limit(
        f"{rule} with {'L1 + L2' if l1 else 'no penalty'}, {n:,} parameters",
        partial(traffic, threads, arrays * w.nbytes),
        1e-9 * w.nbytes * (2 * arrays - 1),
        corereg,
        numpy,
        elements=n,
    )


@pytest.mark.parametrize("scaling", [None, *_kernels.SCALINGS])
@pytest.mark.parametrize("n", [11_000, 266_200, 1_000_000])
def bench_proximal(limit, n, scaling):
    """Adam's step without and with a proximal penalty, on one thread. Read: weights, gradient,
    state; written: weights, state."""
    g, exact = normal(n + 1)[:n], normal(n)
    own, state = aligned(exact), [np.zeros_like(exact), np.zeros_like(exact), None]
    own_state = [None if a is None else aligned(a) for a in state]
    penalty = None if scaling is None else Proximal(1e-3, 0.0, scaling)
    proximal = None if penalty is None else [tuple(penalty)]
    segments = _kernels.Segments([own], [own_state], proximal=proximal)
    segments.set_gradient(0, g)
    hyper = reference.Hyper(RATES["adam"], own=OWN["adam"])
    own_hyper = _kernels.Hyper("adam", RATES["adam"], **OWN["adam"])
    sums = np.empty(segments.blocks)

    def numpy():
        nonlocal hyper
        reference.update("adam", exact, g, state, hyper, proximal=penalty)
        hyper = hyper._replace(step=hyper.step + 1)

    def corereg():
        _kernels.update(segments, own_hyper, sums)

    for _ in range(3):
        corereg()
        numpy()
        np.testing.assert_allclose(own, exact, rtol=1e-5, atol=1e-6)
    limit(
        f"adam, proximal penalty {scaling or 'none'}, {n:,} parameters",
        partial(traffic, 1, 4 * exact.nbytes),
        1e-9 * exact.nbytes * 7,
        corereg,
        numpy,
        elements=n,
    )


@pytest.mark.parametrize(("n", "threads"), ENDS)
def bench_penalty(limit, n, threads):
    """Read: weights."""
    w = normal(n)
    segments = _kernels.Segments([w], l1=[0.01], l2=[0.02])
    sums = np.empty(segments.blocks)
    _kernels.penalty(segments, sums)
    np.testing.assert_allclose(sums.sum(), reference.penalty(w, 0.01, 0.02), rtol=1e-5)
    limit(
        f"penalty L1 + L2, {n:,} parameters",
        partial(traffic, threads, w.nbytes),
        1e-9 * w.nbytes,
        lambda: _kernels.penalty(segments, sums),
        lambda: reference.penalty(w, 0.01, 0.02),
        elements=n,
    )


@pytest.mark.parametrize(("n", "threads"), ENDS)
def bench_penalty_backward(limit, n, threads):
    """Read: weights; fetched and written: gradient."""
    w, dw, factor = normal(n), empty(n), np.array(1.5, "f4")

    def numpy():
        return reference.penalty_backward(w, 0.01, 0.02, factor)

    def corereg():
        return _kernels.penalty_backward(w, 0.01, 0.02, factor, dw)

    np.testing.assert_allclose(corereg(), numpy(), rtol=1e-5)
    limit(
        f"penalty backward L1 + L2, {n:,} parameters",
        partial(traffic, threads, 2 * w.nbytes),
        3e-9 * w.nbytes,
        corereg,
        numpy,
        elements=n,
    )


@pytest.mark.parametrize(("n", "threads"), ENDS)
def bench_clip_scales(limit, n, threads):
    """Norms of gradients, then factors. Read: weights, gradient."""
    w, g = normal(n), normal(n + 1)[:n]
    segments = _kernels.Segments([w])
    segments.set_gradient(0, g)
    scales, sums = np.empty(1), np.empty(segments.blocks)

    def numpy():
        return reference.clip_scales(reference.gradient_norms([g]), 1.0)

    def corereg():
        _kernels.clip_scales(segments, 1.0, False, scales, sums)
        return scales

    np.testing.assert_allclose(corereg(), numpy(), rtol=1e-5)
    limit(
        f"clipnorm's factor, {n:,} parameters",
        partial(traffic, threads, 2 * w.nbytes),
        2e-9 * w.nbytes,
        corereg,
        numpy,
        elements=n,
    )
