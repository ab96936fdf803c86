"""SpectralNormalization gives what Keras's gives (goldens/make_spectral.py); other wrappers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from goldens.spectral_cases import CASES, data, run

import corereg
from corereg import layers, models

TEXT = Path(__file__).with_name("goldens").joinpath("spectral.json").read_text(encoding="utf-8")
GOLDENS = json.loads(TEXT)["cases"]


@pytest.mark.parametrize("name", list(CASES))
def test_as_keras(name):
    found = run(corereg, name)
    assert set(found) == set(GOLDENS[name])
    for key, wanted in GOLDENS[name].items():
        np.testing.assert_allclose(found[key], np.array(wanted), rtol=2e-5, atol=2e-6, err_msg=key)


def test_every_case_is_there():
    assert set(GOLDENS) == set(CASES)


def model_of(**compiled):
    corereg.set_random_seed(4)
    inner = layers.Dense(6, "relu", kernel_regularizer="l2")
    model = corereg.Sequential(
        [
            corereg.Input((4,)),
            layers.SpectralNormalization(inner, power_iterations=2),
            layers.Dense(1),
        ]
    )
    model.compile(corereg.optimizers.Adam(0.01), "mse", **compiled)
    return model


def test_replayed_and_kept_in_files(tmp_path):
    x, y = data()
    model, eager = model_of(), model_of(run_eagerly=True)
    for one in (model, eager):
        one.fit(x, y, epochs=4, batch_size=4, verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"
    assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in eager.get_weights()]
    model.save(tmp_path / "m.corereg")
    again = models.load_model(tmp_path / "m.corereg")
    for one in (model, again):
        one.fit(x, y, epochs=2, batch_size=4, verbose=0)
    assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in again.get_weights()]
    assert again.layers[0].power_iterations == 2
    assert isinstance(again.layers[0].layer, layers.Dense)
    wanted = model.predict(x, verbose=0)
    assert np.array_equal(model.predict(x, verbose=0), wanted), "predict changes nothing"


def test_the_files_of_keras(tmp_path):
    pytest.importorskip("h5py")
    x, y = data()
    model = model_of()
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "m.keras")
    again = models.load_model(tmp_path / "m.keras")
    assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in again.get_weights()]


def test_the_largest_singular_value_becomes_one():
    layer = layers.SpectralNormalization(layers.Dense(5), power_iterations=40)
    layer(np.ones((2, 7)), training=True)
    assert abs(np.linalg.norm(layer.layer.kernel.numpy(), 2) - 1) < 1e-4
    kernel = layer.layer.kernel.numpy().copy()
    layer(np.ones((2, 7)))
    assert np.array_equal(layer.layer.kernel.numpy(), kernel)


def test_a_weight_of_zeros_stays():
    layer = layers.SpectralNormalization(layers.Dense(3, kernel_initializer="zeros"))
    layer.build((None, 2))
    u = layer.vector_u.numpy().copy()
    assert not layer(np.ones((2, 2)), training=True).numpy().any()
    assert np.array_equal(layer.vector_u.numpy(), u)
    assert not layer.layer.kernel.numpy().any()


def test_the_table_of_an_embedding(tmp_path):
    layer = layers.SpectralNormalization(layers.Embedding(6, 3), power_iterations=30)
    model = corereg.Sequential([corereg.Input((2,), dtype="int64"), layer, layers.Flatten()])
    model.compile("sgd", "mse")
    x = np.array([[0, 5], [2, 1]])
    model.fit(x, np.zeros((2, 6)), verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"
    model.save(tmp_path / "m.corereg")
    again = models.load_model(tmp_path / "m.corereg")
    assert np.array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    with pytest.raises(ValueError, match="expected"):
        model.predict(np.array([[0, 6]]), verbose=0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: layers.SpectralNormalization(layers.Dense(2), 0, name="s"), "power_iterations as"),
        (lambda: layers.SpectralNormalization(layers.Dense(2), 1.5, name="s"), "power_iterations"),
        (lambda: layers.SpectralNormalization("dense", name="s"), "expected a layer to wrap"),
        (
            lambda: layers.SpectralNormalization(layers.ReLU(), name="s").build((None, 2)),
            "expected a layer with a kernel or embeddings, such as Dense, received ReLU",
        ),
    ],
)
def test_bad_arguments(call, message, fails):
    fails(call, ValueError, f"SpectralNormalization 's': .*{message}")


def test_a_wrapper_of_ones_own(tmp_path):
    class Residual(layers.Wrapper):
        recordable = True

        def call(self, x):
            return x + self.layer(x)

        def compute_output_shape(self, input_shape):
            return input_shape

    x, _ = data()
    model = corereg.Sequential([corereg.Input((4,)), Residual(layers.Dense(4, "tanh"), name="r")])
    dense = model.layers[0].layer
    wanted = x + np.tanh(x @ dense.kernel.numpy())
    np.testing.assert_allclose(model.predict(x, verbose=0), wanted, rtol=1e-5, atol=1e-6)
    model.save(tmp_path / "m.corereg")
    again = models.load_model(tmp_path / "m.corereg", {"Residual": Residual})
    assert np.array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert len(model.trainable_weights) == 2
