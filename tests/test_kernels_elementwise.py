"""Activations, log-softmax, exp, log, erf and the small sweeps: values, special values, layouts."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

ACTIVATIONS = _kernels.ACTIVATIONS
ELEMENTWISE = [name for name in ACTIVATIONS if name != "softmax"]
SIZES = [*range(18), 31, 32, 33, 63, 64, 65, 1001]
SHAPES = [(0, 0), (0, 3), (3, 0), *((3, n) for n in SIZES if n), (2, 3, 5), (7,), ()]


def normal(rng, dtype, *shape):
    return np.asarray(rng.standard_normal(shape)).astype(dtype)


def one(value, dtype):
    return np.array(value, dtype)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_activations(shape, dtype, rng, close, guarded):
    x, dy = np.asarray(3 * normal(rng, dtype, *shape)), normal(rng, dtype, *shape)
    for name, act in ACTIVATIONS.items():
        if name == "softmax" and not shape:
            continue  # softmax of no axis: see test_softmax_of_a_scalar
        y = _kernels.activation_forward(x, act, out=guarded(shape, dtype))
        close(y, reference.activation_forward(x.astype(np.float64), name), what=name)
        if name in _kernels.KEEPS_SLOPE:
            slope = guarded(shape, dtype)
            again = x.copy()
            _kernels.activation_forward(again, act, out=again, slope=slope)
            assert again.tobytes() == y.tobytes()
            close(slope, reference.activation_slope(x.astype(np.float64), name), 16, 1, name)
            y = slope
        dx = _kernels.activation_backward(dy, y, act, out=guarded(shape, dtype))
        expected = reference.activation_backward(dy.astype(float), y.astype(float), name)
        close(dx, expected, scale=1 + np.abs(dy).max(initial=0), what=name)
        value = _kernels.activation_forward(x, act)
        in_place = x.copy()
        assert _kernels.activation_forward(in_place, act, out=in_place) is in_place
        assert in_place.tobytes() == value.tobytes()
        in_place = dy.copy()
        _kernels.activation_backward(in_place, y, act, out=in_place)
        assert in_place.tobytes() == dx.tobytes()


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_activations_at_their_kinks(name, dtype, close):
    x = np.array([-6, -3, -1, -0.0, 0, 1, 3, 6], dtype)
    act = ACTIVATIONS[name]
    y = _kernels.activation_forward(x, act)
    close(y, reference.activation_forward(x.astype(float), name))
    if name in _kernels.KEEPS_SLOPE:
        y = np.empty_like(x)
        _kernels.activation_forward(x, act, slope=y)
        close(y, reference.activation_slope(x.astype(float), name), 16, 1)
    dx = _kernels.activation_backward(np.ones_like(x), y, act)
    close(dx, reference.activation_backward(np.ones(8), y.astype(float), name), scale=2)


@pytest.mark.parametrize("shape", [s for s in SHAPES if s], ids=str)
def test_log_softmax(shape, dtype, rng, close, guarded):
    x, dy = 3 * normal(rng, dtype, *shape), normal(rng, dtype, *shape)
    y = _kernels.log_softmax_forward(x, guarded(shape, dtype))
    with np.errstate(divide="ignore"):  # no columns: log(0)
        close(y, reference.log_softmax_forward(x.astype(np.float64)))
    dx = _kernels.log_softmax_backward(dy, y, guarded(shape, dtype))
    expected = reference.log_softmax_backward(dy.astype(float), y.astype(float))
    close(dx, expected, scale=1 + np.abs(dy.sum(-1)).max(initial=0))
    in_place = x.copy()
    assert _kernels.log_softmax_forward(in_place, in_place) is in_place
    assert in_place.tobytes() == y.tobytes()
    in_place = dy.copy()
    _kernels.log_softmax_backward(in_place, y, in_place)
    assert in_place.tobytes() == dx.tobytes()


def test_softmax_of_a_scalar(dtype):
    assert _kernels.log_softmax_forward(one(3.0, dtype)) == 0
    assert _kernels.activation_forward(one(3.0, dtype), ACTIVATIONS["softmax"]) == 1


@pytest.mark.parametrize("n", SIZES)
def test_sweeps(n, dtype, rng, close, guarded):
    x, z = normal(rng, dtype, n), normal(rng, dtype, n)
    positive = np.abs(x) + np.array(0.1, dtype)
    factor = one(1.7, dtype)
    exact = x.astype(np.float64)
    for kernel, inputs, expected in (
        (_kernels.exp, (x,), reference.exp(exact)),
        (_kernels.log, (positive,), reference.log(positive.astype(np.float64))),
        (_kernels.erf, (x,), reference.erf(exact)),
        (_kernels.scale, (x, factor), reference.scale(exact, factor.astype(np.float64))),
    ):
        y = kernel(*inputs, out=guarded(n, dtype))
        close(y, expected, 1)
        in_place = inputs[0].copy()
        kernel(in_place, *inputs[1:], out=in_place)
        assert in_place.tobytes() == y.tobytes()
    y = guarded(n, dtype)
    y[:] = z
    assert _kernels.add(y, x) is y
    assert np.array_equal(y, reference.add(z.copy(), x))


def test_inputs_of_any_layout(dtype, rng):
    x, dy = normal(rng, dtype, 8, 9), normal(rng, dtype, 8, 9)
    act = ACTIVATIONS["tanh"]
    for view in (np.s_[::2, 1:], np.s_[:, ::3], np.s_[::-1]):
        for a, b in ((x[view], dy[view]), (x[view].T, dy[view].T)):
            y = _kernels.activation_forward(a, act)
            assert np.array_equal(y, _kernels.activation_forward(a.copy(), act))
            dx = _kernels.activation_backward(b, y, act)
            assert np.array_equal(dx, _kernels.activation_backward(b.copy(), y, act))
            assert np.array_equal(_kernels.exp(a), _kernels.exp(a.copy()))
            y = _kernels.log_softmax_forward(a)
            assert np.array_equal(y, _kernels.log_softmax_forward(a.copy()))
            dx = _kernels.log_softmax_backward(b, y)
            assert np.array_equal(dx, _kernels.log_softmax_backward(b.copy(), y))


# ---- special values (more in test_kernels_accuracy.py) ------------------------------------------


@pytest.mark.parametrize("lanes", [1, 16])
def test_special_values(lanes, dtype):
    """Alone (as a tail) and in whole vectors."""
    info = np.finfo(dtype)
    inf, nan, largest = np.inf, np.nan, info.max
    x = [nan, inf, -inf, 0.0, -0.0, largest, -largest, -1.0]
    expected = {
        "exp": [nan, inf, 0, 1, 1, inf, 0, None],
        "log": [nan, inf, nan, -inf, -inf, None, nan, nan],
        "linear": x,
        "relu": [nan, inf, 0, 0, 0, largest, 0, 0],
        "sigmoid": [nan, 1, 0, 0.5, 0.5, 1, 0, None],
        "tanh": [nan, 1, -1, 0, 0, 1, -1, None],
        "leaky_relu": [nan, inf, -inf, 0, 0, largest, None, None],
        "elu": [nan, inf, -1, 0, 0, largest, -1, None],
        "softplus": [nan, inf, 0, None, None, largest, 0, None],
        **{key: [nan, inf, nan, 0, 0, largest, 0, None] for key in _kernels.KEEPS_SLOPE},
        "erf": [nan, 1, -1, 0, 0, 1, -1, None],
    }
    for name, ends in expected.items():
        for value, end in zip(x, ends, strict=True):
            if end is not None:  # None: an ordinary value, tested above
                a = np.full(lanes, value, dtype)
                kernel = getattr(_kernels, name, None)
                y = kernel(a) if kernel else _kernels.activation_forward(a, ACTIVATIONS[name])
                assert np.array_equal(y, np.full(lanes, end, dtype), equal_nan=True), (name, value)


@pytest.mark.parametrize("name", sorted(_kernels.KEEPS_SLOPE))
def test_slopes_of_special_values(name, dtype):
    """At infinities the limits, where the formulas alone would give infinity times 0."""
    largest = np.finfo(dtype).max
    x = np.array([np.nan, np.inf, -np.inf, largest, -largest, 0, -0.0] * 3, dtype)
    slope = np.empty_like(x)
    _kernels.activation_forward(x, ACTIVATIONS[name], slope=slope)
    middle = np.array(0.6 if name == "mish" else 0.5, dtype)
    assert np.array_equal(slope[:5], [np.nan, 1, 0, 1, 0], equal_nan=True)
    np.testing.assert_allclose(slope[-2:], middle, rtol=2 * np.finfo(dtype).eps)


def test_slopes_that_are_wrong_raise(dtype, fails):
    x = np.ones(3, dtype)
    for act in ("relu", "softplus", "softmax"):
        with pytest.raises(ValueError, match="its output is enough"):
            _kernels.activation_forward(x, ACTIVATIONS[act], slope=np.empty_like(x))
    out = np.empty_like(x)
    fails(
        lambda: _kernels.activation_forward(x, ACTIVATIONS["gelu"], out, out),
        ValueError,
        "activation_forward: expected slope to be another array than out, received the same",
    )


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 16, 17, 40])
def test_softmax_special_rows(n, dtype, close):
    act = ACTIVATIONS["softmax"]
    huge = np.finfo(dtype).max
    x = np.zeros((5, n), dtype)
    x[0, n // 2] = np.nan
    x[1] = huge
    x[2] = -huge
    x[3, :-1] = -np.inf
    y = _kernels.activation_forward(x, act)
    assert np.isnan(y[0]).all()
    close(y[[1, 2, 4]], np.full((3, n), 1 / n))
    assert y[3].tolist() == [*[0] * (n - 1), 1]
    logs = _kernels.log_softmax_forward(x)
    assert np.isnan(logs[0]).all()
    close(logs[[1, 2, 4]], np.full((3, n), -np.log(n)))
    assert logs[3].tolist() == [*[-np.inf] * (n - 1), 0]
    dx = _kernels.log_softmax_backward(np.ones_like(x[3]), logs[3])
    assert dx.tolist() == [*[1] * (n - 1), 1 - n]
    for value in (np.inf, -np.inf):  # inf - inf: as in the reference, no answer
        row = np.full((1, n), value, dtype)
        assert np.isnan(_kernels.activation_forward(row, act)).all()
        assert np.isnan(_kernels.log_softmax_forward(row)).all()


def test_log_softmax_of_distant_values(dtype):
    """Where softmax itself is 0, its logarithm is still a number."""
    x = np.zeros((2, 19), dtype)
    x[:, 3], x[1] = 1000, -x[0]
    wide = reference.log_softmax_forward(x.astype(np.float64))
    np.testing.assert_allclose(_kernels.log_softmax_forward(x), wide, rtol=1e-6)


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if name != "softmax"])
def test_kinks(name, dtype, close):
    """At 0, where some curves change, kernel and twin have the same value and the same slope."""
    act, x = ACTIVATIONS[name], np.tile(np.array([0.0, -0.0, 1.0, -1.0, 2.0], dtype), 7)
    y = _kernels.activation_forward(x, act)
    close(y, reference.activation_forward(x.astype("f8"), name))
    if name in _kernels.KEEPS_SLOPE:
        y = np.empty_like(x)
        _kernels.activation_forward(x.copy(), act, slope=y)
        close(y, reference.activation_slope(x.astype("f8"), name), 16)
    dx = _kernels.activation_backward(np.full_like(x, 3), y, act)
    close(dx, reference.activation_backward(np.full(x.shape, 3.0), y.astype("f8"), name), scale=4)


def test_relu_backward_drops_what_is_not_active(dtype):
    """Even infinite and NaN gradients; the gradient at 0 is 0."""
    dy = np.array([1, np.inf, np.nan, 5, np.nan, np.inf] * 6, dtype)
    y = np.array([2, 3, 0, 0, -0.0, np.nan] * 6, dtype)
    dx = _kernels.activation_backward(dy, y, ACTIVATIONS["relu"])
    assert dx.tolist() == [1, np.inf, 0, 0, 0, 0] * 6


# ---- gather ------------------------------------------------------------------------------------

SOURCES = ["f4", "f8", "?", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"]


@pytest.mark.parametrize("target", ["float32", "float64", "int64"])
@pytest.mark.parametrize("source", SOURCES)
def test_gather_rows(source, target, rng, guarded):
    low = 0 if source[0] in "?u" else -50
    for shape in ((9, 1), (9, 17), (9,), (9, 2, 3), (9, 0), (9, 5)):
        src = rng.integers(low, 100, shape).astype(source)
        if source[0] == "f":
            src /= 3
        order = rng.permutation(9)
        for rows, start in ((9, 0), (4, 0), (4, 5), (0, 0)):
            out = guarded((rows, *shape[1:]), "float64")
            if target != "float64":
                out = np.full((rows, *shape[1:]), -1, target)
            counter = np.array(start)
            assert _kernels.gather_rows(src, out, order, counter) is out
            expected = reference.gather_rows(src, np.empty_like(out), order, start)
            assert np.array_equal(out, expected)
            _kernels.gather_rows(src, out, start=counter)
            assert np.array_equal(out, reference.gather_rows(src, np.empty_like(out), None, start))


def test_gather_rows_of_views(dtype, rng):
    whole = normal(rng, dtype, 8, 10)
    order = np.array([3, 0, 3, 1])
    for src in (whole[:, 2:7], whole[::2], whole[::-1, :4]):
        out = np.empty((4, src.shape[1]), dtype)
        assert np.array_equal(_kernels.gather_rows(src, out, order), src[order])
    counter = np.array(0)
    for start in (0, 4, 1):  # the counter is read at every call
        counter[...] = start
        out = np.empty((4, 10), dtype)
        assert np.array_equal(
            _kernels.gather_rows(whole, out, None, counter), whole[start : start + 4]
        )
