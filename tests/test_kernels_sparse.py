"""The products with weights that are mostly zero: the bits of dense_forward, by fewer terms."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

ACTIVATIONS = _kernels.ACTIVATIONS
# Edges of vectors, of the rows that are taken together (4 to 32), and of the parts of K (256, 512
# or 1024, by the instruction set).
SHAPES = [  # M rows, K inputs, N outputs
    *((m, 5, 7) for m in (0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 70)),
    *((5, k, 9) for k in (1, 2, 15, 16, 17, 255, 256, 257, 511, 513, 1024, 1025, 2100)),
    *((9, 6, n) for n in (2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 100)),
]


def sparse_case(rng, dtype, m, k, n, zeros=0.8):
    x, w, b = (rng.standard_normal(s).astype(dtype) for s in ((m, k), (k, n), (n,)))
    w[rng.random(w.shape) < zeros] = 0
    return x, w, b


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_same_bits_as_dense(shape, dtype, rng, close, guarded):
    m, _, n = shape
    x, w, b = sparse_case(rng, dtype, *shape)
    for name in ("linear", "relu", "tanh", "softmax", "gelu", "silu"):
        for bias in (b, None):
            expected = _kernels.dense_forward(x, w, bias, ACTIVATIONS[name])
            y = _kernels.sparse_forward(x, w, bias, ACTIVATIONS[name], guarded((m, n), dtype))
            assert y.tobytes() == expected.tobytes(), (name, bias is None)
    if m:
        exact = reference.sparse_forward(*(a.astype(float) for a in (x, w, b)), "tanh")
        y = _kernels.sparse_forward(x, w, b, ACTIVATIONS["tanh"])
        close(y, exact, 4, 1 + (abs(x) @ abs(w)).max())


@pytest.mark.parametrize("zeros", [0, 0.5, 1])
def test_any_share_of_zeros(zeros, dtype, rng):
    x, w, b = sparse_case(rng, dtype, 35, 700, 21, zeros)
    w[:, 3] = w[5] = 0
    w[300:600, 7:9] = -0.0
    assert np.array_equal(_kernels.sparse_forward(x, w, b), _kernels.dense_forward(x, w, b))


def test_rows_that_are_not_finite_meet_all_weights(dtype, rng):
    x, w, b = sparse_case(rng, dtype, 37, 530, 12)
    x[3, 1], x[20, 529], x[36, 300] = np.inf, np.nan, -np.inf
    w[2, 5], w[9, 6], w[11, 7] = np.inf, np.nan, np.finfo(dtype).smallest_subnormal
    for act in ("linear", "relu", "sigmoid", "softmax", "elu"):
        y = _kernels.sparse_forward(x, w, b, ACTIVATIONS[act])
        expected = _kernels.dense_forward(x, w, b, ACTIVATIONS[act])
        assert np.array_equal(y, expected, equal_nan=True), act
    assert np.isnan(_kernels.sparse_forward(x, w)[3, w[1] == 0]).all()


def test_a_program_sees_weights_that_change(dtype, rng):
    x, w, b = sparse_case(rng, dtype, 33, 40, 12)
    program = _kernels.Program()
    with program:
        y = _kernels.dense_forward(x, w, b, ACTIVATIONS["relu"])
    ((number, rows, found),) = program.products()
    assert (number, rows) == (0, 33)
    assert found is w
    sparse = program.with_sparse_products({0})
    assert sparse.kernel_names == ["pack_weights", "sparse_forward"]
    assert program.with_sparse_products(()).kernel_names == ["dense_forward"]
    for zeros in (0.9, 0.0, 1.0):
        w[...] = sparse_case(rng, dtype, 1, 40, 12, zeros)[1]
        sparse.replay(1)
        assert np.array_equal(y, _kernels.dense_forward(x, w, b, ACTIVATIONS["relu"]))


def test_products_that_cannot_be_sparse(dtype, rng):
    x, w, _ = sparse_case(rng, dtype, 5, 6, 4)
    program = _kernels.Program()
    with program:
        _kernels.dense_forward(x, w[:, :1].copy())
        _kernels.dense_forward(x, w, rate=0.5, seed=1, step=np.zeros(1, np.int64))
        _kernels.dense_forward(x, w, None, ACTIVATIONS["gelu"], slope=np.empty((5, 4), dtype))
        _kernels.dense_forward(x[:, :0].copy(), w[:0].copy())
    assert program.products() == []
    with pytest.raises(ValueError, match=r"sparse_forward: expected .* received w of shape \(6, 1"):
        _kernels.sparse_forward(x, w[:, :1].copy())


def test_trials_run_both_ways(dtype, rng):
    x, w, b = sparse_case(rng, dtype, 33, 40, 12)
    program = _kernels.Program()
    with program:
        y = _kernels.dense_forward(x, w, b)
    expected = y.copy()
    y[...] = 0
    ((dense, sparse),) = program.time_products([0], 2)
    assert 0 < dense < 1e9
    assert 0 < sparse < 1e9
    assert np.array_equal(y, expected)


def test_select_columns(dtype, rng, guarded):
    for m, k, index in ((0, 3, [1]), (1, 1, [0]), (7, 5, [4, 0, 2]), (33, 20, range(0, 20, 3))):
        x, index = rng.standard_normal((m, k)).astype(dtype), np.array(index)
        y = _kernels.select_columns(x, index, guarded((m, len(index)), dtype))
        assert np.array_equal(y, reference.select_columns(x, index))
        back = _kernels.select_columns(y, index, guarded((m, k), dtype), back=k)
        assert np.array_equal(back, reference.select_columns(y, index, k))


def test_select_columns_that_are_not_there(fails):
    x = np.ones((2, 3))
    for wrong in (3, -1):
        message = f"select_columns: expected columns from 0 to 2, received {wrong}"
        fails(lambda n=wrong: _kernels.select_columns(x, np.array([0, n])), IndexError, message)
    message = "select_columns: expected index with one dimension"
    fails(lambda: _kernels.select_columns(x, np.zeros((1, 1), int)), ValueError, message)
    fails(lambda: _kernels.select_columns(x, np.zeros(2, int), back=4), ValueError, message)
