"""The three products of a dense layer, against the NumPy reference in float64."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

ACTIVATIONS = _kernels.ACTIVATIONS
# Edges of vectors (2 to 16 elements), register tiles (4, 6, 8 rows by 4 to 48 columns) and packed
# panels (192 to 1024 deep) of all instruction sets.
EDGES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 15, 16, 17, 23, 24, 25, 31, 32, 33, 47, 48, 49, 97]
SHAPES = [  # M rows, K inputs, N outputs
    *((5, 3, n) for n in EDGES),
    *((m, 5, 7) for m in EDGES),
    *((3, k, 17) for k in (*EDGES, 255, 256, 257, 513)),
    *((1, 7, n) for n in (31, 33, 127, 128, 129, 300)),
    *((m, k, 1) for m in (1, 9, 33) for k in (1, 15, 17, 300)),
    *((1, 0, 1), (0, 0, 0), (33, 65, 129), (129, 33, 65), (65, 129, 33), (100, 257, 10)),
    *((37, 66, 256), (37, 66, 512), (37, 260, 512)),  # rows that collide in the cache
    (37, 1100, 512),  # the deepest panels
    *((3, 70, 1024), (3, 70, 1027), (12, 130, 1024)),  # few rows, and those of w a page apart
    (900, 260, 33),  # columns of x far apart, summed in several parts
]
ELEMENTWISE = [name for name in ACTIVATIONS if name != "softmax"]


def normal(rng, dtype, *shape):
    return rng.standard_normal(shape).astype(dtype)


def exact(*arrays):
    return [a.astype(np.float64) for a in arrays]


def product_scale(a, b):
    """The size of the terms of a @ b, to which its rounding errors are proportional."""
    return 1 + (np.abs(a) @ np.abs(b)).max(initial=0)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_forward(shape, dtype, rng, close, guarded):
    m, k, n = shape
    x, w, b = normal(rng, dtype, m, k), normal(rng, dtype, k, n), normal(rng, dtype, n)
    x64, w64, b64 = exact(x, w, b)
    scale = product_scale(x64, w64) + np.abs(b64).max(initial=0)
    z, z_no_bias = reference.dense_forward(x64, w64, b64), reference.dense_forward(x64, w64)
    for name, act in ACTIVATIONS.items():
        y = _kernels.dense_forward(x, w, b, act, out=guarded((m, n), dtype))
        close(y, reference.activation_forward(z, name), 4, scale, name)
        y = _kernels.dense_forward(x, w, None, act)
        close(y, reference.activation_forward(z_no_bias, name), 4, scale, f"{name}, no bias")
        if name in _kernels.KEEPS_SLOPE:
            slope = guarded((m, n), dtype)
            again = _kernels.dense_forward(x, w, None, act, slope=slope)
            assert again.tobytes() == y.tobytes()
            close(slope, reference.activation_slope(z_no_bias, name), 4, 2 * scale, name)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_backward_input(shape, dtype, rng, close, guarded):
    m, k, n = shape
    dz, w, z = normal(rng, dtype, m, n), normal(rng, dtype, k, n), normal(rng, dtype, m, k)
    dz64, w64 = exact(dz, w)
    scale = product_scale(dz64, w64.T)
    dx64 = reference.dense_backward_input(dz64, w64)
    close(_kernels.dense_backward_input(dz, w), dx64, 4, scale)
    for name in ELEMENTWISE:
        y = reference.activation_forward(z, name)
        dx = _kernels.dense_backward_input(dz, w, y, ACTIVATIONS[name], out=guarded((m, k), dtype))
        expected = reference.activation_backward(dx64, y.astype(np.float64), name)
        close(dx, expected, 4, scale * max(1, np.abs(y).max(initial=0)), name)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_backward_weights(shape, dtype, rng, close, guarded):
    m, k, n = shape
    x, dz = normal(rng, dtype, m, k), normal(rng, dtype, m, n)
    x64, dz64 = exact(x, dz)
    dw64, db64 = reference.dense_backward_weights(x64, dz64)
    dw_scale, db_scale = product_scale(x64.T, dz64), product_scale(np.ones((1, m)), dz64)
    dw, db = guarded((k, n), dtype), guarded(n, dtype)
    _kernels.dense_backward_weights(x, dz, dw, db)
    close(dw, dw64, 4, dw_scale)
    close(db, db64, 4, db_scale)
    alone_dw, alone_db = guarded((k, n), dtype), guarded(n, dtype)
    _kernels.dense_backward_weights(x, dz, alone_dw)
    _kernels.dense_backward_weights(x, dz, None, alone_db)
    assert alone_dw.tobytes() == dw.tobytes()
    assert alone_db.tobytes() == db.tobytes()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_dropout_in_the_products_is_dropout_after_them(shape, dtype, rng, guarded):
    m, k, n = shape
    x, w, b, dz = (normal(rng, dtype, *s) for s in ((m, k), (k, n), (n,), (m, n)))
    relu, step = ACTIVATIONS["relu"], np.array(3)
    for rate in (0.0, 0.3, 0.5, 1.0):
        for name in ELEMENTWISE:
            act = ACTIVATIONS[name]
            apart = _kernels.dense_forward(x, w, b, act)
            _kernels.dropout_forward(apart, rate, 7, step, out=apart)
            y = _kernels.dense_forward(x, w, b, act, guarded((m, n), dtype), rate, 7, step)
            assert y.tobytes() == apart.tobytes(), (rate, name)
        behind = _kernels.dropout_forward(np.maximum(x, 0), rate, 7, step)
        apart = _kernels.dropout_backward(_kernels.dense_backward_input(dz, w), rate, y=behind)
        dx = _kernels.dense_backward_input(dz, w, behind, relu, guarded((m, k), dtype), rate)
        assert dx.tobytes() == apart.tobytes(), rate


def awkward(a):
    """The same values, not as kernels want them: strided, transposed, misaligned, swapped."""
    strided = np.repeat(a, 2, axis=-1)[..., ::2]
    misaligned = np.empty(a.nbytes + 1, np.uint8)[1:].view(a.dtype).reshape(a.shape)
    misaligned[...] = a
    read_only = a.copy()
    read_only.flags.writeable = False
    return [strided, np.asfortranarray(a), misaligned, a.astype(a.dtype.newbyteorder()), read_only]


@pytest.mark.parametrize(("k", "n"), [(150, 1024), (150, 1030), (1100, 512), (70, 40)])
def test_a_row_does_not_depend_on_how_many_there_are(k, n, dtype, rng):
    """To the bit, though few rows are multiplied in other parts of the sums than many."""
    x, w, b = normal(rng, dtype, 40, k), normal(rng, dtype, k, n), normal(rng, dtype, n)
    whole = _kernels.dense_forward(x, w, b, ACTIVATIONS["relu"])
    for rows in (1, 2, 3, 5, 6, 7, 12, 23, 31):
        part = _kernels.dense_forward(x[:rows], w, b, ACTIVATIONS["relu"])
        assert part.tobytes() == whole[:rows].tobytes(), rows


def test_inputs_of_any_layout(dtype, rng):
    x, w, b = normal(rng, dtype, 7, 9), normal(rng, dtype, 9, 5), normal(rng, dtype, 5)
    dz, y = normal(rng, dtype, 7, 5), normal(rng, dtype, 7, 9)
    relu = ACTIVATIONS["relu"]
    forward = _kernels.dense_forward(x, w, b)
    dx = _kernels.dense_backward_input(dz, w, y, relu)
    dw, db = np.empty_like(w), np.empty_like(b)
    _kernels.dense_backward_weights(x, dz, dw, db)
    inputs = zip(*map(awkward, (x, w, b, dz, y)), strict=True)
    for x2, w2, b2, dz2, y2 in inputs:
        assert np.array_equal(_kernels.dense_forward(x2, w2, b2), forward)
        assert np.array_equal(_kernels.dense_backward_input(dz2, w2, y2, relu), dx)
        dw2, db2 = np.empty_like(w), np.empty_like(b)
        _kernels.dense_backward_weights(x2, dz2, dw2, db2)
        assert np.array_equal(dw2, dw)
        assert np.array_equal(db2, db)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("outputs", [1, 5, 40])
def test_special_values_stay_in_their_row(value, outputs, dtype, rng):
    x, w = normal(rng, dtype, 9, 6), np.abs(normal(rng, dtype, 6, outputs))
    clean = {name: _kernels.dense_forward(x, w, None, act) for name, act in ACTIVATIONS.items()}
    x[4, 2] = value
    ends = {"linear": value, "relu": max(value, 0), "sigmoid": value > 0, "tanh": np.sign(value)}
    ends |= {"leaky_relu": value, "elu": max(value, -1), "softplus": max(value, 0)}
    ends["selu"] = max(value, np.array(-1.7580993408473766, dtype))
    above = value if value > 0 else np.nan  # -inf times 0
    ends |= dict.fromkeys(("gelu", "gelu_tanh", "silu", "mish"), above)
    for name, act in ACTIVATIONS.items():
        y = _kernels.dense_forward(x, w, None, act)
        expected = np.nan if np.isnan(value) or name == "softmax" else float(ends[name])
        assert np.array_equal(y[4], np.full(outputs, expected), equal_nan=True), name
        assert np.array_equal(np.delete(y, 4, 0), np.delete(clean[name], 4, 0)), name


def test_softmax_does_not_overflow(dtype, close):
    x = np.array([[1.0], [-1.0]], dtype)
    w = np.array([[1e4, -1e4, 1e4, 0.0, 5.0]], dtype)
    y = _kernels.dense_forward(x, w, None, ACTIVATIONS["softmax"])
    close(y, [[0.5, 0, 0.5, 0, 0], [0, 1, 0, 0, 0]])


# Shapes that are shared by rows and by columns, for each product.
@pytest.mark.parametrize("shape", [(130, 150, 90), (7, 500, 600), (700, 7, 500), (30000, 51, 1)])
def test_threads(shape, dtype, rng, threads_agree):
    m, k, n = shape
    x, w, b = normal(rng, dtype, m, k), normal(rng, dtype, k, n), normal(rng, dtype, n)
    dz, y = normal(rng, dtype, m, n), normal(rng, dtype, m, k)

    def products():
        dw, db = np.empty_like(w), np.empty_like(b)
        _kernels.dense_backward_weights(x, dz, dw, db)
        relu = ACTIVATIONS["relu"]
        forward = [_kernels.dense_forward(x, w, b, ACTIVATIONS[a]) for a in ("relu", "softmax")]
        forward.append(_kernels.dense_forward(x, w, b, relu, None, 0.3, 7, np.array(1)))
        return [*forward, _kernels.dense_backward_input(dz, w, y, relu, None, 0.3), dw, db]

    threads_agree(products)


def test_reference_gradients_are_those_of_the_forward(rng):
    """The oracle's own check: central differences of sum(dy * layer(x))."""
    x, w, b = (rng.standard_normal(s) for s in ((4, 3), (3, 5), 5))
    dy = rng.standard_normal((4, 5))
    for name in ACTIVATIONS:
        y = reference.dense_forward(x, w, b, name)
        if name in _kernels.KEEPS_SLOPE:
            y = reference.activation_slope(reference.dense_forward(x, w, b), name)
        dz = reference.activation_backward(dy, y, name)
        dw, db = reference.dense_backward_weights(x, dz)
        for a, da in ((x, reference.dense_backward_input(dz, w)), (w, dw), (b, db)):
            direction = rng.standard_normal(a.shape)
            ends = []
            for h in (1e-6, -1e-6):
                moved = [v + h * direction if v is a else v for v in (x, w, b)]
                ends.append((dy * reference.dense_forward(*moved, name)).sum())
            np.testing.assert_allclose((da * direction).sum(), (ends[0] - ends[1]) / 2e-6, 1e-6)
