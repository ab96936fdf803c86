"""Dense layers: forward with bias and relu; backward: dX through the relu below, dW and db."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

RELU = _kernels.ACTIVATIONS["relu"]
SHAPES = [  # rows, inputs, outputs
    (1, 784, 512),
    (32, 64, 64),
    (32, 100, 64),
    (128, 784, 512),
    (128, 1024, 1024),
    (1024, 100, 64),
]


def normal(*shape: int) -> np.ndarray:
    rng = np.random.default_rng(sum(shape))
    return rng.standard_normal(shape).astype(np.float32)


def close(actual: np.ndarray, expected: np.ndarray) -> None:
    """Sums of up to 1024 products of order 1, taken in another order."""
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def bench_forward(race, shape):
    rows, inputs, outputs = shape
    x, w, b = normal(rows, inputs), normal(inputs, outputs), normal(outputs)

    def numpy():
        return reference.dense_forward(x, w, b, "relu")

    def corereg():
        return _kernels.dense_forward(x, w, b, RELU)

    close(corereg(), numpy())
    race(f"dense forward, bias, relu {rows}x{inputs}x{outputs}", numpy=numpy, corereg=corereg)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def bench_backward(race, shape):
    rows, inputs, outputs = shape
    y, w, dz = np.maximum(normal(rows, inputs), 0), normal(inputs, outputs), normal(rows, outputs)
    dw, db = np.empty_like(w), np.empty(outputs, np.float32)

    def numpy():
        return (
            *reference.dense_backward_weights(y, dz),
            reference.dense_backward_input(dz, w, y, "relu"),
        )

    def corereg():
        _kernels.dense_backward_weights(y, dz, dw, db)
        return dw, db, _kernels.dense_backward_input(dz, w, y, RELU)

    for actual, expected in zip(corereg(), numpy(), strict=True):
        close(actual, expected)
    race(f"dense backward dX, dW, db {rows}x{inputs}x{outputs}", numpy=numpy, corereg=corereg)
