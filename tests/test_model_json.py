"""Model.to_json and models.model_from_json."""

from __future__ import annotations

import json

import numpy as np
import pytest

import corereg
from corereg import layers, models


class Doubled(layers.Layer):
    def call(self, x):
        return 2 * x


class Opaque(layers.Layer):
    def call(self, x):
        return x

    def get_config(self):
        return {**super().get_config(), "secret": object()}


def graph():
    a, b = corereg.Input((3,), name="a"), corereg.Input((2,), name="b")
    hidden = layers.Dense(4, "relu", kernel_regularizer="l2")(layers.concatenate([a, b]))
    return corereg.Model({"a": a, "b": b}, layers.Dense(1)(hidden) * 2, name="pair")


def stack():
    return corereg.Sequential([corereg.Input((3,)), layers.Dense(2, "tanh"), layers.Dropout(0.3)])


@pytest.mark.parametrize("make", [graph, stack])
def test_there_and_back(make):
    model = make()
    text = model.to_json()
    again = models.model_from_json(text)
    assert type(again) is type(model)
    assert again.name == model.name
    assert again.to_json(indent=1) == json.dumps(json.loads(text), indent=1)
    again.set_weights(model.get_weights())
    x = {"a": np.ones((5, 3)), "b": np.ones((5, 2))} if make is graph else np.ones((5, 3))
    assert np.array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_layers_of_ones_own():
    text = corereg.Sequential([corereg.Input((3,)), Doubled()]).to_json()
    with pytest.raises(ValueError, match="Doubled"):
        models.model_from_json(text)
    assert type(models.model_from_json(text, {"Doubled": Doubled}).layers[0]) is Doubled


def test_what_does_not_fit(fails):
    fails(lambda: models.model_from_json("{"), ValueError, "model_from_json: expected the text")
    fails(lambda: models.model_from_json(None), ValueError, "received None")
    fails(lambda: models.model_from_json("[1]"), TypeError, "class_name")
    dense = json.dumps(layers.serialize(layers.Dense(2)))
    fails(lambda: models.model_from_json(dense), TypeError, "expected a model, received Dense")
    opaque = corereg.Sequential([corereg.Input((3,)), Opaque()])
    fails(opaque.to_json, TypeError, "fits into JSON")
