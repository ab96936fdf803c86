"""Words of old tutorials: errors say what they are called today."""

from __future__ import annotations

import importlib
import sys
import warnings

import numpy as np
import pytest

import corereg
from corereg import layers, optimizers
from corereg.older_words import ARGUMENTS, ATTRIBUTES, NAMES

X, Y = np.ones((4, 2)), np.ones(4)


def network():
    model = corereg.Sequential([corereg.Input((2,)), layers.Dense(1)])
    model.compile("adam", "mse")
    return model


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_attributes_of_earlier_years(name):
    owner = optimizers.SGD() if name == "lr" else network()
    told = rf"object has no attribute {name!r}; use "
    with pytest.raises(AttributeError, match=told):
        getattr(owner, name)
    with pytest.raises(AttributeError, match=told):
        setattr(owner, name, 0.1)
    assert not hasattr(owner, name)


@pytest.mark.parametrize(
    ("module", "told"),
    [
        ("layers.core", "use corereg.layers, which has all layers"),
        ("layers.convolutional", "corereg computes dense networks"),
        (
            "layers.embeddings",
            "what corereg.layers has is in it itself, as in `from corereg.layers",
        ),
        ("engine.topology", "use corereg.layers, corereg.models and"),
        ("preprocessing.image", "corereg reads no images"),
        ("applications.vgg16", "corereg has no pretrained networks"),
        ("ops.numpy", "its functions are in corereg.ops itself"),
        ("nonsense", "^No module named 'corereg.nonsense'$"),
    ],
)
def test_modules_of_keras_that_are_not_here(module, told):
    with pytest.raises(ModuleNotFoundError, match=told) as caught:
        importlib.import_module(f"corereg.{module}")
    assert caught.value.name == f"corereg.{module}"[: len(caught.value.name)]
    assert f"corereg.{module}" not in sys.modules


def test_names_that_are_no_modules_are_told_as_before():
    with pytest.raises(ImportError, match="cannot import name 'Dens'"):
        exec("from corereg.layers import Dens")


def test_what_the_errors_say_is_true():
    model = network()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(iter([(X, Y)]), steps_per_epoch=1, verbose=0)
        model.evaluate(iter([(X, Y)]), verbose=0)
        assert model.predict(iter([X]), verbose=0).argmax(axis=-1).shape == (4,)
    model.optimizer.learning_rate = 0.5
    assert float(model.optimizer.learning_rate) == 0.5
    for words in ATTRIBUTES.values():
        method = words.removeprefix("use ").partition(",")[0].partition("(")[0]
        assert hasattr(model, method) or hasattr(model.optimizer, method)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: layers.Dense(3, init="uniform"), "'init'; today it is kernel_initializer"),
        (lambda: layers.Dense(3, W_regularizer="l2"), "today it is kernel_regularizer"),
        (lambda: layers.Dense(3, weights=[X]), "today it is set_weights after build"),
        (lambda: layers.Dropout(0.5, p=0.5), "today it is rate"),
        (lambda: layers.Dense(3, nonsense=1), "Dense: unexpected keyword argument 'nonsense'$"),
        (lambda: corereg.Model(input=1, output=2), "'input'; today it is inputs"),
        (
            lambda: network().fit(X, Y, nb_epoch=2),
            "fit: unexpected .*'nb_epoch'; today it is epochs",
        ),
        (lambda: network().fit(X, Y, workers=2), "'workers'; today it is an argument of PyData"),
    ],
)
def test_arguments_of_earlier_years(make, told):
    with pytest.raises(TypeError, match=told):
        make()


def test_optimizers_say_it_too():
    for name, today in (("lr", "learning_rate"), ("decay", "InverseTimeDecay")):
        with pytest.raises(
            ValueError, match=f"there is no argument '{name}'; today it is .*{today}"
        ):
            optimizers.SGD(**{name: 0.1})


@pytest.mark.parametrize(
    ("package", "name"), [(package, name) for package, names in NAMES.items() for name in names]
)
def test_names_of_earlier_years(package, name):
    module = importlib.import_module(f"corereg.{package}".rstrip("."))
    told = f"{module.__name__} has no {name!r}: {NAMES[package][name]}"
    with pytest.raises(AttributeError) as caught:
        getattr(module, name)
    assert str(caught.value) == told


def test_no_word_of_earlier_years_is_one_of_today():
    for package, names in NAMES.items():
        module = importlib.import_module(f"corereg.{package}".rstrip("."))
        assert not [name for name in names if hasattr(module, name)]
    assert "input_shape" not in ARGUMENTS
    assert corereg.Sequential([layers.Dense(1, input_dim=3)]).input_shape == (None, 3)


def test_functions_of_the_older_backend():
    """`K.mean` and the others: those of corereg.ops, with the defaults that they had."""
    from corereg import (
        backend as K,  # as programs call it
        ops,
    )

    x = np.array([[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]], "float32")
    for name in backend_names():
        assert callable(getattr(K, name))
    assert K.mean is ops.mean
    assert K.mean(x, axis=-1).numpy() == pytest.approx([2 / 3, 1])
    assert K.sum(x, 0, True).shape == (1, 3)
    assert K.argmax(x).numpy().tolist() == [2, 1]
    assert K.argmin(x, 0).numpy().tolist() == [0, 0, 1]
    assert K.concatenate([x, x]).shape == (2, 6)
    assert K.expand_dims(x).shape == (2, 3, 1)
    assert K.cumsum(x).numpy()[1].tolist() == [5, 3, -3]
    assert K.permute_dimensions(x, (1, 0)).shape == (3, 2)
    assert K.pow(x, 2).numpy()[0].tolist() == [1, 4, 9]
    assert K.clip(x, -1, 1).numpy().max() == 1
    assert K.switch(K.greater(x, 0), x, 0 * x).numpy().min() == 0

    def rmse(y_true, y_pred):
        return K.sqrt(K.mean(K.square(y_pred - y_true), axis=-1) + K.epsilon())

    model = network()
    model.compile("adam", rmse, metrics=[rmse])
    model.fit(X, Y, epochs=3, verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"


def backend_names():
    from corereg import backend

    return [*backend._SAME, *backend._RENAMED, *backend._AXES]
