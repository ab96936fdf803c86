"""Dropout: a mask, the masked and scaled output, and the way back.

NumPy draws its mask by `generator.random() < keep`; corereg's is Philox4x32-10, and equal to the
reference's to the last bit.
"""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

SHAPES = [(32, 64), (128, 1024), (1024, 1024)]
SEED, STEP, RATE = 1, 7, 0.5


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def bench_dropout_behind_relu(race, shape):
    """The output tells the mask: nothing is stored."""
    x = np.random.default_rng(0).uniform(0.5, 1.5, shape).astype(np.float32)
    dy = x[::-1].copy()
    generator = np.random.default_rng(0)
    counter = np.array(STEP)

    def numpy():
        y, _ = reference.dropout_by_generator(x, RATE, generator)
        return y, reference.dropout_backward(dy, RATE, y > 0)

    def corereg():
        y = _kernels.dropout_forward(x, RATE, SEED, counter)
        return y, _kernels.dropout_backward(dy, RATE, y=y)

    verify(x, dy, numpy(), corereg())
    race(f"dropout and back, behind relu, {text(shape)}", numpy=numpy, corereg=corereg)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def bench_dropout(race, shape):
    """The mask is stored: a byte an element in NumPy, a bit an element in corereg."""
    x = np.random.default_rng(0).uniform(0.5, 1.5, shape).astype(np.float32)
    dy = x[::-1].copy()
    generator = np.random.default_rng(0)
    counter = np.array(STEP)
    bits = np.empty((x.size + 7) // 8, np.uint8)

    def numpy():
        y, kept = reference.dropout_by_generator(x, RATE, generator)
        return y, reference.dropout_backward(dy, RATE, kept)

    def corereg():
        y = _kernels.dropout_forward(x, RATE, SEED, counter, bits=bits)
        return y, _kernels.dropout_backward(dy, RATE, bits)

    verify(x, dy, numpy(), corereg())
    race(f"dropout and back, mask stored, {text(shape)}", numpy=numpy, corereg=corereg)


def verify(x, dy, by_numpy, by_corereg):
    """corereg's arrays are the reference's; NumPy's keep as many and scale them alike."""
    y, kept = reference.dropout_forward(x, RATE, SEED, STEP)
    np.testing.assert_array_equal(by_corereg[0], y)
    np.testing.assert_array_equal(by_corereg[1], reference.dropout_backward(dy, RATE, kept))
    y, dx = by_numpy
    kept = y > 0
    assert abs(kept.mean() - (1 - RATE)) < 5 * (RATE * (1 - RATE) / x.size) ** 0.5
    np.testing.assert_allclose(y[kept], x[kept] / (1 - RATE), rtol=1e-6)
    np.testing.assert_array_equal(dx, reference.dropout_backward(dy, RATE, kept))


def text(shape):
    return "x".join(map(str, shape))
