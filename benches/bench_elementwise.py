"""Activations and small sweeps: in cache on one thread, and a million elements on all. Traffic
counts the lines that are fetched because they will be written."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from measure import THREADS, empty, normal, traffic

from corereg import _kernels, reference
from corereg.autograd.parameter import aligned

SHAPES = [(64, 128, 1), (1024, 1024, THREADS[-1])]
ACTS = ["relu", "sigmoid", "tanh", "softmax"]
FACTOR = np.array(1.001, "f4")
MAPS = {  # kernel, reference, whether on positive numbers
    "exp": (_kernels.exp, reference.exp, False),
    "log": (_kernels.log, reference.log, True),
    "erf": (_kernels.erf, reference.erf, False),
    "scale": (
        lambda x, out: _kernels.scale(x, FACTOR, out),
        lambda x: reference.scale(x, FACTOR),
        False,
    ),
}


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


def one_to_one(limit, title, threads, x, y, corereg, numpy):
    """A row for y = f(x): x is read, y fetched and written."""
    close(corereg(), numpy())
    work = 3e-9 * x.nbytes
    footprint = partial(traffic, threads, 2 * x.nbytes)
    limit(title, footprint, work, corereg, numpy, elements=x.size)


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(("rows", "columns", "threads"), SHAPES)
def bench_activation(limit, rows, columns, threads, act):
    x, y = normal(rows, columns), empty(rows, columns)
    code = _kernels.ACTIVATIONS[act]
    one_to_one(
        limit,
        f"{act} {rows}x{columns}",
        threads,
        x,
        y,
        lambda: _kernels.activation_forward(x, code, y),
        lambda: reference.activation_forward(x, act),
    )


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize(("rows", "columns", "threads"), SHAPES)
def bench_activation_backward(limit, rows, columns, threads, act):
    """Read: gradient and output; fetched and written: gradient."""
    y = aligned(reference.activation_forward(normal(rows, columns), act))
    dy, dx = normal(rows, columns), empty(rows, columns)
    code = _kernels.ACTIVATIONS[act]

    def numpy():
        return reference.activation_backward(dy, y, act)

    def corereg():
        return _kernels.activation_backward(dy, y, code, dx)

    close(corereg(), numpy())
    limit(
        f"{act} backward {rows}x{columns}",
        partial(traffic, threads, 3 * y.nbytes),
        4e-9 * y.nbytes,
        corereg,
        numpy,
        elements=y.size,
    )


@pytest.mark.parametrize(("rows", "columns", "threads"), SHAPES)
def bench_log_softmax(limit, rows, columns, threads):
    x, y = normal(rows, columns), empty(rows, columns)
    one_to_one(
        limit,
        f"log-softmax {rows}x{columns}",
        threads,
        x,
        y,
        lambda: _kernels.log_softmax_forward(x, y),
        lambda: reference.log_softmax_forward(x),
    )


@pytest.mark.parametrize(("rows", "columns", "threads"), SHAPES)
def bench_log_softmax_backward(limit, rows, columns, threads):
    """Read: gradient and output; fetched and written: gradient."""
    y = aligned(reference.log_softmax_forward(normal(rows, columns)))
    dy, dx = normal(rows, columns)[::-1].copy(), empty(rows, columns)

    def numpy():
        return reference.log_softmax_backward(dy, y)

    def corereg():
        return _kernels.log_softmax_backward(dy, y, dx)

    np.testing.assert_allclose(corereg(), numpy(), rtol=1e-4, atol=1e-5)
    limit(
        f"log-softmax backward {rows}x{columns}",
        partial(traffic, threads, 3 * y.nbytes),
        4e-9 * y.nbytes,
        corereg,
        numpy,
        elements=y.size,
    )


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize(("rows", "columns", "threads"), SHAPES)
def bench_map(limit, rows, columns, threads, name):
    kernel, twin, positive = MAPS[name]
    x, y = normal(rows * columns), empty(rows * columns)
    if positive:
        np.abs(x, out=x)
    title = f"{name}, {x.size:,} elements"
    one_to_one(limit, title, threads, x, y, lambda: kernel(x, out=y), lambda: twin(x))


@pytest.mark.parametrize(("rows", "columns", "threads"), SHAPES)
def bench_add(limit, rows, columns, threads):
    """In place. Read: both arrays; written: one."""
    y, x = normal(rows * columns), aligned(normal(rows * columns) * np.float32(1e-6))
    z = y.copy()
    close(_kernels.add(y, x), reference.add(z, x))
    limit(
        f"add, {x.size:,} elements",
        partial(traffic, threads, 2 * x.nbytes),
        3e-9 * x.nbytes,
        lambda: _kernels.add(y, x),
        lambda: reference.add(z, x),
        elements=x.size,
    )


@pytest.mark.parametrize("dtype", ["f4", "f8", "u1"])
def bench_gather(limit, dtype):
    """A shuffled batch. Read: rows of the source; fetched and written: as many of float32."""
    src = np.random.default_rng(0).integers(0, 255, (12800, 784)).astype(dtype)
    order, out = np.random.default_rng(1).permutation(12800), empty(128, 784)
    other = empty(128, 784)

    def numpy():
        return reference.gather_rows(src, other, order)

    def corereg():
        return _kernels.gather_rows(src, out, order)

    np.testing.assert_array_equal(corereg(), numpy())
    read = 128 * 784 * src.itemsize
    limit(
        f"gather 128 rows of 784 {src.dtype}",
        partial(traffic, 1, read + out.nbytes),
        1e-9 * (read + 2 * out.nbytes),
        corereg,
        numpy,
        elements=out.size,
    )
