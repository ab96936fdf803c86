"""The kernel that sums up samples against its twin."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

KINDS = [None, "categorical", "bernoulli"]


def probabilities(rng, dtype, *shape):
    """Some are 0, some 1."""
    p = rng.random(shape).astype(dtype)
    p[rng.random(shape) < 0.1] = 0
    p[rng.random(shape) < 0.1] = 1
    return p


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("samples", "m", "n"), [(0, 3, 2), (1, 0, 3), (1, 1, 1), (3, 5, 1), (2, 9, 17), (5, 33, 10)]
)
def test_moments(kind, samples, m, n, dtype, rng, close, guarded):
    first, more = (probabilities(rng, dtype, s, m, n) for s in (samples, samples + 1))
    mean, squares = guarded((m, n), dtype), guarded((m, n), dtype)
    entropy = None if kind is None else guarded(m, dtype)
    expected = [np.zeros((m, n)), np.zeros((m, n)), None if kind is None else np.zeros(m)]
    for array in (mean, squares, entropy):
        if array is not None:
            array[...] = 0
    for x, before in ((first, 0), (more, samples)):
        count, x_so = np.array([before]), x.reshape(-1, n)
        _kernels.sample_moments(mean, squares, x_so, count, entropy, kind)
        reference.sample_moments(*expected[:2], x_so.astype(float), count, expected[2], kind)
        assert count[0] == before
    close(mean, expected[0])
    close(squares, expected[1], scale=samples + 1)
    if kind is not None:
        close(entropy, expected[2], ulps=64, scale=n)
    whole = np.concatenate([first, more]).astype(float)
    close(mean, whole.mean(0))
    close(squares, whole.var(0) * len(whole), scale=samples + 1)


def test_samples_that_agree_have_no_spread_at_all(dtype, rng):
    x = np.tile(rng.random((4, 3)).astype(dtype), (7, 1))
    mean, squares = np.zeros((2, 4, 3), dtype)
    _kernels.sample_moments(mean, squares, x, np.zeros(1, np.int64))
    assert np.array_equal(mean, x[:4])
    assert not squares.any()


def test_entropies_are_those_of_the_formulas(dtype, close):
    p = np.array([[0.5, 0.5], [1, 0], [0.25, 0.75]], dtype)
    for kind, factor in (("categorical", 1), ("bernoulli", 2)):
        entropy, mean = np.zeros(3, dtype), np.zeros((3, 2), dtype)
        _kernels.sample_moments(mean, mean.copy(), p, np.zeros(1, np.int64), entropy, kind)
        last = -0.25 * np.log(0.25) - 0.75 * np.log(0.75)
        close(entropy, factor * np.array([np.log(2), 0, last]))


@pytest.mark.parametrize("kind", KINDS)
def test_threads(kind, dtype, rng, threads_agree):
    x, count = probabilities(rng, dtype, 3 * 700, 9), np.array([4])

    def call():
        mean, squares = np.zeros((2, 700, 9), dtype)
        entropy = None if kind is None else np.zeros(700, dtype)
        _kernels.sample_moments(mean, squares, x, count, entropy, kind)
        return [a for a in (mean, squares, entropy) if a is not None]

    threads_agree(call)


def test_bad_arguments_raise(fails):
    mean, squares, x, count = np.zeros((4, 3)), np.zeros((4, 3)), np.zeros((8, 3)), np.array([0])

    def call(*arguments):
        return lambda: _kernels.sample_moments(*arguments)

    fails(call(mean, squares, x[:6], count), ValueError, "whole samples of 4 rows, received 6")
    fails(call(mean, squares, x, count, None, "categorical"), ValueError, "entropy and kind togeth")
    fails(call(mean, squares, x, count, np.zeros(4), "gaussian"), ValueError, "a kind of")
    fails(call(mean, squares, x, count, np.zeros(3), "bernoulli"), ValueError, "entropy of shape")
    fails(call(mean, squares, x, np.zeros(1)), TypeError, "count as an int64 array")
    fails(call(mean, squares, x[:, :2], count), ValueError, "mean of shape")
