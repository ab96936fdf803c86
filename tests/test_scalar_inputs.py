"""Inputs of a single number a row, Input(shape=()), and weights of a dtype of their own."""

from __future__ import annotations

import io

import numpy as np
import pytest

import corereg
from corereg import layers, ops


def two_inputs():
    number, factor = layers.Input((), dtype="int32", name="n"), layers.Input((), name="f")
    product = layers.Embedding(5, 3)(number) * ops.expand_dims(factor, 1)
    model = corereg.Model([number, factor], layers.Dense(1)(product))
    model.compile("adam", "mse")
    return model


X = [np.arange(20) % 5, np.linspace(0, 1, 20).astype("float32")]
Y = np.arange(20.0)


def test_they_train_as_columns_do():
    """Replayed, as through Python, to the bit."""
    corereg.set_random_seed(3)
    model = two_inputs()
    other = corereg.models.clone_model(model)
    other.set_weights(model.get_weights())
    other.compile("adam", "mse", run_eagerly=True)
    for one in (model, other):
        one.fit(X, Y, epochs=3, batch_size=6, validation_split=0.2, shuffle=False, verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"
    for one, two in zip(model.get_weights(), other.get_weights(), strict=True):
        assert np.array_equal(one, two)
    assert np.array_equal(model.predict(X, verbose=0), other.predict(X, verbose=0))
    whole = model.predict(X, verbose=0)
    assert whole.shape == (20, 1)
    strided = [X[0][::2], X[1][::2]]
    assert np.allclose(model.predict(strided, verbose=0), whole[::2])
    assert np.allclose(model([X[0][:3], X[1][:3]]).numpy(), whole[:3])
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    assert np.array_equal(corereg.saving.load_model(file).predict(X, verbose=0), whole)


def test_a_single_input_of_numbers():
    number = layers.Input((), dtype="int32")
    model = corereg.Model(number, layers.Dense(2)(layers.Embedding(5, 3)(number)))
    model.compile("adam", "mse")
    model.fit(X[0], np.ones((20, 2)), verbose=0)
    assert model.predict(X[0], verbose=0).shape == (20, 2)


@pytest.mark.parametrize(
    ("x", "told"),
    [
        ([X[0], X[1][:, None]], r"expected X 'f' of shape \(rows\), received \(20, 1\)"),
        ([X[0] + 9, X[1]], "expected whole numbers from 0 to 4"),
        ([X[0], X[1] * np.nan], "input 'f': expected X finite as float32, received NaN in row 0"),
        ([X[0], X[1][0]], r"expected X of shape \(rows, features\), received \(\)"),
        ([X[0], X[1][:7]], "rows"),
    ],
)
def test_bad_numbers(x, told):
    model = two_inputs()
    before = model.get_weights()
    with pytest.raises(ValueError, match=told):
        model.fit(x, Y, verbose=0)
    for one, two in zip(model.get_weights(), before, strict=True):
        assert np.array_equal(one, two)


def test_a_network_of_columns_takes_no_flat_array():
    model = corereg.Sequential([corereg.Input((3,)), layers.Dense(1)])
    with pytest.raises(ValueError, match=r"expected X of shape \(rows, features\)"):
        model.predict(np.ones(3), verbose=0)


class Own(layers.Layer):
    def __init__(self, weight_dtype, **options):
        super().__init__(**options)
        self.weight_dtype = weight_dtype

    def build(self, input_shape):
        self.by = self.add_weight((input_shape[-1],), "ones", self.weight_dtype, name="by")

    def call(self, x):
        return x * self.by


@pytest.mark.parametrize("dtype", [None, "float32", np.float32, np.dtype("float32")])
def test_weights_say_their_dtype(dtype):
    layer = Own(dtype)
    assert layer(np.ones((2, 3))).numpy().tolist() == [[1.0] * 3] * 2
    assert layer.by.data.dtype == np.float32


def test_a_weight_of_another_dtype():
    layer = Own("float64", dtype="float64")
    layer.build((None, 2))
    assert layer.by.data.dtype == np.float64
    with pytest.raises(ValueError, match="expected dtype 'float32' or 'float64' for a weight"):
        Own("int32").build((None, 2))
