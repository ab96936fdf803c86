"""Rows mixed with other rows: the twins, the beta distribution, and the same bits everywhere."""

from __future__ import annotations

import math
import zlib

import numpy as np
import pytest

from corereg import _kernels, reference

SIZES = [0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 33, 100]
ALPHAS = [1e-6, 0.2, 0.4, 1.0, 3.0, 30.0]


def counter(step):
    return np.array([step], np.int64)


def betas(n, dtype, low, high=None, seed=5, step=1, stream=0):
    high = low if high is None else high
    return _kernels.symmetric_beta(np.empty(n, dtype), low, high, seed, counter(step), stream)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_shares_are_their_twins(alpha, dtype, close, guarded):
    for n in SIZES:
        seed, step = 2**64 - 77 * n - 1, n * 2**31
        out = guarded(n, dtype)
        found = _kernels.symmetric_beta(out, alpha, 2 * alpha, seed, counter(step), n % 5)
        expected = reference.symmetric_beta(found, alpha, 2 * alpha, seed, step, n % 5)
        # the exponent log(u)/alpha is rounded as a number of its own size
        close(found, expected, 32 + 32 / alpha, scale=1)


def cumulative(a, x):
    """The regularized incomplete beta function I_x(a, a), by its continued fraction (Lentz)."""
    flip = x > 0.5
    x = np.clip(np.where(flip, 1 - x, x), 1e-300, 1)
    c, d = np.ones_like(x), 1 / (1 - 2 * a * x / (a + 1))
    total = d.copy()
    for m in range(1, 80):
        for factor in (
            m * (a - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (2 * a + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / (1 + factor * d), 1 + factor / c
            total *= c * d
    scale = math.lgamma(2 * a) - 2 * math.lgamma(a) - math.log(a)
    below = np.exp(scale + a * np.log(x) + a * np.log1p(-x)) * total
    return np.where(flip, 1 - below, below)


SCIPY = [  # scipy.special.betainc(a, a, x)
    (0.2, 0.01, 0.20977769006775232),
    (0.2, 0.3, 0.43320418437596453),
    (0.4, 0.05, 0.18004316200185286),
    (0.4, 0.4, 0.44519533784105364),
    (3.0, 0.2, 0.05792),
    (30.0, 0.45, 0.2196671844526262),
]


def test_the_distribution_that_the_next_test_compares_with():
    for a, x, expected in SCIPY:
        assert abs(cumulative(a, np.array([x]))[0] - expected) < 1e-12
    x = np.linspace(0.01, 0.99, 9)
    np.testing.assert_allclose(cumulative(1.0, x), x, rtol=1e-12)
    np.testing.assert_allclose(cumulative(0.5, x), 2 / np.pi * np.arcsin(np.sqrt(x)), rtol=1e-12)


@pytest.mark.parametrize("alpha", ALPHAS[1:])
def test_shares_are_of_the_beta_distribution(alpha, dtype):
    n = 10_000
    drawn = np.sort(betas(n, dtype, alpha).astype(np.float64))
    assert drawn[0] >= 0
    assert drawn[-1] <= 1
    variance = 1 / (4 * (2 * alpha + 1))
    assert abs(drawn.mean() - 0.5) < 5 * np.sqrt(variance / n)
    fourth = 3 / (16 * (2 * alpha + 1) * (2 * alpha + 3))  # central moments of Beta(alpha, alpha)
    spread = np.sqrt((fourth - variance**2) / n)
    assert abs(((drawn - 0.5) ** 2).mean() - variance) < 5 * spread
    apart = np.abs(cumulative(alpha, drawn) - (np.arange(n) + 0.5) / n)
    most = apart[drawn < 1 - 1e-4].max() * np.sqrt(n)  # near 1 float32 has no numbers between
    assert most < 1.95  # Kolmogorov and Smirnov: 1 in 1,000 is above


def test_shares_of_a_tiny_parameter_are_0_or_1(dtype):
    drawn = betas(10_000, dtype, 1e-6)
    assert np.isin(drawn, (0, 1)).mean() > 0.999
    assert abs(drawn.mean() - 0.5) < 0.03
    assert np.isfinite(betas(10_000, dtype, 1e-300)).all()
    assert np.abs(betas(10_000, dtype, 1e12) - 0.5).max() < 1e-4


def test_shares_are_independent(dtype):
    drawn = betas(100_000, dtype, 1.0).astype(np.float64) - 0.5
    for gap in (1, 8, 16, 32):
        assert abs((drawn[:-gap] * drawn[gap:]).mean() * 12) < 5 / np.sqrt(len(drawn))
    others = [(1.0, 6, 1, 0), (1.0, 5, 2, 0), (1.0, 5, 1, 1)]
    for alpha, seed, step, stream in others:
        other = betas(1000, dtype, alpha, None, seed, step, stream) - 0.5
        assert abs((drawn[:1000] * other).mean() * 12) < 5 / np.sqrt(1000)


def test_the_parameter_is_drawn_once_a_call():
    """Of parameters between 0.01 and 30 the variance tells which one it was."""
    variances = [betas(4000, "float64", 0.01, 30.0, step=step).var() for step in range(200)]
    parameters = (1 / (4 * np.array(variances)) - 1) / 2
    assert abs(parameters.mean() - 15) < 5 * 30 / np.sqrt(12 * 200)
    assert (np.histogram(parameters, [0, 10, 20, 30])[0] > 40).all()


def test_the_same_on_every_machine(dtype, threads_agree):
    rng = np.random.default_rng(3)
    x = rng.standard_normal((101, 6, 7, 3)).astype(dtype)
    order = rng.permutation(101)

    def draw():
        share = betas(101, dtype, 0.1, 0.9)
        return [
            share,
            betas(10_003, dtype, 0.2),
            _kernels.mix_rows(x, order, share),
            _kernels.paste_boxes(x, order, share, (1, 6, 7, 3), 9, counter(4), 2),
            _kernels.larger_rows(order, share),
        ]

    known = {"float32": 3072571916, "float64": 1402887556}[dtype]
    assert zlib.crc32(b"".join(a.tobytes() for a in draw())) == known
    threads_agree(draw)


@pytest.mark.parametrize("rows", SIZES)
def test_mixed_rows_are_their_twins(rows, dtype, rng, close, guarded):
    for cols in (1, 3, 16, 17, 40):
        x = rng.standard_normal((rows, cols)).astype(dtype)
        order, share = rng.permutation(rows), rng.random(rows).astype(dtype)
        share[: rows // 3] = (0, 1, 0.5)[rows % 3]
        found = _kernels.mix_rows(x, order, share, guarded((rows, cols), dtype))
        close(found, reference.mix_rows(x.astype(float), order, share.astype(float)), 4)
        larger = _kernels.larger_rows(order, share)
        assert np.array_equal(larger, reference.larger_rows(order, share))
        whole = np.isin(share, (0, 1))
        assert np.array_equal(found[whole], x[larger[whole]])


def test_rows_mixed_with_their_like_stay_to_the_bit(dtype, rng):
    x = np.repeat(rng.standard_normal((1, 33)).astype(dtype), 20, axis=0)
    found = _kernels.mix_rows(x, rng.permutation(20), rng.random(20).astype(dtype))
    assert found.tobytes() == x.tobytes()


@pytest.mark.parametrize("shape", [(1, 5, 7, 1), (1, 4, 4, 3), (3, 6, 2, 1), (1, 1, 1, 1)])
def test_boxes_are_their_twins(shape, dtype, rng, guarded):
    for rows in (0, 1, 2, 33):
        x = rng.standard_normal((rows, *shape)).astype(dtype)
        order, share = rng.permutation(rows), rng.random(rows).astype(dtype)
        share[:1] = 1
        share[1:2] = 0
        out = guarded(x.shape, dtype)
        arguments = order, share, shape, 7, counter(3), 2
        found = _kernels.paste_boxes(x, *arguments, out)
        assert np.array_equal(found, reference.paste_boxes(x, order, share, shape, 7, 3, 2))
        assert np.array_equal(found[:1], x[:1])
        assert np.array_equal(found[1:2], x[order[1:2]])


def test_boxes_have_their_share_of_the_pixels_on_the_average(dtype):
    rows, share = 20_000, 0.7
    x = np.zeros((rows, 8, 8), dtype)
    x[rows // 2 :] = 1
    order = np.roll(np.arange(rows), rows // 2)
    shares = np.full(rows, share, dtype)
    found = _kernels.paste_boxes(x, order, shares, (1, 8, 8, 1), 1, counter(0))
    box = np.abs(found - x)
    assert abs(box.mean() - (1 - share)) < 0.01
    often = box.mean(axis=0)
    assert often[3:5, 3:5].min() > 0.6
    assert 0 < often[7, 7] < 0.2


def test_bad_arguments(dtype, fails):
    out, step, order = np.ones(4, dtype), counter(0), np.arange(4)
    beta, mix, paste = _kernels.symmetric_beta, _kernels.mix_rows, _kernels.paste_boxes
    fails(lambda: beta(out, 0, 1, 1, step), ValueError, "^symmetric_beta: expected 0 < low", out)
    fails(lambda: beta(out, 2, 1, 1, step), ValueError, "^symmetric_beta: expected 0 < low", out)
    fails(lambda: beta(out, 1, math.nan, 1, step), ValueError, "expected 0 < low <= high", out)
    fails(lambda: beta(out, 1, 1, -1, step), ValueError, "expected seed", out)
    fails(lambda: beta(out, 1, 1, 1, step, 2**30 - 1), ValueError, "expected stream", out)
    fails(lambda: mix(np.ones((), dtype), order, out), ValueError, "batch as its first axis")
    fails(lambda: mix(out, order[:3], out), ValueError, r"expected order of shape \(4,\)")
    fails(lambda: mix(out, order.astype(np.int32), out), TypeError, "contiguous int64 array")
    fails(lambda: mix(out, order + 1, out), IndexError, "order names rows outside the 4")
    fails(lambda: mix(out, order, out[:3]), ValueError, r"expected share of shape \(4,\)")
    images = np.ones((4, 6), dtype)
    for shape in ((1, 2, 2, 1), (-1, -2, 3, 1)):
        fails(
            lambda shape=shape: paste(images, order, out, shape, 1, step),
            ValueError,
            "expected image_shape of 6 elements",
        )
    fails(lambda: beta(out.astype(int), 1, 1, 1, step), TypeError, "^symmetric_beta: expected out")
    fails(lambda: beta(np.ones(8, dtype)[::2], 1, 1, 1, step), TypeError, "out contiguous")
    fails(lambda: _kernels.larger_rows(order, images), ValueError, "share with 1 dimensions")
    fails(lambda: _kernels.larger_rows(order[1:], out), ValueError, r"order of shape \(4,\)")
    wrong = np.ones(4, np.int32)
    fails(lambda: _kernels.larger_rows(order, out, wrong), TypeError, "contiguous int64", wrong)
