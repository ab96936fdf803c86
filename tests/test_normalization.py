"""The normalizing layers: Keras's numbers, moving averages, freezing, and replays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from goldens import norm_cases

import corereg
from corereg import Tensor, layers
from corereg.layers import BatchNormalization
from corereg.models import Sequential, load_model

GOLDENS = np.load(Path(__file__).parent / "goldens" / "norms.npz")
TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


@pytest.fixture(autouse=True)
def _floatx():
    yield
    corereg.config.set_floatx("float32")


def golden(dtype, name, found):
    """Compares arrays by name with those of Keras."""
    wanted = {key for key in GOLDENS.files if key.startswith(f"{dtype}/{name}/")}
    assert wanted == {f"{dtype}/{name}/{what}" for what in found}
    for what, array in found.items():
        expected = GOLDENS[f"{dtype}/{name}/{what}"]
        assert array.dtype == dtype or what in ("loss", "evaluate")
        allowed = TOLERANCE[dtype] * (1 + np.abs(expected).max(initial=0))
        np.testing.assert_allclose(array, expected, rtol=0, atol=allowed, err_msg=what)


@pytest.mark.parametrize("name", norm_cases.LAYERS)
def test_layers_compute_as_keras(name, dtype):
    training = norm_cases.LAYERS[name][3]
    layer, batches, upstream = norm_cases.make_layer(corereg, name, dtype)
    x = Tensor(batches[-1], requires_grad=True)
    before = layer.get_weights()
    out = layer(x, training=training)
    (out * upstream).sum().backward()
    gradients = [x.grad, *(w.grad for w in layer.trainable_weights)]
    layer.set_weights(before)
    for batch in batches if training else ():
        layer(batch, training=True)
    found = {"out": out, **{f"gradient {i}": g for i, g in enumerate(gradients)}}
    weights = {f"weight {i}": w for i, w in enumerate(layer.get_weights())}
    golden(dtype, name, {**{k: v.data for k, v in found.items()}, **weights})


@pytest.mark.parametrize("name", norm_cases.NETS)
def test_nets_train_as_keras(name, dtype):
    corereg.config.set_floatx(dtype)
    golden(dtype, f"net {name}", norm_cases.run_net(corereg, name, dtype))


# ---- batch normalization -------------------------------------------------------------------------


def net(**options):
    corereg.set_random_seed(3)
    model = Sequential([corereg.Input((7,)), layers.Dense(20)])
    model.add(BatchNormalization(momentum=0.6, **options))
    model.add(layers.Activation("relu"))
    model.add(layers.Dropout(0.3, seed=4))
    model.add(layers.Dense(3))
    model.compile("adam", "mse")
    return model


def data(rows=44):
    rng = np.random.default_rng(2)
    return rng.standard_normal((rows, 7), "float32"), rng.standard_normal((rows, 3), "float32")


def test_replayed_training_is_eager_training_to_the_bit():
    x, y = data()
    results = []
    for threads in (1, 2, 1):
        model = net()
        corereg.set_num_threads(min(threads, corereg.get_num_threads()))
        if len(results) < 2:
            model.fit(x, y, epochs=3, batch_size=16, verbose=0, validation_data=(x, y))
            assert model.execution_report()["fit"].mode == "replayed"
        else:
            model.compile("adam", "mse", run_eagerly=True)
            model.fit(x, y, epochs=3, batch_size=16, verbose=0)
        corereg.set_num_threads(0)
        results.append([w.tobytes() for w in model.get_weights()] + [model(x).data.tobytes()])
        assert model.predict(x, verbose=0).tobytes() == results[-1][-1]
    assert results[0] == results[1] == results[2]


def test_weights_are_counted_named_and_saved(tmp_path):
    model = net()
    norm = model.layers[1]
    names = [w.name.split("/")[-1] for w in norm.weights]
    assert names == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert [w.trainable for w in norm.weights] == [True, True, False, False]
    assert norm.count_params() == 80
    lines = []
    model.summary(print_fn=lines.append)
    text = "\n".join(lines)
    assert "Trainable params: 263 (1.03 KB)" in text
    assert "Non-trainable params: 40 (160.00 B)" in text
    x, y = data()
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.corereg")
    again = load_model(tmp_path / "m.corereg")
    for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
        assert np.array_equal(a, b)
    model.fit(x, y, verbose=0)
    again.fit(x, y, verbose=0)
    assert np.array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_frozen_it_normalizes_by_the_moving_averages_in_training():
    model = net()
    norm, (x, y) = model.layers[1], data()
    model.fit(x, y, verbose=0)
    norm.trainable = False
    before = norm.get_weights()
    z = np.random.default_rng(1).standard_normal((5, 20), "float32")
    assert np.array_equal(norm(z, training=True).data, norm(z).data)
    model.fit(x, y, verbose=0)
    assert all(np.array_equal(a, b) for a, b in zip(norm.get_weights(), before, strict=True))
    norm.trainable = True
    model.fit(x, y, verbose=0)
    assert not any(np.array_equal(a, b) for a, b in zip(norm.get_weights(), before, strict=True))


def test_a_trial_on_zeros_leaves_the_moving_averages():
    """A layer whose shapes are found by trying `call` on zeros, in which it trains."""

    class Always(layers.Layer):
        def build(self, input_shape):
            self.norm = BatchNormalization(momentum=0.5)

        def call(self, x):
            return self.norm(x, training=True)

    layer = Always()
    Sequential([corereg.Input((4,)), layer, layers.Dense(1)])
    assert np.array_equal(layer.norm.moving_variance.data, np.ones(4))
    layer(np.zeros((3, 4)))
    assert np.array_equal(layer.norm.moving_variance.data, np.full(4, 0.5))


def test_the_way_back_is_by_the_averages_of_the_way_forth():
    layer = BatchNormalization(momentum=0.5)
    x = Tensor(np.random.default_rng(0).standard_normal((6, 3), "float32") + 5)
    out = layer(x)
    layer(x, training=True)  # moves the averages before the gradients are taken
    out.sum().backward()
    expected = x.data.sum(axis=0) / np.sqrt(np.float32(1.001))
    np.testing.assert_allclose(layer.gamma.grad.data, expected, rtol=1e-5)


def test_corners():
    layer = BatchNormalization()
    layer.build((None, 3))
    assert layer(np.empty((0, 3)), training=True).shape == (0, 3)
    assert np.array_equal(layer.moving_variance.data, np.ones(3))  # Keras makes them NaN
    x = np.ones((4, 3), "float32")
    x[1, 2] = np.nan
    out = layer(x, training=True).data
    assert np.isnan(out[:, 2]).all()
    assert np.array_equal(out[:, :2], np.zeros((4, 2)))
    assert layers.LayerNormalization()(np.empty((0, 3))).shape == (0, 3)
    assert layers.GroupNormalization(groups=3)(np.empty((0, 3))).shape == (0, 3)
    small = np.array([[0, 0], [1e-20, 0], [3, 4]], "float32")
    expected = [[0, 0], [0, 0], [0.6, 0.8]]  # the second: its square is no float32
    np.testing.assert_allclose(layers.UnitNormalization()(small).data, expected, atol=1e-7)
    with_regularizer = BatchNormalization(gamma_regularizer="l2")
    with_regularizer.build((None, 2))
    with_regularizer.gamma_regularizer = "l1"
    assert float(with_regularizer.losses[0]) == pytest.approx(0.02)


@pytest.mark.parametrize(
    ("call", "exception", "message"),
    [
        (lambda: BatchNormalization(axis=[1]), TypeError, "expected axis as an integer"),
        (lambda: BatchNormalization(axis="a"), TypeError, "expected axis as an integer or a list"),
        (lambda: BatchNormalization(momentum="a"), ValueError, "expected momentum as a number"),
        (lambda: BatchNormalization(epsilon=-1), ValueError, "expected epsilon as a number of 0"),
        (
            lambda: BatchNormalization(renorm=True, renorm_clipping={"max": 1}),
            ValueError,
            "expected renorm_clipping as a dict with some of rmax, rmin, dmax",
        ),
        (
            lambda: BatchNormalization(renorm=True, renorm_clipping={"rmax": 1, "rmin": 2}),
            ValueError,
            "expected renorm_clipping with rmax of at least rmin",
        ),
        (
            lambda: BatchNormalization(renorm=True, renorm_clipping={"dmax": -1}),
            ValueError,
            "renorm_clipping.'dmax'. as a number >= 0, received -1",
        ),
        (lambda: BatchNormalization(synchronized=True), ValueError, "expected synchronized=False"),
        (lambda: BatchNormalization(beta_constraint=1), ValueError, "constraint: expected a name"),
        (lambda: BatchNormalization(axis=0)(np.ones((4, 3))), ValueError, "along axis .0. are"),
        (lambda: BatchNormalization(axis=5)(np.ones((4, 3))), ValueError, "has axis 5, received"),
        (lambda: layers.LayerNormalization(axis=1.5), TypeError, "expected axis as an integer"),
        (lambda: layers.LayerNormalization().build((None, None)), ValueError, "are known"),
        (lambda: layers.LayerNormalization(axis=2)(np.ones((2, 3))), ValueError, "has axis 2"),
        (lambda: layers.GroupNormalization(0), ValueError, "expected groups as a positive integ"),
        (lambda: layers.GroupNormalization(3)(np.ones((2, 4))), ValueError, "as a divisor of 4"),
        (lambda: layers.GroupNormalization()(np.ones((2, 4))), ValueError, "received 32"),
        (lambda: layers.GroupNormalization(-1)(np.ones((2, 0))), ValueError, "as a divisor of 0"),
        (lambda: layers.GroupNormalization(2, 0)(np.ones((2, 4))), ValueError, "behind the batch"),
        (lambda: layers.UnitNormalization(axis="a"), TypeError, "expected axis as an integer"),
        (lambda: layers.UnitNormalization(2)(np.ones((2, 4))), ValueError, "has axis 2"),
    ],
)
def test_bad_arguments_raise(call, exception, message, fails):
    fails(call, exception, message)


def test_another_length_than_it_was_built_for_raises(fails):
    layer = BatchNormalization(name="b")
    layer.build((None, 3))
    fails(
        lambda: layer(np.ones((2, 4))),
        ValueError,
        r"BatchNormalization 'b': expected 3 numbers along axis -1, .* received \(2, 4\)",
    )


# ---- renorm --------------------------------------------------------------------------------------

RENORM_KERAS = {  # of Keras 3.15, after the three batches below
    "moving_mean": [0.41433638, 0.38369304, 0.54719293],
    "moving_variance": [1.7796365, 1.3305004, 1.0695506],
    "moving_stddev": [1.334405, 1.1539066, 1.0346742],
    "renorm_mean": [0.8158648, 0.75353193, 1.0820085],
    "renorm_stddev": [1.6480516, 1.3213819, 1.0862064],
}


def renorm_batches():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(6, 3)).astype("float32") * (i + 1) + i for i in range(3)]


@pytest.mark.parametrize("axis", [-1, 1])
def test_renorm_is_keras(axis, dtype):
    clipping = {"rmax": 1.5, "dmax": 0.5}
    layer = BatchNormalization(
        axis=axis,
        renorm=True,
        renorm_momentum=0.8,
        momentum=0.9,
        renorm_clipping=clipping,
        dtype=np.dtype(dtype).name,
    )
    mean, deviation = np.zeros(3), np.ones(3)
    for x in renorm_batches():
        given = x.astype(dtype) if axis == -1 else x.astype(dtype)[:, :, None]
        y = layer(given, training=True).numpy().reshape(x.shape)
        m, s = x.mean(axis=0, dtype=float), np.sqrt(x.var(axis=0, dtype=float) + 1e-3)
        r = np.clip(s / deviation, 0, 1.5)
        d = np.clip((m - mean) / deviation, -0.5, 0.5)
        np.testing.assert_allclose(y, (x - m) / s * r + d, rtol=0, atol=1e-5)
        mean, deviation = 0.8 * mean + 0.2 * m, 0.8 * deviation + 0.2 * s
    names = [w.name.rpartition("/")[2] for w in layer.weights]
    assert names == ["gamma", "beta", *RENORM_KERAS]
    for name, expected in RENORM_KERAS.items():
        np.testing.assert_allclose(getattr(layer, name).numpy(), expected, rtol=1e-5)
    assert layer.get_config()["renorm_clipping"] == clipping
    assert [w.trainable for w in layer.weights] == [True] * 2 + [False] * 5


def test_renorm_has_the_derivative_without_that_of_its_corrections():
    x = renorm_batches()[2].astype("float64")
    layer = BatchNormalization(renorm=True, dtype="float64")
    layer.build((None, 3))
    layer.set_weights([np.array([0.5, 2, 1.5]), np.ones(3), *([np.full(3, 0.7)] * 5)])
    before = layer.get_weights()
    weights = np.random.default_rng(1).normal(size=x.shape)
    t = corereg.Tensor(x, requires_grad=True)
    (layer(t, training=True) * weights).sum().backward()
    m, s = x.mean(axis=0), np.sqrt(x.var(axis=0) + 1e-3)
    xhat, g = (x - m) / s, weights * before[0] * (s / 0.7)
    expected = (g - g.mean(axis=0) - xhat * (g * xhat).mean(axis=0)) / s
    np.testing.assert_allclose(t.grad.numpy(), expected, rtol=0, atol=1e-12)


def test_renorm_is_replayed_and_saved(tmp_path):
    x = np.random.default_rng(2).normal(size=(48, 4)).astype("float32")
    found = []
    for run_eagerly in (False, True):
        corereg.set_random_seed(4)
        first = BatchNormalization(renorm=True, renorm_clipping={"rmax": 2.0})
        model = Sequential([corereg.Input((4,)), first, layers.Dense(1)])
        model.compile("adam", "mse", run_eagerly=run_eagerly)
        model.fit(x, x[:, :1], epochs=4, batch_size=16, verbose=0)
        found.append([w.tobytes() for w in model.get_weights()])
        if not run_eagerly:
            assert model.execution_report()["fit"].mode == "replayed"
    assert found[0] == found[1]
    model.save(tmp_path / "m.corereg")
    loaded = load_model(tmp_path / "m.corereg")
    assert loaded.predict(x, verbose=0).tobytes() == model.predict(x, verbose=0).tobytes()
    model.layers[0].trainable = False
    before = model.layers[0].get_weights()
    model.fit(x, x[:, :1], epochs=1, verbose=0)
    for a, b in zip(before, model.layers[0].get_weights(), strict=True):
        assert (a == b).all()
