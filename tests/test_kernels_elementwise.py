"""Activations, exp, log and the small sweeps: values, special values, layouts, denormals."""

from __future__ import annotations

import platform

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
        dx = _kernels.activation_backward(dy, y, act, out=guarded(shape, dtype))
        expected = reference.activation_backward(dy.astype(float), y.astype(float), name)
        close(dx, expected, scale=1 + np.abs(dy).max(initial=0), what=name)
        assert _kernels.activation_forward(x, act).tobytes() == y.tobytes()
        in_place = x.copy()
        assert _kernels.activation_forward(in_place, act, out=in_place) is in_place
        assert in_place.tobytes() == y.tobytes()
        in_place = dy.copy()
        _kernels.activation_backward(in_place, y, act, out=in_place)
        assert in_place.tobytes() == dx.tobytes()


def test_softmax_of_a_scalar(dtype):
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


# ---- accuracy ----------------------------------------------------------------------------------


def ranges(dtype):
    """exp's range of normal results, a little inside."""
    info = np.finfo(dtype)
    return float(np.log(info.tiny)) + 0.1, float(np.log(info.max)) - 0.1


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# The largest errors measured, in units in the last place: exp 1.01, log 0.84, sigmoid 2.31,
# tanh 1.34.
@pytest.mark.parametrize(
    ("name", "oracle", "ulps"),
    [("exp", np.exp, 1.1), ("log", np.log, 0.9), ("sigmoid", sigmoid, 2.5), ("tanh", np.tanh, 1.5)],
)
def test_units_in_the_last_place(name, oracle, ulps, dtype, rng):
    if np.finfo(np.longdouble).eps >= np.finfo(dtype).eps:
        pytest.skip("no wider float type to compare with")
    low, high = ranges(dtype)
    x = np.concatenate([rng.uniform(-1, 1, 20000), rng.uniform(low, -low, 20000)])
    x = np.concatenate([x, rng.choice([-1, 1], 20000) * np.exp(rng.uniform(low, 0, 20000))])
    if name == "log":
        x = np.concatenate([np.exp(np.clip(x, low, high)), rng.uniform(0.5, 2, 20000)])
    x = np.clip(x, None, high if name == "exp" else None).astype(dtype)
    kernel = getattr(_kernels, name, None)
    y = kernel(x) if kernel else _kernels.activation_forward(x, ACTIVATIONS[name])
    expected = oracle(x.astype(np.longdouble))
    unit = np.spacing(np.maximum(np.abs(expected).astype(dtype), np.finfo(dtype).tiny))
    error = np.abs(y - expected) / unit
    assert error.max() <= ulps, f"{float(error.max())} at {x[error.argmax()]!r}"


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
    }
    for name, ends in expected.items():
        for value, end in zip(x, ends, strict=True):
            if end is not None:  # None: an ordinary value, tested above
                a = np.full(lanes, value, dtype)
                kernel = getattr(_kernels, name, None)
                y = kernel(a) if kernel else _kernels.activation_forward(a, ACTIVATIONS[name])
                assert np.array_equal(y, np.full(lanes, end, dtype), equal_nan=True), (name, value)
    low, high = ranges(dtype)
    y = _kernels.exp(np.array([high + 0.2, low - 0.2, high, low], dtype))
    assert y[0] == inf
    assert y[1] == 0  # a denormal: flushed
    assert np.isfinite(y[2])
    assert y[3] >= info.tiny


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
    for value in (np.inf, -np.inf):  # inf - inf: as in the reference, no answer
        assert np.isnan(_kernels.activation_forward(np.full((1, n), value, dtype), act)).all()


def test_relu_backward_drops_what_is_not_active(dtype):
    """Even infinite and NaN gradients; the gradient at 0 is 0."""
    dy = np.array([1, np.inf, np.nan, 5, np.nan, np.inf] * 6, dtype)
    y = np.array([2, 3, 0, 0, -0.0, np.nan] * 6, dtype)
    dx = _kernels.activation_backward(dy, y, ACTIVATIONS["relu"])
    assert dx.tolist() == [1, np.inf, 0, 0, 0, 0] * 6


# ---- the floating-point mode -------------------------------------------------------------------


@pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64", "aarch64", "arm64"),
    reason="denormals are flushed on x86-64 and ARM64 only",
)
@pytest.mark.parametrize("n", [1, 20, 500_000])
def test_denormals_are_flushed_inside_kernels_only(n, dtype):
    tiny = np.full(n, np.finfo(dtype).tiny / 4, dtype)
    half, eighth = one(0.5, dtype), one(0.125, dtype)
    assert tiny[0] > 0
    product = tiny * half
    assert product[0] > 0
    assert not _kernels.scale(tiny, one(1e6, dtype)).any()  # a denormal input is zero
    assert not _kernels.scale(8 * tiny, eighth).any()  # and a denormal result
    assert np.array_equal(tiny * half, product)


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


# ---- threads -----------------------------------------------------------------------------------


def test_threads(dtype, rng, threads_agree):
    x, y = normal(rng, dtype, 1001, 301), np.abs(normal(rng, dtype, 1001, 301))
    factor = one(1.7, dtype)
    order = rng.permutation(1001)
    for act in ACTIVATIONS.values():
        threads_agree(
            lambda act=act: [
                _kernels.activation_forward(x, act),
                _kernels.activation_backward(x, y, act),
            ]
        )
    threads_agree(
        lambda: [
            _kernels.exp(x),
            _kernels.log(y),
            _kernels.scale(x, factor),
            _kernels.add(x.copy(), y),
            _kernels.gather_rows(x, np.empty_like(x), order),
            _kernels.gather_rows(x, np.empty(x.shape, "int64"), order),
        ]
    )
