"""The kernels that metrics count with against their twins: confusion counts, the k largest."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

SPACINGS = {
    "any": [0.1, 0.25, 0.25, 0.5, 0.9],
    "even": [0, 0.25, 0.5, 0.75, 1],
    "widened": [-1e-7, 0.25, 0.5, 0.75, 1 + 1e-7],
}


def batch(rng, dtype, m, n):
    """Predictions, some on thresholds, NaN or outside [0, 1], and targets."""
    p = rng.random((m, n)).astype(dtype)
    p[::3] = np.round(p[::3] * 4) / 4
    for value in (np.nan, -0.5, 1.5):
        p[rng.random((m, n)) < 0.05] = value
    return p, rng.integers(0, 2, (m, n)).astype(dtype)


@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize(("m", "n"), [(0, 2), (1, 1), (31, 1), (40, 3)])
def test_threshold_counts(spacing, m, n, dtype, rng, guarded):
    p, y = batch(rng, dtype, m, n)
    thresholds = np.array(SPACINGS[spacing], dtype)
    rows, each = rng.random(m).astype(dtype), rng.random((m, n)).astype(dtype)
    columns = rng.random(n).astype(dtype)
    for labels in {1, n}:
        for weights, column_weights in ((None, None), (rows, None), (each, columns)):
            found = [guarded((labels, 6), "float64") for _ in range(2)]
            expected = np.zeros((2, labels, 6))
            for counts in found:
                counts[...] = 0
            for _ in range(2):  # they add up
                arguments = (p, y, thresholds, weights, column_weights, spacing)
                _kernels.threshold_counts(*found, *arguments)
                reference.threshold_counts(*expected, *arguments)
            np.testing.assert_allclose(found, expected, 1e-13)


def test_counts_of_many_thresholds_are_those_of_comparisons(dtype, rng):
    p, y = batch(rng, dtype, 200, 1)
    thresholds = np.sort(rng.random(77)).astype(dtype)
    positives, negatives = np.zeros((2, 1, 78))
    _kernels.threshold_counts(positives, negatives, p, y, thresholds)
    above = positives[0, ::-1].cumsum()[::-1][1:]
    assert above.tolist() == [((p > t) & (y != 0)).sum() for t in thresholds]


@pytest.mark.parametrize("k", [1, 2, 5])
def test_the_k_largest(k, dtype, rng, guarded):
    x = rng.integers(-3, 4, (33, 5)).astype(dtype)  # few values: many are equal
    x[::5, 2], x[::7, 4] = np.nan, -np.inf
    out = guarded(x.shape, dtype)
    assert _kernels.filter_top_k(x, k, out) is out
    assert np.array_equal(out, reference.filter_top_k(x, k))
    labels = rng.integers(0, 5, 33)
    y = np.eye(5, dtype=dtype)[labels]
    found = _kernels.top_k_accuracy(x, labels, k)
    assert found.dtype == dtype
    assert np.array_equal(found, reference.top_k_accuracy(x, labels, k))
    assert np.array_equal(found, _kernels.top_k_accuracy(x, y, k))


@pytest.mark.parametrize("columns", [1, 30])
def test_threads(columns, dtype, rng, threads_agree):
    m = 6000 // columns
    p, y = batch(rng, dtype, m, columns)
    labels = rng.integers(0, columns, m)

    def counted():
        found = np.zeros((2, columns, 6))
        _kernels.threshold_counts(*found, p, y, np.array(SPACINGS["any"], dtype), p[:, 0])
        return [
            found,
            _kernels.filter_top_k(p, min(columns, 3)),
            _kernels.top_k_accuracy(p, labels, 3),
        ]

    threads_agree(counted)


def test_bad_input(fails):
    p, counts = np.ones((4, 3)), np.zeros((1, 3))
    bounds = np.array([0.2, 0.4])
    arguments = {"positives": counts, "negatives": counts.copy(), "p": p, "y": p}
    arguments["thresholds"] = bounds
    _kernels.threshold_counts(**arguments)  # as it is, it works
    counts[...] = 0
    for changed, exception, message in (
        ({"positives": np.zeros((2, 3))}, ValueError, r"expected positives of shape \(1, 3\) or"),
        ({"positives": np.zeros((1, 4))}, ValueError, "expected positives of shape"),
        ({"negatives": np.zeros((3, 3))}, ValueError, "expected negatives of shape"),
        ({"negatives": counts.astype("float32")}, TypeError, "expected negatives as a contiguous"),
        ({"p": p.tolist()}, TypeError, "p"),
        ({"y": p[1:]}, ValueError, r"expected y of shape \(4, 3\), received \(3, 3\)"),
        ({"y": p.astype("float32")}, TypeError, "expected y of dtype float64"),
        ({"thresholds": bounds[None]}, ValueError, "expected thresholds with 1 dimensions"),
        ({"weights": np.ones(3)}, ValueError, "expected weights of shape"),
        ({"column_weights": np.ones(4)}, ValueError, r"expected column_weights of shape \(3,\)"),
        ({"spacing": "odd"}, ValueError, "expected a spacing of .+ received 'odd'"),
        ({"spacing": "even", "thresholds": bounds[:1]}, ValueError, "two or more, received 1"),
    ):
        call = lambda c=changed: _kernels.threshold_counts(**arguments | c)  # noqa: E731
        fails(call, exception, f"^threshold_counts: .*{message}", counts)
    fails(lambda: _kernels.filter_top_k(p, 4), ValueError, "expected k from 1 to the 3 columns")
    fails(lambda: _kernels.filter_top_k(p, 2, p), ValueError, "expected out as another array")
    fails(lambda: _kernels.top_k_accuracy(p, p[1:], 1), ValueError, "expected y of shape")
    fails(lambda: _kernels.top_k_accuracy(p, np.full(4, 3), 1), ValueError, r"labels in \[0, 3\)")
    fails(lambda: _kernels.top_k_accuracy(p, p.astype("float32"), 1), TypeError, "expected y of d")
    fails(lambda: _kernels.top_k_accuracy(p, p, 0), ValueError, "expected k of 1 or more")
