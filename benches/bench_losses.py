"""Losses of each row with the gradient of their mean, and accuracies: a batch of ten classes, and
one of a thousand."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from measure import THREADS, empty, normal, traffic

from corereg import _kernels, reference
from corereg.autograd.parameter import aligned

POSITIVE = ("kl_divergence", "poisson", "squared_logarithmic_error")  # outputs of these
SHAPES = [(128, 10, 1), *((1024, 1000, threads) for threads in THREADS)]


def targets(kind, rows, columns):
    labels = np.random.default_rng(0).integers(0, columns, rows)
    if kind.startswith("sparse"):
        return labels
    return aligned(np.eye(columns, dtype=np.float32)[labels])


@pytest.mark.parametrize("kind", _kernels.LOSSES)
@pytest.mark.parametrize(("rows", "columns", "threads"), SHAPES)
def bench_loss(limit, rows, columns, threads, kind):
    """Read: outputs and targets; fetched and written: the gradient."""
    z, dz = normal(rows, columns), empty(rows, columns)
    if kind in POSITIVE:
        z = aligned(np.abs(z) + np.float32(0.1))
    y = targets(kind, rows, columns)
    levels = aligned(np.linspace(0.1, 0.9, columns, dtype=np.float32))
    more = {"levels": levels} if kind == "quantile" else {}
    named = {f"{name}_n": array for name, array in more.items()}
    twin = partial(getattr(reference, kind), **named)

    def corereg():
        return _kernels.loss_forward(kind, z, y, out=dz, **more)

    for actual, expected in zip(corereg(), twin(z, y), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-6)
    inputs = z.nbytes + y.nbytes + sum(array.nbytes for array in more.values())
    limit(
        f"{kind.replace('_', ' ')} {rows}x{columns}",
        partial(traffic, threads, inputs + dz.nbytes),
        1e-9 * (inputs + 2 * dz.nbytes),
        corereg,
        lambda: twin(z, y),
        elements=z.size,
    )


@pytest.mark.parametrize("kind", _kernels.ACCURACIES)
@pytest.mark.parametrize(("rows", "columns", "threads"), SHAPES[:1])
def bench_accuracy(limit, rows, columns, threads, kind):
    """Read: outputs and targets."""
    z = normal(rows, columns)
    y = targets(kind, rows, columns)
    twin = getattr(reference, f"{kind}_accuracy")

    def corereg():
        return _kernels.accuracy(kind, z, y)

    np.testing.assert_allclose(corereg(), twin(z, y), rtol=1e-6)
    limit(
        f"{kind} accuracy {rows}x{columns}",
        partial(traffic, threads, z.nbytes + y.nbytes),
        1e-9 * (z.nbytes + y.nbytes),
        corereg,
        lambda: twin(z, y),
        elements=z.size,
    )


def bench_row_mean(limit):
    rows = normal(1024)
    out = np.empty((), np.float32)
    np.testing.assert_allclose(_kernels.row_mean(rows, out=out), rows.mean(), atol=1e-6)
    limit(
        "mean of 1,024 rows",
        partial(traffic, 1, rows.nbytes),
        1e-9 * rows.nbytes,
        lambda: _kernels.row_mean(rows, out=out),
        lambda: reference.row_mean(rows),
        elements=rows.size,
    )


def bench_tally(limit):
    rows, total, other = normal(1024), np.zeros(1), np.zeros(1)
    _kernels.accumulate_weighted_sum(total, rows)
    reference.accumulate_weighted_sum(other, rows)
    np.testing.assert_allclose(total, other, rtol=1e-12)
    limit(
        "sum over 1,024 rows, in order",
        partial(traffic, 1, rows.nbytes),
        1e-9 * rows.nbytes,
        lambda: _kernels.accumulate_weighted_sum(total, rows),
        lambda: reference.accumulate_weighted_sum(other, rows),
        elements=rows.size,
    )
