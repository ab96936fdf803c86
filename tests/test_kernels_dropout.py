"""Dropout and its counter-based generator, Philox4x32-10."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

# Known answers of the Random123 library (Salmon et al. 2011): counter, key, output words.
KNOWN = [
    (
        "00000000 00000000 00000000 00000000",
        "00000000 00000000",
        "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    ),
    (
        "ffffffff ffffffff ffffffff ffffffff",
        "ffffffff ffffffff",
        "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]
RATES = [0.0, 1e-7, 0.001, 0.1, 0.2, 0.25, 0.5, 0.77, 0.9, 0.999, 1 - 2**-17, 1 - 1e-7, 1.0]
SIZES = [0, 1, 2, 7, 8, 9, 15, 16, 17, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 513, 1000]


def words(text):
    return [int(word, 16) for word in text.split()]


def counter(step):
    return np.array([step], np.int64)


def kernel_mask(n, rate, seed, step, stream=0, dtype="float32"):
    """The mask as the kernel stores it, checked against the zeros of its output."""
    bits = np.zeros((n + 7) // 8, np.uint8)
    y = _kernels.dropout_forward(np.ones(n, dtype), rate, seed, counter(step), stream, bits)
    kept = np.unpackbits(bits, count=n, bitorder="little").astype(bool)
    assert np.array_equal(y != 0, kept)
    return kept


@pytest.mark.parametrize(("counter_", "key", "answer"), KNOWN)
def test_known_answers(counter_, key, answer):
    assert reference.philox4x32(np.array(words(counter_)), words(key)).tolist() == words(answer)


def test_known_answer_through_the_mask():
    """Element 64w + b is kept where byte b of word w is below a limit."""
    for w, word in enumerate(words(KNOWN[0][2])):
        for b, byte in enumerate(word.to_bytes(4, "little")):
            for limit in (byte, byte + 1):
                kept = kernel_mask(256, 1 - limit / 256, seed=0, step=0)
                assert kept[64 * w + b] == (byte < limit)


@pytest.mark.parametrize("rate", RATES)
def test_mask_is_the_reference(rate, dtype):
    for n in SIZES:
        seed, step, stream = 1234567 * n, n, n % 5
        expected = reference.dropout_mask(n, rate, seed, step, stream)
        assert np.array_equal(kernel_mask(n, rate, seed, step, stream, dtype), expected)


@pytest.mark.parametrize("rate", [0.3, 1 - 2**-17, 1 - 0x1234_8000 / 2**32])
def test_large_mask_is_the_reference(rate):
    """Large enough for elements whose upper 16 bits tie with the threshold's."""
    n, seed, step, stream = 300_001, 2**64 - 987654321, -(2**40) - 5, 2**30 - 1
    expected = reference.dropout_mask(n, rate, seed, step, stream)
    assert np.array_equal(kernel_mask(n, rate, seed, step, stream), expected)
    threshold = int((1 - rate) * 2**32 + 0.5)
    first, second = (
        reference.random_bytes((n + 255) // 256, seed, step, stream + (level << 30))[:n]
        for level in (0, 1)
    )
    assert (first << 8 | second == threshold >> 16).any(), "no tie: the test shows nothing"


@pytest.mark.parametrize("n", SIZES)
def test_forward_and_backward(n, dtype, rng, close, guarded):
    x, dy = rng.standard_normal(n).astype(dtype), rng.standard_normal(n).astype(dtype)
    for rate in (0.0, 0.3, 0.5, 1.0):
        bits = np.zeros((n + 7) // 8, np.uint8)
        y = _kernels.dropout_forward(x, rate, 7, counter(3), 2, bits, out=guarded(n, dtype))
        expected, kept = reference.dropout_forward(x.astype(np.float64), rate, 7, 3, 2)
        close(y, expected, 2)
        dx = _kernels.dropout_backward(dy, rate, bits, out=guarded(n, dtype))
        close(dx, reference.dropout_backward(dy.astype(np.float64), rate, kept), 2)
        behind_relu = _kernels.dropout_backward(dy, rate, y=y, out=guarded(n, dtype))
        close(behind_relu, reference.dropout_backward(dy.astype(np.float64), rate, y > 0), 2)
        in_place = x.copy()
        assert _kernels.dropout_forward(in_place, rate, 7, counter(3), 2, out=in_place) is in_place
        assert in_place.tobytes() == y.tobytes()
        in_place = dy.copy()
        _kernels.dropout_backward(in_place, rate, bits, out=in_place)
        assert in_place.tobytes() == dx.tobytes()


def test_bits_are_written_up_to_the_end_only():
    for n in SIZES:
        whole = np.full((n + 7) // 8 + 8, 0xA5, np.uint8)
        bits = whole[: (n + 7) // 8]
        _kernels.dropout_forward(np.ones(n), 0.5, 1, counter(0), bits=bits)
        assert (whole[len(bits) :] == 0xA5).all()


def test_shapes_and_layouts(dtype, rng):
    x = rng.standard_normal((6, 40)).astype(dtype)
    for view in (x, x[::2], x[:, ::3], x.T):
        y = _kernels.dropout_forward(view, 0.5, 1, counter(0))
        flat = _kernels.dropout_forward(view.ravel(), 0.5, 1, counter(0))
        assert y.shape == view.shape
        assert np.array_equal(y.ravel(), flat)


def test_dropped_elements_are_zero_whatever_they_were(dtype):
    x = np.full(1000, np.nan, dtype)
    x[::2] = np.inf
    bits = np.zeros(125, np.uint8)
    y = _kernels.dropout_forward(x, 0.5, 1, counter(0), bits=bits)
    kept = np.unpackbits(bits, bitorder="little").astype(bool)
    assert np.array_equal(y, np.where(kept, x, 0), equal_nan=True)
    dx = _kernels.dropout_backward(x, 0.5, bits)
    assert np.array_equal(dx, np.where(kept, x, 0), equal_nan=True)


def test_the_counter_is_read_at_every_call():
    step = counter(0)
    x = np.ones(1000)
    masks = []
    for _ in range(3):
        masks.append(_kernels.dropout_forward(x, 0.5, 1, step))
        step += 1
    assert not np.array_equal(masks[0], masks[1])
    assert np.array_equal(masks[1], _kernels.dropout_forward(x, 0.5, 1, counter(1)))
    assert np.array_equal(masks[2], _kernels.dropout_forward(x, 0.5, 1, counter(2)))


def test_mask_does_not_depend_on_the_dtype():
    single, double = (kernel_mask(5000, 0.3, 1, 2, dtype=d) for d in ("float32", "float64"))
    assert np.array_equal(single, double)


# ---- statistics --------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", RATES)
def test_share_of_kept_elements(rate):
    n = 1 << 20
    kept = kernel_mask(n, rate, seed=42, step=0).sum()
    assert abs(kept - n * (1 - rate)) <= 5 * np.sqrt(n * rate * (1 - rate))


def test_every_place_in_a_group_is_kept_as_often():
    groups, rate = 8192, 0.2
    kept = kernel_mask(256 * groups, rate, seed=5, step=1).reshape(groups, 256).sum(axis=0)
    sigma = np.sqrt(groups * rate * (1 - rate))
    assert np.abs(kept - groups * (1 - rate)).max() < 5 * sigma


def test_masks_are_independent():
    """Masks of other seeds, steps and streams, and shifted ones, do not correlate."""
    n, rate = 1 << 18, 0.4
    base = kernel_mask(n, rate, seed=9, step=100, stream=3)
    others = [
        kernel_mask(n, rate, seed, step, stream)
        for seed, step, stream in (
            *((9, 101, 3), (9, 99, 3), (9, 100 + 2**32, 3), (9, 3, 100)),
            *((9, 100, 4), (9, 100, 2), (10, 100, 3), (9 + 2**32, 100, 3)),
        )
    ]
    others += [np.roll(base, shift) for shift in (1, 2, 8, 16, 32, 64, 128, 2048)]
    for other in others:
        both = (base & other).sum()
        share = (1 - rate) ** 2
        assert abs(both - n * share) < 5 * np.sqrt(n * share * (1 - share))


def test_dropout_keeps_the_mean(dtype):
    x = np.ones(1 << 20, dtype)
    for rate in (0.1, 0.5, 0.9):
        y = _kernels.dropout_forward(x, rate, 3, counter(0))
        sigma = np.sqrt(rate / (1 - rate) / len(x))
        assert abs(y.mean(dtype=np.float64) - 1) < 5 * sigma


def test_baseline_drops_as_often(dtype, rng):
    """The NumPy way of the benches: same contract, other random numbers."""
    x = np.full((300, 400), 2, dtype)
    y, kept = reference.dropout_by_generator(x, 0.25, rng)
    assert y.dtype == dtype
    assert abs(kept.mean() - 0.75) < 5 * np.sqrt(0.75 * 0.25 / x.size)
    assert np.array_equal(y, np.where(kept, x / np.array(0.75, dtype), 0).astype(dtype))


def test_threads(dtype, threads_agree):
    n = 400_003
    x = np.ones(n, dtype)
    bits = np.zeros((n + 7) // 8, np.uint8)

    def passes():
        y = _kernels.dropout_forward(x, 0.3, 11, counter(2), 1, bits)
        return [
            y,
            bits.copy(),
            _kernels.dropout_backward(x, 0.3, bits),
            _kernels.dropout_backward(x, 0.3, y=y),
        ]

    threads_agree(passes)
