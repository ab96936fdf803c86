"""Normal random numbers and alpha dropout: the twins, the moments, and the same bits everywhere."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from corereg import _kernels, reference

SIZES = [0, 1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129, 1000]


def counter(step):
    return np.array([step], np.int64)


def test_normal_numbers_are_their_twins(dtype, close, guarded):
    for n in SIZES:
        seed, step = 2**64 - 77 * n - 1, n * 2**31
        found = _kernels.normal(guarded(n, dtype), seed, counter(step), 0.5, 2.0, n % 5)
        close(found, reference.normal(found, seed, step, 0.5, 2.0, n % 5), 16, scale=10)


def test_normal_numbers_have_the_moments_of_the_distribution(dtype):
    z = _kernels.normal(np.empty(400_000, dtype), 5, counter(1)).astype(np.float64)
    for power, expected, spread in ((1, 0, 1), (2, 1, 2), (3, 0, 15), (4, 3, 96)):
        assert abs((z**power).mean() - expected) < 5 * np.sqrt(spread / z.size)
    for gap in (1, 16, 32, 64):  # neighbours, and the two of a pair
        assert abs((z[:-gap] * z[gap:]).mean()) < 5 / np.sqrt(z.size)
    for low, share in ((1, 0.158655), (2, 0.0227501), (3, 0.0013499)):
        spread = np.sqrt(share / z.size)
        assert abs((z > low).mean() - share) < 5 * spread
        assert abs((z < -low).mean() - share) < 5 * spread


def test_normal_numbers_are_the_same_on_every_machine(dtype, threads_agree):
    def draw():
        return [_kernels.normal(np.empty(100_003, dtype), 11, counter(2), 1.0, 0.25)]

    known = {"float32": 1834924066, "float64": 1560366701}[dtype]
    assert zlib.crc32(draw()[0].tobytes()) == known
    threads_agree(draw)


def test_normal_numbers_differ_by_seed_step_and_stream():
    drawn = [
        _kernels.normal(np.empty(64), seed, counter(step), stream=stream)
        for seed, step, stream in ((1, 0, 0), (2, 0, 0), (1, 1, 0), (1, 0, 1))
    ]
    for i, a in enumerate(drawn):
        for b in drawn[:i]:
            assert not (a == b).any()


def test_bad_arguments_of_normal_numbers(dtype, fails):
    out, step = np.ones(4, dtype), counter(0)
    normal = _kernels.normal
    fails(lambda: normal(out.astype(int), 1, step), TypeError, "^normal: expected out of dtype")
    fails(lambda: normal(out[::2], 1, step), TypeError, "^normal: expected out contig", out)
    fails(lambda: normal(None, 1, step), TypeError, "^normal: expected out as a NumPy array")
    fails(lambda: normal(out, -1, step), ValueError, r"^normal: expected seed in \[0", out)
    fails(lambda: normal(out, 1, 3), TypeError, "^normal: expected step as an int64 array", out)
    fails(lambda: normal(out, 1, step, stream=2**30), ValueError, "^normal: expected stream", out)


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.25, 1.0])
def test_alpha_dropout_is_its_twin(rate, dtype, rng, guarded):
    for n in SIZES:
        x = rng.standard_normal(n).astype(dtype)
        x[: n // 2] = np.nan  # what is dropped leaves nothing behind
        bits = np.zeros((n + 7) // 8, np.uint8)
        arguments = rate, 1.5, 0.25, -2.0, 7, counter(3), 2, bits
        y = _kernels.alpha_dropout_forward(x, *arguments, guarded(n, dtype))
        expected, kept = reference.alpha_dropout_forward(x, rate, 1.5, 0.25, -2.0, 7, 3, 2)
        np.testing.assert_allclose(y, expected, rtol=1e-6, atol=1e-6)
        assert np.array_equal(np.unpackbits(bits, count=n, bitorder="little"), kept)
        in_place = x.copy()
        _kernels.alpha_dropout_forward(in_place, *arguments, in_place)
        assert in_place.tobytes() == y.tobytes()
        dx = _kernels.dropout_backward(np.ones(n, dtype), rate, bits, scale=1.5)
        assert np.array_equal(dx, np.where(kept, 1.5, 0))
