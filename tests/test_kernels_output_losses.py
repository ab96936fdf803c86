"""The losses of one term for each output (src/output_loss.c) against their twins."""

from __future__ import annotations

import numpy as np
import pytest

from corereg import _kernels, reference

KINDS = list(_kernels.LOSSES)[5:]
SHAPES = [(33, 1), (7, 1), (5, 3), (4, 16), (3, 33), (0, 3), (0, 1), (3, 0)]
POSITIVE = ("poisson", "kl_divergence", "squared_logarithmic_error")


def case(kind, rng, dtype, m, n):
    """Predictions and targets that fit, and what the kind needs beside them."""
    z, y = rng.standard_normal((2, m, n)).astype(dtype)
    if kind in POSITIVE:
        z, y = np.abs(z) / 2, np.abs(y) / 2
    elif "hinge" in kind:
        y = np.sign(y)
    if kind == "quantile":
        return z, y, {"levels": rng.uniform(0, 1, n).astype(dtype)}
    return z, y, {"option": 0.7} if kind == "huber" else {}


def twin(kind, z, y, weight=None, levels=None, **option):
    z, y = z.astype("f8"), y.astype("f8")
    weight = None if weight is None else weight.astype("f8")
    given = () if levels is None else (levels.astype("f8"),)
    return getattr(reference, kind)(z, y, weight, *given, **option)


@pytest.mark.parametrize("kind", KINDS)
def test_values_and_gradients(kind, dtype, rng, close, guarded):
    for m, n in SHAPES:
        z, y, more = case(kind, rng, dtype, m, n)
        weight = rng.uniform(0, 2, m).astype(dtype)
        for given in (None, weight):
            loss, dz = _kernels.loss_forward(kind, z, y, given, out=guarded((m, n), dtype), **more)
            loss64, dz64 = twin(kind, z, y, given, **more)
            close(loss, loss64, scale=4 * max(1, np.abs(loss64).max(initial=0)))
            close(dz, dz64, scale=4 * max(1, np.abs(dz64).max(initial=0)))
            alone, none = _kernels.loss_forward(kind, z, y, given, gradient=False, **more)
            assert none is None
            assert alone.tobytes() == loss.tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_kinks(kind, dtype, rng, close):
    """Where curves change, kernel and twin have the same value and the same slope."""
    ends = [0, -0.0, 0.25, 0.5, 1, 1.5, 2] + [-0.5, -1, -1.5] * (kind not in POSITIVE)
    ends += [0.75, -0.25] if kind == "huber" else []
    z, y = (np.ascontiguousarray(one, dtype) for one in np.meshgrid(ends, ends))
    more = case(kind, rng, dtype, *z.shape)[2]
    more |= {"option": 0.5} if kind == "huber" else {}
    for columns in (1, z.shape[1]):
        given = z.reshape(-1, columns), y.reshape(-1, columns)
        if "levels" in more:
            more["levels"] = rng.uniform(0, 1, columns).astype(dtype)
        loss, dz = _kernels.loss_forward(kind, *given, **more)
        loss64, dz64 = twin(kind, *given, **more)
        close(loss, loss64, scale=4 * max(1, np.abs(loss64).max()))
        close(dz, dz64, scale=4 * max(1, np.abs(dz64).max()))


@pytest.mark.parametrize("kind", KINDS)
def test_twins_have_the_gradients_of_their_losses(kind, rng):
    z, y, more = case(kind, rng, "float64", 4, 5)
    weight, direction, h = rng.uniform(0, 2, 4), rng.standard_normal((4, 5)), 1e-7
    ends = [
        reference.row_mean(twin(kind, z + s * direction, y, weight, **more)[0]) for s in (h, -h)
    ]
    slope = (twin(kind, z, y, weight, **more)[1] * direction).sum()
    np.testing.assert_allclose(slope, (ends[0] - ends[1]) / (2 * h), 1e-5)


@pytest.mark.parametrize("columns", [1, 9])
@pytest.mark.parametrize("kind", KINDS)
def test_special_values_stay_in_their_row(kind, columns, dtype, rng):
    z, y, more = case(kind, rng, dtype, 9, columns)
    clean, clean_dz = _kernels.loss_forward(kind, z, y, **more)
    for value in (np.nan, np.inf, -np.inf):
        z[4, columns // 2] = value
        loss, dz = _kernels.loss_forward(kind, z, y, **more)
        assert np.array_equal(np.delete(loss, 4), np.delete(clean, 4))
        assert np.array_equal(np.delete(dz, 4, 0), np.delete(clean_dz, 4, 0))
        with np.errstate(invalid="ignore"):
            expected = twin(kind, z, y, **more)[0][4]
        assert np.array_equal(np.isfinite(loss[4]), np.isfinite(expected))
        assert np.isnan(loss[4]) == np.isnan(expected)


def test_hinges_know_binary_targets(dtype):
    z = np.array([[0.5, -0.2], [2.0, 0.1]], dtype)
    for y, signed in (([[0, 1], [1, 0]], [[-1, 1], [1, -1]]), ([[0, 1], [1, -1]],) * 2):
        for kind in ("hinge", "squared_hinge"):
            found = _kernels.loss_forward(kind, z, np.array(y, dtype))
            margin = np.maximum(1 - np.array(signed) * z, 0)
            rows = (margin if kind == "hinge" else margin**2).mean(axis=1)
            np.testing.assert_allclose(found[0], rows, rtol=1e-6)
    at_the_kink = _kernels.loss_forward("hinge", np.ones((1, 1), dtype), np.ones((1, 1), dtype))
    assert at_the_kink[0] == 0
    assert at_the_kink[1] == -0.5


def test_log_cosh_of_near_and_far(dtype):
    d = np.array([[1e-3], [0.01], [0.999], [1.0], [1.001], [20.0], [300.0], [1e30]], dtype)
    found = _kernels.loss_forward("log_cosh", d, np.zeros_like(d))[0]
    expected = reference.log_cosh(d.astype("f8"), np.zeros(d.shape))[0]
    np.testing.assert_allclose(found, expected, rtol=3e-4 if dtype == "float32" else 1e-12)
    np.testing.assert_allclose(found[2:], expected[2:], rtol=1e-6)


def test_levels(fails):
    z, out = np.ones((3, 2)), np.zeros((3, 2))
    for levels, exception, message in (
        (None, TypeError, "expected levels as a NumPy array, received NoneType"),
        (np.ones(3), ValueError, r"expected levels of shape \(2,\), received \(3,\)"),
        (np.ones(2, "f4"), TypeError, "expected levels of dtype float64"),
    ):
        fails(
            lambda given=levels: _kernels.loss_forward("quantile", z, z, out=out, levels=given),
            exception,
            f"^quantile: {message}",
            out,
        )


def test_threads(dtype, rng, threads_agree):
    for kind in KINDS:
        for columns in (1, 7):
            z, y, more = case(kind, rng, dtype, 5003, columns)
            threads_agree(lambda k=kind, z=z, y=y, m=more: _kernels.loss_forward(k, z, y, **m))
