"""Losses with their gradients, accuracies and the mean over rows."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

LOSSES = list(_kernels.LOSSES)[:5]  # the others: test_kernels_output_losses.py
SMOOTHED = ["softmax_cross_entropy", "sigmoid_cross_entropy"]
SHAPES = [
    *((5, n) for n in (1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 31, 32, 33, 100)),
    *((m, 1) for m in (1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 33)),
    *((1, 10), (0, 10), (0, 1), (0, 0), (33, 65)),
]


def normal(rng, dtype, *shape):
    return rng.standard_normal(shape).astype(dtype)


def targets(kind, rng, dtype, m, n):
    """Fitting y: labels, rows that sum to 1, shares, or any numbers."""
    if kind == "sparse_cross_entropy":
        return rng.integers(0, n, m)
    if kind == "softmax_cross_entropy":
        return rng.dirichlet(np.ones(n), m).astype(dtype)
    if kind == "sigmoid_cross_entropy":
        return rng.integers(0, 2, (m, n)).astype(dtype)
    return normal(rng, dtype, m, n)


def exact(a):
    return a.astype(np.float64) if a.dtype.kind == "f" else a


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("kind", LOSSES)
def test_loss_and_gradient(kind, shape, dtype, rng, close, guarded):
    m, n = shape
    z, y = 3 * normal(rng, dtype, m, n), targets(kind, rng, dtype, m, n)
    weight = rng.uniform(0, 2, m).astype(dtype)
    loss64, dz64 = getattr(reference, kind)(exact(z), exact(y))
    loss, dz = _kernels.loss_forward(kind, z, y, out=guarded(shape, dtype))
    terms = 1 + np.abs(z).max(initial=0)  # losses are differences of terms of this size
    close(loss, loss64, scale=terms * max(1, loss64.max(initial=0)))
    close(dz, dz64, scale=terms / max(m, 1))
    alone, none = _kernels.loss_forward(kind, z, y, gradient=False)
    assert none is None
    assert alone.tobytes() == loss.tobytes()
    loss64, dz64 = getattr(reference, kind)(exact(z), exact(y), exact(weight))
    loss, dz = _kernels.loss_forward(kind, z, y, weight)
    close(loss, loss64, scale=terms * max(1, loss64.max(initial=0)))
    close(dz, dz64, scale=2 * terms / max(m, 1))


@pytest.mark.parametrize("smoothing", [0.1, 1.0])
@pytest.mark.parametrize("kind", SMOOTHED)
def test_label_smoothing(kind, smoothing, dtype, rng, close):
    for m, n in ((5, 3), (4, 10), (20, 1), (3, 33)):
        z, y = normal(rng, dtype, m, n), targets(kind, rng, dtype, m, n)
        weight = rng.uniform(0, 2, m).astype(dtype)
        loss, dz = _kernels.loss_forward(kind, z, y, weight, smoothing)
        loss64, dz64 = getattr(reference, kind)(exact(z), exact(y), exact(weight), smoothing)
        close(loss, loss64, scale=10)
        close(dz, dz64, scale=2 / m)


def test_sparse_is_softmax_of_one_hot_rows(dtype, rng, close):
    z, labels = normal(rng, dtype, 40, 7), rng.integers(0, 7, 40)
    one_hot = np.eye(7, dtype=dtype)[labels]
    sparse = _kernels.loss_forward("sparse_cross_entropy", z, labels)
    dense = _kernels.loss_forward("softmax_cross_entropy", z, one_hot)
    close(sparse[0], dense[0], scale=5)
    close(sparse[1], dense[1], scale=1 / 40)


@pytest.mark.parametrize("kind", ["softmax_cross_entropy", "sparse_cross_entropy"])
def test_softmax_cross_entropy_of_large_logits(kind, dtype, close):
    z = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 0], [1e4, 1e4, 1e4]], dtype)
    labels = np.array([0, 0, 2])
    y = labels if kind == "sparse_cross_entropy" else np.eye(3, dtype=dtype)[labels]
    loss, dz = _kernels.loss_forward(kind, z, y)
    close(loss, [0, 2e4, np.log(3)], scale=1)
    close(dz * 3, [[0, 0, 0], [-1, 1, 0], [1 / 3, 1 / 3, -2 / 3]])


@pytest.mark.parametrize("columns", [1, 2])
def test_sigmoid_cross_entropy_of_large_logits(columns, dtype, close):
    z = np.repeat(np.array([[1e4], [-1e4], [1e4], [-1e4], [30], [-30]], dtype), columns, axis=1)
    y = np.repeat(np.array([[1], [0], [0], [1], [1], [0]], dtype), columns, axis=1)
    loss, dz = _kernels.loss_forward("sigmoid_cross_entropy", z, y)
    small = np.log1p(np.exp(-30.0))
    close(loss[:4], [0, 0, 1e4, 1e4])
    # beyond where 1 + e^-z rounds to 1, the loss keeps its relative precision
    close(loss[4:], [small, small], 4)
    close(dz[:4] * 6 * columns, np.repeat([[0], [0], [1], [-1]], columns, axis=1))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("columns", [1, 5, 40])
@pytest.mark.parametrize("kind", LOSSES)
def test_special_values_stay_in_their_row(kind, columns, value, dtype, rng, close):
    z, y = normal(rng, dtype, 9, columns), targets(kind, rng, dtype, 9, columns)
    clean_loss, clean_dz = _kernels.loss_forward(kind, z, y)
    z[4, columns // 2] = value
    loss, dz = _kernels.loss_forward(kind, z, y)
    assert np.array_equal(np.delete(loss, 4), np.delete(clean_loss, 4))
    assert np.array_equal(np.delete(dz, 4, 0), np.delete(clean_dz, 4, 0))
    with np.errstate(invalid="ignore"):
        loss64, dz64 = getattr(reference, kind)(exact(z), exact(y))
    if kind == "absolute_error" and np.isnan(value):
        dz64[4, columns // 2] = 0  # a kernel's sign(NaN) is 0, NumPy's is NaN
    close(loss, loss64, scale=10)
    close(dz, dz64, scale=1)


@pytest.mark.parametrize("kind", LOSSES)
def test_reference_gradients_are_those_of_the_losses(kind, rng):
    """The oracle's own check: central differences of the weighted mean loss."""
    z, y = rng.standard_normal((4, 5)), targets(kind, rng, "float64", 4, 5)
    weight = rng.uniform(0, 2, 4)
    loss = getattr(reference, kind)
    direction, h = rng.standard_normal(z.shape), 1e-6
    ends = [reference.row_mean(loss(z + s * direction, y, weight)[0]) for s in (h, -h)]
    slope = (loss(z, y, weight)[1] * direction).sum()
    np.testing.assert_allclose(slope, (ends[0] - ends[1]) / (2 * h), 1e-6)


# ---- accuracies --------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 8, 17, 40])
def test_accuracies(n, dtype, rng):
    z = rng.integers(-2, 3, (30, n)).astype(dtype)  # few values: many are equal
    z[::7, n // 2] = np.nan
    y = rng.integers(0, 2, (30, n)).astype(dtype)
    labels = rng.integers(0, n, 30)
    categorical = _kernels.accuracy("categorical", z, y)
    assert np.array_equal(categorical, reference.categorical_accuracy(z, y))
    sparse = _kernels.accuracy("sparse", z, labels)
    assert np.array_equal(sparse, reference.sparse_accuracy(z, labels))
    for threshold in (0.0, 0.5, -1.0):
        binary = _kernels.accuracy("binary", z, y, threshold)
        assert binary.dtype == dtype
        assert np.array_equal(binary, reference.binary_accuracy(z, y, threshold))


def test_accuracies_of_no_rows(dtype):
    empty = np.empty((0, 3), dtype)
    assert _kernels.accuracy("categorical", empty, empty).shape == (0,)
    assert _kernels.accuracy("sparse", empty, np.empty(0, np.int64)).shape == (0,)
    assert _kernels.accuracy("binary", empty, empty).shape == (0,)


def test_binary_accuracy_is_strict(dtype):
    z = np.array([[0.5], [np.nextafter(np.array(0.5, dtype), 1)]], dtype)
    y = np.ones((2, 1), dtype)
    assert _kernels.accuracy("binary", z, y).tolist() == [0, 1]


# ---- mean over rows ----------------------------------------------------------------------------


@pytest.mark.parametrize("m", [0, 1, 2, 17, 1000])
def test_row_mean(m, dtype, rng, close, guarded):
    rows, weight = normal(rng, dtype, m), rng.uniform(0, 2, m).astype(dtype)
    out = guarded((), dtype)
    assert _kernels.row_mean(rows, out=out) is out
    close(out, reference.row_mean(exact(rows)), 1, scale=1)
    close(_kernels.row_mean(rows, weight), reference.row_mean(exact(rows), exact(weight)), 1, 1)


def test_row_mean_is_summed_in_double():
    rows = np.full(100_000, 0.1, np.float32)
    assert _kernels.row_mean(rows) == rows[0]


# ---- accumulators ------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [0, 1, 2, 17, 1000])
def test_tally(n, dtype, rng):
    values, weights = normal(rng, dtype, n), rng.uniform(0, 2, n).astype(dtype)
    total, expected = np.array([1.5, 7.0]), np.array([1.5, 7.0])
    for factor, by in ((1.0, None), (0.25, None), (2.0, weights)):
        _kernels.accumulate_weighted_sum(total, values, factor, by)
        reference.accumulate_weighted_sum(expected, values, factor, by)
        np.testing.assert_allclose(total, expected, rtol=1e-12, atol=1e-12)
    _kernels.accumulate_weighted_sum(total, np.repeat(values, 2)[::2])
    expected[0] += values.sum(dtype=np.float64)
    np.testing.assert_allclose(total, expected, rtol=1e-12, atol=1e-12)


def test_tally_is_summed_in_double():
    total = np.array([0.0])
    for _ in range(3):
        _kernels.accumulate_weighted_sum(total, np.full(50_000, 0.1, np.float32))
    np.testing.assert_allclose(total, 150_000 * float(np.float32(0.1)), rtol=1e-9)


def test_bad_tallies(fails):
    total, values = np.zeros(1), np.ones(3)
    for arguments, exception, message in (
        ((total, [1.0]), TypeError, "expected values as a NumPy array, received list"),
        ((total, values.astype(int)), TypeError, "expected values of dtype float32 or float64"),
        ((total, values, 1.0, values[:2]), ValueError, r"expected weights of shape \(3,\)"),
        ((total, values, 1.0, values.astype("f4")), TypeError, "expected weights of dtype float64"),
        ((0.0, values), ValueError, "expected total as a float64 array"),
        ((np.zeros(1, "f4"), values), ValueError, "expected total as a contiguous float64 array"),
        ((np.zeros(0), values), ValueError, "expected total as a float64 array"),
    ):
        fails(
            lambda a=arguments: _kernels.accumulate_weighted_sum(*a),
            exception,
            f"^accumulate_weighted_sum: {message}",
            total,
        )


def test_increment(fails):
    counter, expected = np.array([5, 7]), np.array([5, 7])
    for by in (1, 32, -3):
        _kernels.increment(counter, by)
        reference.increment(expected, by)
        assert np.array_equal(counter, expected)
    message = "^increment: expected counter as an int64 array that holds the counter$"
    for bad in (3, np.zeros(1), np.zeros(1, np.int32), np.empty(0, np.int64)):
        fails(lambda bad=bad: _kernels.increment(bad), TypeError, message)
    read_only = np.zeros(1, np.int64)
    read_only.flags.writeable = False
    message = "^increment: expected counter as a writeable array$"
    fails(lambda: _kernels.increment(read_only), TypeError, message, read_only)


def test_drain(fails):
    for kind in (np.float64, np.int64):
        log, place = np.arange(5, dtype=kind), np.array([0])
        expected = log.copy()
        for at in (3, 0, 4, 5, -1):  # the last two are outside
            total, same = np.array([7, 8], kind), np.array([7, 8], kind)
            place[0] = at
            _kernels.store_and_reset(total, log, place)
            reference.store_and_reset(same, expected, place)
            assert np.array_equal(log, expected)
            assert total.tolist() == same.tolist() == [0, 8]
    total = np.ones(1)
    _kernels.store_and_reset(total)
    assert total == 0
    message = "^store_and_reset: expected total and log as contiguous, writeable arrays of"
    for bad in (3, np.zeros(1, "f4"), np.zeros(0), np.zeros(4)[::2]):
        fails(lambda bad=bad: _kernels.store_and_reset(bad), TypeError, message)
        fails(
            lambda bad=bad: _kernels.store_and_reset(total, bad, place), TypeError, message, total
        )
    message = "^store_and_reset: expected place as an int64 array that holds the counter$"
    for bad in (None, 3, np.zeros(1)):
        fails(
            lambda bad=bad: _kernels.store_and_reset(total, log, bad),
            TypeError,
            message,
            total,
            log,
        )


@pytest.mark.parametrize("columns", [1, 30])
def test_threads(columns, dtype, rng, threads_agree):
    m = 60_007 // columns
    z = normal(rng, dtype, m, columns)
    for kind in LOSSES:
        y = targets(kind, rng, dtype, m, columns)
        threads_agree(lambda kind=kind, y=y: _kernels.loss_forward(kind, z, y))
    y, labels = (z > 0).astype(dtype), rng.integers(0, columns, m)
    threads_agree(
        lambda: [
            _kernels.accuracy("categorical", z, y),
            _kernels.accuracy("sparse", z, labels),
            _kernels.accuracy("binary", z, y),
            _kernels.row_mean(z[:, 0]),
        ]
    )
