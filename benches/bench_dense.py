"""Dense layers against the arithmetic peak: forward with bias and relu, dW with db, and dX through
the relu below. Only the products' operations count."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from measure import THREADS, arithmetic, empty, normal, reading

from corereg import _kernels, reference

RELU = _kernels.ACTIVATIONS["relu"]
SHAPES = [  # rows, inputs, outputs, dtype
    (32, 64, 64, "f4"),
    (32, 100, 64, "f4"),
    (128, 784, 512, "f4"),
    (128, 1024, 1024, "f4"),
    (128, 2048, 2048, "f4"),
    (128, 784, 512, "f8"),
]
CASES = [
    (*shape, threads) for shape in SHAPES for threads in THREADS if shape[0] > 32 or threads == 1
]


def title(what, rows, inputs, outputs, dtype):
    return f"{what} {rows}x{inputs}x{outputs}{', float64' if dtype == 'f8' else ''}"


def billions(rows, inputs, outputs):
    return 2e-9 * rows * inputs * outputs


def close(actual, expected):
    """Sums of up to 2048 products of order 1, taken in another order."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-3)


@pytest.mark.parametrize(("rows", "inputs", "outputs", "dtype", "threads"), CASES)
def bench_forward(limit, rows, inputs, outputs, dtype, threads):
    x, w = normal(rows, inputs, dtype=dtype), normal(inputs, outputs, dtype=dtype)
    b, y = normal(outputs, dtype=dtype), empty(rows, outputs, dtype=dtype)

    def numpy():
        return reference.dense_forward(x, w, b, "relu")

    def corereg():
        return _kernels.dense_forward(x, w, b, RELU, y)

    close(corereg(), numpy())
    limit(
        title("dense forward, bias, relu", rows, inputs, outputs, dtype),
        partial(arithmetic, threads, dtype),
        billions(rows, inputs, outputs),
        corereg,
        numpy,
    )


@pytest.mark.parametrize("threads", THREADS)
def bench_one_row(limit, threads):
    """Against reading the weights once."""
    x, w, b, y = normal(1, 784), normal(784, 512), normal(512), empty(1, 512)

    def numpy():
        return reference.dense_forward(x, w, b, "relu")

    def corereg():
        return _kernels.dense_forward(x, w, b, RELU, y)

    close(corereg(), numpy())
    title = "dense forward, bias, relu 1x784x512"
    limit(title, partial(reading, threads, w), 1e-9 * w.nbytes, corereg, numpy)


@pytest.mark.parametrize(("rows", "inputs", "outputs", "dtype", "threads"), CASES)
def bench_backward_weights(limit, rows, inputs, outputs, dtype, threads):
    x, dz = normal(rows, inputs, dtype=dtype), normal(rows, outputs, dtype=dtype)
    dw, db = empty(inputs, outputs, dtype=dtype), empty(outputs, dtype=dtype)

    def numpy():
        return reference.dense_backward_weights(x, dz)

    def corereg():
        _kernels.dense_backward_weights(x, dz, dw, db)
        return dw, db

    for actual, expected in zip(corereg(), numpy(), strict=True):
        close(actual, expected)
    limit(
        title("dense dW, db", rows, inputs, outputs, dtype),
        partial(arithmetic, threads, dtype),
        billions(rows, inputs, outputs),
        corereg,
        numpy,
    )


@pytest.mark.parametrize(("rows", "inputs", "outputs", "dtype", "threads"), CASES)
def bench_backward_input(limit, rows, inputs, outputs, dtype, threads):
    y = np.maximum(normal(rows, inputs, dtype=dtype), 0, out=empty(rows, inputs, dtype=dtype))
    w, dz = normal(inputs, outputs, dtype=dtype), normal(rows, outputs, dtype=dtype)
    dx = empty(rows, inputs, dtype=dtype)

    def numpy():
        return reference.dense_backward_input(dz, w, y, "relu")

    def corereg():
        return _kernels.dense_backward_input(dz, w, y, RELU, dx)

    close(corereg(), numpy())
    limit(
        title("dense dX, relu below", rows, inputs, outputs, dtype),
        partial(arithmetic, threads, dtype),
        billions(rows, inputs, outputs),
        corereg,
        numpy,
    )
