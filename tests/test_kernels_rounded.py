"""Products of operands that are rounded to bfloat16, against their twin and against exact ones."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

ACTIVATIONS = _kernels.ACTIVATIONS
ELEMENTWISE = [name for name in ACTIVATIONS if name != "softmax"]
# Edges of tiles (16 rows or columns, 32 deep), of two of them, and of vectors.
EDGES = [0, 1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65]
SHAPES = [  # M rows, K inputs, N outputs
    *((5, 3, n) for n in EDGES),
    *((m, 5, 7) for m in EDGES),
    *((3, k, 17) for k in EDGES),
    *((1, 7, n) for n in (31, 33, 128, 129)),
    *((m, k, 1) for m in (1, 9, 33) for k in (1, 17, 300)),
    *((0, 0, 0), (1, 0, 1), (33, 65, 129), (129, 33, 65), (65, 129, 33), (100, 257, 10)),
    (40, 600, 512),  # columns are shared
]
ERRORS = {1: 4e-3, 3: 2e-5}
"""By parts: how far a product of 32 terms or more may be off, for each unit of the sum of their
absolute values. (One term alone may be off by twice as much: 2^-7.)"""


def normal(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def twin(a, b, parts):
    """The product of rounded operands, in float64."""
    first, second = reference.round_operand(a, parts), reference.round_operand(b, parts, True)
    return sum(x.astype(float) @ y.astype(float) for x, y in zip(first, second, strict=True))


def scale_of(a, b):
    """The size of the terms of a @ b."""
    return 1 + (np.abs(a).astype(float) @ np.abs(b)).max(initial=0)


def test_rounding():
    one, step = np.float32(1), np.float32(2**-7)
    given = [1, 1 + 0.5 * step, 1 + 0.75 * step, 1 + 1.5 * step, -1 - 0.51 * step, 3.4e38]
    wanted = [1, 1, one + step, 1 + 2 * step, -one - step, np.inf]
    found = reference.round_to_bfloat16(np.array([*given, np.inf, -np.inf, 0, -0.0], np.float32))
    assert found.tolist() == [*wanted, np.inf, -np.inf, 0, 0]
    assert np.signbit(found[-1])
    for bits in (0x7F800001, 0x7FFFFFFF, 0xFFC00000):
        assert np.isnan(reference.round_to_bfloat16(np.array([bits], np.uint32).view("f4")))


@pytest.mark.parametrize("parts", ERRORS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_forward(shape, parts, rng, close, guarded):
    m, k, n = shape
    x, w, b = normal(rng, m, k), normal(rng, k, n), normal(rng, n)
    z, scale = twin(x, w, parts), scale_of(x, w) + 4
    for name in ("linear", "relu", "tanh", "gelu", "softmax"):
        y = _kernels.dense_forward(x, w, b, ACTIVATIONS[name], guarded((m, n), "f4"), parts=parts)
        close(y, reference.activation_forward(z + b, name), 8, scale, name)
    y = _kernels.dense_forward(x, w, parts=parts)
    close(y, z, 8, scale)
    slope = guarded((m, n), "f4")
    _kernels.dense_forward(x, w, b, ACTIVATIONS["silu"], slope=slope, parts=parts)
    close(slope, reference.activation_slope(z + b, "silu"), 8, 2 * scale)


@pytest.mark.parametrize("parts", ERRORS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_backward(shape, parts, rng, close, guarded):
    m, k, n = shape
    x, dz, w = normal(rng, m, k), normal(rng, m, n), normal(rng, k, n)
    dx64 = twin(dz, w.T, parts)
    for name in ("linear", "relu", "tanh", "gelu"):
        y = reference.activation_forward(x, name)
        dx = _kernels.dense_backward_input(
            dz, w, y, ACTIVATIONS[name], guarded((m, k), "f4"), parts=parts
        )
        expected = reference.activation_backward(dx64, y.astype(float), name)
        close(dx, expected, 8, scale_of(dz, w.T) * max(1, np.abs(y).max(initial=0)), name)
    close(_kernels.dense_backward_input(dz, w, parts=parts), dx64, 8, scale_of(dz, w.T))
    dw, db = guarded((k, n), "f4"), guarded(n, "f4")
    _kernels.dense_backward_weights(x, dz, dw, db, parts)
    close(dw, twin(x.T, dz, parts), 8, scale_of(x.T, dz))
    whole, alone = guarded(n, "f4"), guarded((k, n), "f4")
    _kernels.dense_backward_weights(x, dz, None, whole)  # sums of columns are no products
    assert db.tobytes() == whole.tobytes()
    _kernels.dense_backward_weights(x, dz, alone, None, parts)
    assert alone.tobytes() == dw.tobytes()


@pytest.mark.parametrize("parts", ERRORS)
@pytest.mark.parametrize("shape", [(33, 40, 65), (128, 300, 100), (32, 1000, 35), (64, 784, 32)])
def test_errors(shape, parts, rng):
    m, k, n = shape
    x, w, dz = normal(rng, m, k), normal(rng, k, n), normal(rng, m, n)
    dw = np.empty_like(w)
    _kernels.dense_backward_weights(x, dz, dw, None, parts)
    for found, a, b in (
        (_kernels.dense_forward(x, w, parts=parts), x, w),
        (_kernels.dense_backward_input(dz, w, parts=parts), dz, w.T),
        (dw, x.T, dz),
    ):
        a, b = a.astype(float), b.astype(float)
        off = np.abs(found - a @ b) / (np.abs(a) @ np.abs(b))
        assert off.max() <= ERRORS[parts]
        assert off.max() > ERRORS[parts] / 3e3  # of rounded operands indeed


@pytest.mark.parametrize("parts", ERRORS)
@pytest.mark.parametrize("shape", [(33, 17, 40), (7, 20, 1), (40, 600, 512)], ids=str)
def test_dropout_in_the_products_is_dropout_after_them(shape, parts, rng, guarded):
    m, k, n = shape
    x, w, b, dz = normal(rng, m, k), normal(rng, k, n), normal(rng, n), normal(rng, m, n)
    relu, step = ACTIVATIONS["relu"], np.array(3)
    apart = _kernels.dense_forward(x, w, b, relu, parts=parts)
    _kernels.dropout_forward(apart, 0.3, 7, step, out=apart)
    y = _kernels.dense_forward(x, w, b, relu, guarded((m, n), "f4"), 0.3, 7, step, parts=parts)
    assert y.tobytes() == apart.tobytes()
    behind = _kernels.dropout_forward(np.maximum(x, 0), 0.3, 7, step)
    dx = _kernels.dense_backward_input(dz, w, parts=parts)
    apart = _kernels.dropout_backward(dx, 0.3, y=behind)
    dx = _kernels.dense_backward_input(dz, w, behind, relu, guarded((m, k), "f4"), 0.3, parts=parts)
    assert dx.tobytes() == apart.tobytes()


@pytest.mark.parametrize("parts", ERRORS)
def test_numbers_that_are_not_finite(parts):
    x = np.ones((5, 3), np.float32)
    x[0, 1], x[1, 1], x[2, 1], x[3] = np.inf, -np.inf, np.nan, [np.inf, -np.inf, 1]
    w = np.array([[1, -1, 0], [2, -3, 0.1], [1, 1, np.inf]], np.float32)
    y = _kernels.dense_forward(x, w, parts=parts)
    assert y[0].tolist() == [np.inf, -np.inf, np.inf]
    assert y[1, :2].tolist() == [-np.inf, np.inf]
    assert np.isnan(y[2:4, :2]).all()
    assert np.isnan(y[1, 2])
    assert y[4].tolist() == [4, -3, np.inf]


@pytest.mark.parametrize("parts", ERRORS)
def test_float64_is_not_rounded(parts, rng):
    x, w = rng.standard_normal((9, 20)), rng.standard_normal((20, 7))
    y = _kernels.dense_forward(x, w)
    assert _kernels.dense_forward(x, w, parts=parts).tobytes() == y.tobytes()
    dx = _kernels.dense_backward_input(y, w)
    assert _kernels.dense_backward_input(y, w, parts=parts).tobytes() == dx.tobytes()
    (dw, db), (dw2, db2) = ((np.empty((20, 7)), np.empty(7)) for _ in range(2))
    _kernels.dense_backward_weights(x, y, dw, db)
    _kernels.dense_backward_weights(x, y, dw2, db2, parts)
    assert dw.tobytes() + db.tobytes() == dw2.tobytes() + db2.tobytes()


def test_parts_that_there_are_not(fails):
    a, out = np.ones((3, 3), np.float32), np.zeros((3, 3), np.float32)
    for parts in (-1, 2, 4):
        message = f"expected 0, 1 or 3 parts, received {parts}"
        fails(lambda p=parts: _kernels.dense_forward(a, a, out=out, parts=p), ValueError, message)


def test_weights_are_rounded_first(rng):
    x, w, w2 = normal(rng, 9, 40), normal(rng, 40, 33), normal(rng, 33, 5)
    program = _kernels.Program()
    with program:
        y = _kernels.dense_forward(_kernels.dense_forward(x, w, parts=1), w2, parts=1)
    made = program.with_rounded_weights((x,))
    rounded, product = "round_operand", "dense_forward"
    assert made.kernel_names == [rounded, rounded, rounded, product, rounded, product]
    for a in (x, w, w2):
        a *= 1.5
    program.replay(1)
    wanted = y.tobytes()
    y[:] = 0
    made.replay(1)
    assert y.tobytes() == wanted
    plain = _kernels.Program()
    with plain:
        _kernels.dense_forward(x, w)
    assert plain.with_rounded_weights((x,)) is plain


def test_sparse_kernels_keep_out(rng):
    x, w = normal(rng, 64, 40), normal(rng, 40, 30)
    program = _kernels.Program()
    with program:
        _kernels.dense_forward(x, w, parts=1)
    assert not program.products()
    assert program.kernel_names == ["round_operand", "round_operand", "dense_forward"]
