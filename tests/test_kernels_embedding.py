"""The kernels of tables against their twins."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

TWO = np.arange(2)
SHAPES = [(1, 1), (3, 7), (40, 8), (9, 33)]  # of tables


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("looked_up", [(), (0,), (5,), (6, 4), (2, 3, 2)])
def test_look_ups_and_gradients(shape, looked_up, dtype, rng, close, guarded):
    w = rng.standard_normal(shape).astype(dtype)
    index = rng.integers(0, shape[0], looked_up)
    dy = rng.standard_normal((*looked_up, shape[1])).astype(dtype)
    y = _kernels.embedding_forward(index, w)
    assert np.array_equal(y, reference.embedding_forward(index, w))
    dw = _kernels.embedding_backward(index, dy, guarded(shape, dtype))
    close(dw, reference.embedding_backward(index, dy.astype(float), np.empty(shape)), 50)


@pytest.mark.parametrize("wrong", [-1, 4, 2**40, -(2**40)])
def test_rows_outside_the_table(wrong, dtype, fails):
    index, w = np.array([0, wrong, 3]), np.ones((4, 2), dtype)
    fails(
        lambda: _kernels.embedding_forward(index, w),
        IndexError,
        f"embedding_forward: expected row numbers from 0 to 3, received {wrong}",
    )
    y = _kernels.embedding_forward(index, w, missing=True)
    assert y.tolist() == [[1, 1], [0, 0], [1, 1]]
    dw = _kernels.embedding_backward(index, np.ones((3, 2), dtype), np.full((4, 2), 9, dtype))
    assert dw[:, 0].tolist() == [1, 0, 0, 1]


def test_a_replay_reads_nothing_outside_and_says_so(dtype):
    index, w = np.array([0, 3]), np.arange(8, dtype=dtype).reshape(4, 2)
    program = _kernels.Program()
    with program:
        y = _kernels.embedding_forward(index, w)
    program.replay(1)
    index[1] = 10**12
    with pytest.raises(IndexError, match="out of range"):
        program.replay(1)
    assert y.tolist() == [[0, 1], [0, 0]]
    index[1] = 1
    program.replay(1)
    assert y.tolist() == [[0, 1], [2, 3]]


@pytest.mark.parametrize("n", [0, 1, 17])
def test_rows_taken_out_and_put_back(n, dtype, rng):
    index = rng.integers(-2, 7, n)
    rows, place, where = np.empty(n, np.int64), np.empty(n, np.int64), np.full(5, 3)
    _kernels.unique_rows(index, rows, place, where)
    expected = np.empty_like(rows), np.empty_like(place)
    reference.unique_rows(index, *expected, where)
    assert np.array_equal(rows, expected[0])
    assert np.array_equal(place, expected[1])
    x, w = rng.standard_normal((n, 3)).astype(dtype), np.zeros((5, 3), dtype)
    _kernels.scatter_rows(w, x, rows)
    assert np.array_equal(w, reference.scatter_rows(np.zeros_like(w), x, rows))


@pytest.mark.parametrize("count", [0, 1, 2, 5, 64])
@pytest.mark.parametrize("oov_count", [1, 3])
def test_integer_lookup(count, oov_count, rng):
    keys = np.sort(rng.choice(200, count, replace=False) - 100)
    codes = rng.permutation(count) + 10
    x = np.concatenate([keys, rng.integers(-150, 150, 30), [2**62, -(2**62)]]).reshape(-1, 1)
    found = _kernels.integer_lookup(x, keys, codes, 1, oov_count)
    assert np.array_equal(found, reference.integer_lookup(x, keys, codes, 1, oov_count))


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (5,), (4, 7)])
@pytest.mark.parametrize("once", [False, True])
def test_codes_are_counted(shape, once, dtype, rng):
    codes = rng.integers(-3, 6, shape)
    found = _kernels.count_codes(codes, 4, dtype, once)
    assert np.array_equal(found, reference.count_codes(codes, 4, dtype, once))
    assert found.dtype == dtype


def test_a_number_that_is_not_known(fails):
    keys = np.array([2, 5])
    message = "integer_lookup: received a number that is not among the 2 keys"
    fails(lambda: _kernels.integer_lookup(np.array([3]), keys, keys, 0, 0), ValueError, message)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda k: k.embedding_forward(np.ones(2), np.ones((2, 2))), TypeError, "int64"),
        (lambda k: k.embedding_forward([0], np.ones((2, 2))), TypeError, "int64 array, received"),
        (
            lambda k: k.unique_rows(TWO, TWO[:1], TWO, TWO),
            ValueError,
            "expected rows as a contiguous",
        ),
        (lambda k: k.scatter_rows(np.ones((3, 2)), np.ones((2, 1)), TWO), ValueError, "w (k, n)"),
        (
            lambda k: k.integer_lookup(TWO, TWO, TWO[:1], 0, 1),
            ValueError,
            "expected a code for each",
        ),
        (lambda k: k.count_codes(np.ones(2), 2, "float32"), TypeError, "int64"),
        (lambda k: k.count_codes(TWO, 2, "int64"), TypeError, "count_codes: expected dtype"),
        (lambda k: k.count_codes(TWO, -1, "float32"), ValueError, "a count of 0 or more"),
        (lambda k: k.count_codes(np.array(1), 2, "float32"), ValueError, "codes (m, l) or (l,)"),
    ],
)
def test_bad_arguments(call, error, message):
    with pytest.raises(error) as found:
        call(_kernels)
    assert message in str(found.value)


def test_indices_of_any_layout_are_read(rng):
    """Not aligned, in the other byte order, or backwards: the same rows."""
    w, index = rng.standard_normal((5, 3)), np.array([4, 0, 3])
    shifted = np.zeros(25, np.uint8)[1:].view(np.int64)
    shifted[...] = index
    for given in (shifted, index.astype(">i8"), index[::-1].copy()[::-1]):
        np.testing.assert_array_equal(_kernels.embedding_forward(given, w), w[index])
