"""Dropout: a mask, the masked and scaled output, and the way back, in place. Behind a relu nothing
is stored; else a bit an element.

NumPy draws its mask by `generator.random() < keep`; corereg's is Philox4x32-10, and equal to the
reference's to the last bit.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from measure import THREADS, empty, traffic

from corereg import _kernels, reference
from corereg.autograd.parameter import aligned

CASES = [(32, 64, 1), (128, 1024, 1), (128, 1024, THREADS[-1]), (1024, 1024, THREADS[-1])]
SEED, STEP, RATE = 1, 7, 0.5


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize(("rows", "columns", "threads"), CASES)
def bench_forward(limit, rows, columns, threads, stored):
    """Read and written: one array, and a bit an element if stored."""
    x = aligned(positive(rows, columns))
    y = x.copy()
    counter, generator = np.array(STEP), np.random.default_rng(0)
    bits = empty((x.size + 7) // 8, dtype="u1") if stored else None
    expected, kept = reference.dropout_forward(x, RATE, SEED, STEP)
    np.testing.assert_array_equal(
        _kernels.dropout_forward(x, RATE, SEED, counter, 0, bits), expected
    )
    if stored:
        np.testing.assert_array_equal(np.unpackbits(bits, bitorder="little"), kept.reshape(-1))
    verify_numpy(x, *reference.dropout_by_generator(x, RATE, generator))
    limit(
        f"dropout, {'mask stored' if stored else 'behind relu'}, {rows}x{columns}",
        partial(traffic, threads, x.nbytes),
        1e-9 * (2 * x.nbytes + x.size / 8 * stored),
        lambda: _kernels.dropout_forward(x, RATE, SEED, counter, 0, bits, out=x),
        lambda: reference.dropout_by_generator(y, RATE, generator),
        elements=x.size,
    )


@pytest.mark.parametrize("stored", [False, True])
@pytest.mark.parametrize(("rows", "columns", "threads"), CASES)
def bench_backward(limit, rows, columns, threads, stored):
    """Read: the gradient, and the output or a bit an element; written: the gradient."""
    x = positive(rows, columns)
    y, kept = map(aligned, reference.dropout_forward(x, RATE, SEED, STEP))
    bits = aligned(np.packbits(kept, bitorder="little")) if stored else None
    dy = aligned(positive(rows, columns)[::-1])

    def corereg(out=None):
        return _kernels.dropout_backward(dy, RATE, bits, None if stored else y, out)

    def numpy():
        return reference.dropout_backward(dy, RATE, kept if stored else y > 0)

    np.testing.assert_array_equal(corereg(), numpy())
    limit(
        f"dropout backward, {'mask stored' if stored else 'behind relu'}, {rows}x{columns}",
        partial(traffic, threads, x.nbytes * (1 if stored else 2)),
        1e-9 * x.nbytes * (2 + 1 / 32 if stored else 3),
        lambda: corereg(dy),
        numpy,
        elements=x.size,
    )


def positive(*shape):
    return np.random.default_rng(0).uniform(0.5, 1.5, shape).astype(np.float32)


def verify_numpy(x, y, kept):
    """NumPy keeps as many and scales them alike."""
    assert abs(kept.mean() - (1 - RATE)) < 5 * (RATE * (1 - RATE) / x.size) ** 0.5
    np.testing.assert_array_equal(kept, y > 0)
    np.testing.assert_allclose(y[kept], x[kept] / (1 - RATE), rtol=1e-6)
