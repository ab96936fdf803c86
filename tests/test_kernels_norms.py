"""The normalizing kernels against their twins, on odd shapes, in place, and with NaN."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

SHAPES = [(0, 5), (1, 1), (2, 3), (5, 17), (7, 64), (33, 65), (300, 131), (4, 3, 9)]


def rows_of(a):
    return a.reshape(-1, a.shape[-1]).astype(np.float64)


def made(rng, dtype, shape):
    """x, dy, and gamma, beta, a mean and a variance of the columns."""
    n = shape[-1]
    x, dy = (rng.standard_normal(shape) * 2 + 3).astype(dtype), rng.standard_normal(shape)
    vectors = [rng.uniform(0.5, 2, n).astype(dtype) for _ in range(4)]
    return x, dy.astype(dtype), *vectors


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_batch_norm_is_its_twin(shape, dtype, rng, close, guarded, threads_agree):
    x, dy, gamma, beta, mean, variance = made(rng, dtype, shape)
    n = shape[-1]
    for weights in ((gamma, beta), (None, beta), (gamma, None), (None, None)):
        moving, twins = [mean.copy(), variance.copy()], [mean.astype(float), variance.astype(float)]
        outputs = [guarded(size, dtype) for size in (shape, n, n)]
        found = _kernels.batch_norm_forward(x, *weights, *moving, 0.9, 1e-3, *outputs)
        wide = [None if w is None else w.astype(float) for w in weights]
        expected = reference.batch_norm_forward(rows_of(x), *wide, *twins, 0.9)
        close(found[0].reshape(-1, n), expected[0], 200, scale=20)
        close(found[1], expected[1], 16, scale=10)
        close(found[2], expected[2], 100)
        for a, b in zip(moving, twins, strict=True):
            close(a, b, 16, scale=10)

        given = [guarded(size, dtype) for size in (shape, n)]
        y = _kernels.batch_norm_inference(x, mean, variance, *weights, 1e-3, *given)
        stats = mean.astype(float), variance.astype(float)
        expected = reference.batch_norm_inference(rows_of(x), *stats, *wide)
        close(y.reshape(-1, n), expected, 64)
        close(given[1], 1 / np.sqrt(stats[1] + 1e-3))

        for by_given, inv in ((True, given[1]), (False, found[2])):
            means = mean if by_given else found[1]
            outputs = [guarded(size, dtype) for size in (shape, n, n)]
            got = _kernels.batch_norm_backward(dy, x, means, inv, weights[0], by_given, *outputs)
            twin = reference.batch_norm_backward(
                rows_of(dy), rows_of(x), means.astype(float), inv.astype(float), wide[0], by_given
            )
            for a, b in zip(got, twin, strict=True):
                scale = 10 * np.sqrt(len(rows_of(x)) + 1) * (1 + inv.max(initial=0))
                close(a.reshape(b.shape), b, 100, scale=scale)
            in_place = dy.copy()
            again = _kernels.batch_norm_backward(
                in_place, x, means, inv, weights[0], by_given, in_place
            )
            assert [a.tobytes() for a in again] == [a.tobytes() for a in got]
            none, *_ = _kernels.batch_norm_backward(dy, x, means, inv, input_gradient=False)
            assert none is None
    threads_agree(lambda: _kernels.batch_norm_forward(x, gamma, beta))


def test_a_column_is_the_same_wherever_it_stands(rng, dtype):
    # Shares of threads begin at any vector, so that strips are wide here and narrow there.
    x, dy, *vectors = made(rng, dtype, (7, 150))

    def columns(begin, end):
        own = [np.ascontiguousarray(a[..., begin:end]) for a in (x, dy, *vectors)]
        moving = own[4].copy(), own[5].copy()
        found = _kernels.batch_norm_forward(own[0], *own[2:4], *moving, 0.9)
        back = _kernels.batch_norm_backward(own[1], own[0], *found[1:], own[2])
        y = _kernels.batch_norm_inference(own[0], *own[4:], *own[2:4])
        return *found, *moving, *back, y

    whole = columns(0, 150)
    for begin, end in ((0, 8), (0, 16), (3, 120), (32, 63), (140, 150)):
        for part, among in zip(columns(begin, end), whole, strict=True):
            assert part.tobytes() == np.ascontiguousarray(among[..., begin:end]).tobytes()


def test_rows_without_columns_have_a_mean_of_0():
    y, mean, inv = reference.row_norm_forward(np.empty((3, 0)))
    assert y.shape == (3, 0)
    assert mean.tolist() == [0, 0, 0]
    assert np.allclose(inv, 1 / np.sqrt(1e-3))


def test_moving_averages_stay_without_rows(dtype):
    mean, variance = np.full(5, 2, dtype), np.full(5, 3, dtype)
    _kernels.batch_norm_forward(np.empty((0, 5), dtype), None, None, mean, variance)
    assert (mean == 2).all()
    assert (variance == 3).all()


@pytest.mark.parametrize("centered", [True, False])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_row_norm_is_its_twin(shape, centered, dtype, rng, close, guarded):
    x, dy, gamma, beta, *_ = made(rng, dtype, shape)
    n, m = shape[-1], x.size // shape[-1]
    for weights in ((gamma, beta), (None, None)):
        wide = [None if w is None else w.astype(float) for w in weights]
        outputs = guarded(shape, dtype), guarded(m, dtype)
        y, mean, inv = _kernels.row_norm_forward(x, *weights, 1e-3, centered, *outputs)
        twin = reference.row_norm_forward(rows_of(x), *wide, 1e-3, centered)
        close(y.reshape(-1, n), twin[0], 200, scale=20)
        assert (mean is None) == (twin[1] is None) == (not centered)
        stats = (inv, mean, weights[0])
        wide_stats = [None if a is None else a.astype(float) for a in stats]
        got = _kernels.row_norm_backward(dy, x, *stats, guarded(shape, dtype))
        expected = reference.row_norm_backward(rows_of(dy), rows_of(x), *wide_stats)
        close(got.reshape(-1, n), expected, 200, scale=10 * (1 + inv.max(initial=0)))
        in_place = dy.copy()
        assert _kernels.row_norm_backward(in_place, x, *stats, in_place).tobytes() == got.tobytes()
        into = guarded(n, dtype), guarded(n, dtype)
        got = _kernels.row_norm_backward_weights(dy, x, inv, mean, *into)
        expected = reference.row_norm_backward_weights(rows_of(dy), rows_of(x), *wide_stats[:2])
        for a, b in zip(got, expected, strict=True):
            close(a, b, 100, scale=10 * (m + 1))


def test_nan_stays_in_its_column_or_row(dtype, rng):
    x = rng.standard_normal((9, 21)).astype(dtype)
    x[3, 7] = np.nan
    y = _kernels.batch_norm_forward(x)[0]
    assert np.isnan(y[:, 7]).all()
    assert np.isfinite(np.delete(y, 7, axis=1)).all()
    y = _kernels.row_norm_forward(x)[0]
    assert np.isnan(y[3]).all()
    assert np.isfinite(np.delete(y, 3, axis=0)).all()


def test_relu_behind_is_done_at_once_when_replayed(dtype, rng):
    """And NaN passes it as it passes a relu by itself."""
    x, relu = rng.standard_normal((9, 21)).astype(dtype), _kernels.ACTIVATIONS["relu"]
    x[2, 3] = np.nan
    kept = {}
    for name, call in (
        ("batch_norm_forward", lambda: _kernels.batch_norm_forward(x)[0]),
        (
            "batch_norm_inference",
            lambda: _kernels.batch_norm_inference(x, x[0], np.ones(21, dtype)),
        ),
    ):
        program = _kernels.Program()
        with program:
            kept["y"] = _kernels.activation_forward(call(), relu)
        expected = kept["y"].tobytes()
        kept["y"][...] = 5
        program.replay(1, 1)
        assert [instruction[0] for instruction in program.profile(0)] == [name]
        assert kept["y"].tobytes() == expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda x: _kernels.batch_norm_forward(x, np.ones(3, x.dtype)),
            r"batch_norm_forward: expected gamma of shape \(5,\), received \(3,\)",
        ),
        (
            lambda x: _kernels.row_norm_backward(x, x, np.ones(2, x.dtype)),
            r"row_norm_backward: expected inv of shape \(4,\), received \(2,\)",
        ),
    ],
)
def test_vectors_of_other_lengths_raise(call, message, dtype, fails):
    fails(lambda: call(np.ones((4, 5), dtype)), ValueError, message)
