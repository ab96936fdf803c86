"""Layers that add noise in training: moments, seeds, replays, masks that are shared."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import layers
from corereg.autograd.ops.normalization import ALPHA, alpha_scale
from corereg.layers import ActivityRegularization, AlphaDropout, GaussianDropout, GaussianNoise
from corereg.models import Sequential

NOISY = {
    "GaussianNoise": lambda **o: GaussianNoise(0.5, **o),
    "GaussianDropout": lambda **o: GaussianDropout(0.2, **o),
    "AlphaDropout": lambda **o: AlphaDropout(0.3, **o),
    "AlphaDropout, shared": lambda **o: AlphaDropout(0.3, noise_shape=(None, 1), **o),
    "Dropout, shared": lambda **o: layers.Dropout(0.3, noise_shape=(None, 1), **o),
}


@pytest.mark.parametrize("name", NOISY)
def test_seeds_and_training(name):
    x = np.random.default_rng(0).standard_normal((30, 8), "float32")
    one, other, third = NOISY[name](seed=1), NOISY[name](seed=1), NOISY[name](seed=2)
    assert np.array_equal(one(x).data, x)
    assert np.array_equal(one(x, training=False).data, x)
    first, second = one(x, training=True).data, one(x, training=True).data
    assert not np.array_equal(first, second)
    assert np.array_equal(first, other(x, training=True).data)
    assert np.array_equal(second, other(x, training=True).data)
    assert not np.array_equal(first, third(x, training=True).data)
    corereg.set_random_seed(5)
    free = NOISY[name]()(x, training=True).data
    corereg.set_random_seed(5)
    assert np.array_equal(free, NOISY[name]()(x, training=True).data)


def test_moments():
    x = np.full((400, 500), 3, "float32")
    noise = GaussianNoise(0.5, seed=1)(x, training=True).data - 3
    assert abs(noise.mean()) < 0.006
    assert abs(noise.std() - 0.5) < 0.005
    factor = GaussianDropout(0.2, seed=1)(x, training=True).data / 3
    assert abs(factor.mean() - 1) < 0.006
    assert abs(factor.std() - 0.5) < 0.005  # sqrt(.2/.8)
    z = np.random.default_rng(0).standard_normal((400, 500), "float32")
    kept = AlphaDropout(0.3, seed=1)(z, training=True).data
    assert abs(kept.mean()) < 0.015
    assert abs(kept.std() - 1) < 0.015


@pytest.mark.parametrize("shape", [None, (None, 1), (1, None)])
def test_alpha_dropout_is_as_its_formula(shape, dtype):
    x = np.random.default_rng(0).standard_normal((40, 9)).astype(dtype)
    y = AlphaDropout(0.3, noise_shape=shape, seed=1, dtype=dtype)(x, training=True).data
    a = alpha_scale(0.3)
    assert a == pytest.approx((0.7 * (1 + 0.3 * 1.7581**2)) ** -0.5)
    shift = -a * ALPHA * 0.3
    dropped = np.abs(y - (a * ALPHA + shift)) < 1e-6
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(y, np.where(dropped, a * ALPHA, a * x) + shift, atol=tolerance)
    if shape is not None:
        axis = shape.index(1)
        assert (dropped == dropped.take([0], axis)).all()
    assert 0.1 < dropped.mean() < 0.6


@pytest.mark.parametrize("name", NOISY)
def test_replayed_training_is_eager_training_to_the_bit(name):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((24, 6), "float32"), rng.standard_normal((24, 2), "float32")
    results = []
    for eagerly, threads in ((False, 1), (False, 2), (True, 1)):
        corereg.set_random_seed(1)
        model = Sequential([corereg.Input((6,)), layers.Dense(9), NOISY[name](), layers.Dense(2)])
        model.compile("sgd", "mse", run_eagerly=eagerly)
        corereg.set_num_threads(min(threads, corereg.get_num_threads()))
        model.fit(x, y, epochs=3, batch_size=8, verbose=0)
        corereg.set_num_threads(0)
        assert model.execution_report()["fit"].mode == ("eager" if eagerly else "replayed")
        results.append([w.tobytes() for w in model.get_weights()])
        results[-1].append(model(x, training=True).data.tobytes())  # and the next draw
    assert results[0] == results[1] == results[2]


def test_activity_regularization():
    layer = ActivityRegularization(0.1, 0.2)
    x = np.ones((2, 3), "float32")
    assert np.array_equal(layer(x).data, x)
    assert float(layer.losses[0]) == pytest.approx(0.9)
    config = layer.get_config()
    assert (config["l1"], config["l2"]) == (0.1, 0.2)
    assert "activity_regularizer" not in config
    plain = Sequential([corereg.Input((3,)), ActivityRegularization(l2=0.5), layers.Dense(1)])
    plain.compile("sgd", "mse")
    plain.layers[-1].set_weights([np.zeros((3, 1)), np.zeros(1)])
    assert plain.evaluate(x, np.zeros((2, 1)), verbose=0) == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GaussianNoise(-1), r"expected a stddev in \[0, 1\], received -1"),
        (lambda: GaussianNoise("a"), r"expected a stddev in \[0, 1\], received 'a'"),
        (lambda: GaussianDropout(1.5), r"expected a rate in \[0, 1\], received 1.5"),
        (lambda: GaussianDropout(1)(np.ones((1, 2)), training=True), "expected a rate below 1"),
        (lambda: AlphaDropout(1)(np.ones((1, 2)), training=True), "expected a rate below 1"),
        (lambda: GaussianDropout(0.5, seed=1.5), "expected an integer seed or None"),
        (lambda: ActivityRegularization(-1), "l1"),
        (lambda: layers.Dropout(0.5, noise_shape=(2, 0, 3)), "of positive integers and None"),
        (lambda: layers.Dropout(0.5, noise_shape=(None, -1)), "of positive integers and None"),
        (lambda: layers.Dropout(0.5, noise_shape=(1, 1.5)), "of positive integers and None"),
        (lambda: layers.Dropout(0.5, noise_shape=3), "as a tuple of integers and None"),
        (lambda: AlphaDropout(0.5, noise_shape="ab"), "as a tuple of integers and None"),
        (
            lambda: AlphaDropout(0.5, noise_shape=(3, 1))(np.ones((2, 3)), training=True),
            r"expected an input whose shape fits noise_shape \(3, 1\), received \(2, 3\)",
        ),
    ],
)
def test_bad_arguments_raise(call, message, fails):
    fails(call, ValueError, message)
