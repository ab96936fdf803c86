"""Words of old tutorials: errors say what they are called today."""

from __future__ import annotations

import importlib
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
