"""Files of models whose inner models share layers: the layers stay shared."""

from __future__ import annotations

import io
import json
import zipfile

import numpy as np
import pytest

import corereg
from corereg import layers, models
from corereg.saving import FileFormatError

X = np.random.default_rng(1).normal(size=(24, 3)).astype("float32")
Y = X[:, :1] * 2


def part(shared, units=4):
    x = corereg.Input((3,))
    return corereg.Model(x, layers.Dense(1)(layers.Dense(units)(shared(x))))


def graph(one, two):
    x = corereg.Input((3,))
    return corereg.Model(x, layers.Add()([one(x), two(x)]))


def of_sequentials(shared):
    return [corereg.Sequential([corereg.Input((3,)), shared, layers.Dense(1)]) for _ in range(2)]


def inner_model():
    x = corereg.Input((3,))
    return corereg.Model(x, layers.Dense(2)(layers.BatchNormalization()(x)), name="inner")


MODELS = {
    "ensemble": lambda: models.Ensemble([part(shared := layers.Dense(3)), part(shared)]),
    "graph": lambda: graph(part(shared := layers.Dense(3)), part(shared)),
    "a model shared": lambda: models.Ensemble([part(shared := inner_model()), part(shared)]),
    "sequentials": lambda: models.Ensemble(of_sequentials(layers.Dense(3))),
}


def saved(model):
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    return file


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
def test_shared_layers_stay_shared(make):
    model = make()
    model.compile("adam", "mse")
    model.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    again = models.load_model(saved(model))
    assert len(again.weights) == len(model.weights)
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    for one in (model, again):
        one.fit(X, Y, epochs=2, shuffle=False, verbose=0)
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    one, two = (inner for inner in again.layers if isinstance(inner, models.Model))
    assert set(map(id, one.layers)) & set(map(id, two.layers))


@pytest.mark.parametrize(
    "shared", [{"0/1": "0/1"}, {"1/1": "7"}, {"1": "0/1"}, {"1/1": 3}, [1], {"1/2": "0/3"}]
)
def test_places_that_cannot_be_shared_are_refused(shared):
    file = saved(MODELS["ensemble"]())
    with zipfile.ZipFile(file) as archive:
        config = json.loads(archive.read("config.json"))
    assert config["shared"] == {"1/1": "0/1"}
    from corereg.saving import archive as writing

    content, sections = writing.read(io.BytesIO(file.getvalue()))
    content["shared"] = shared
    changed = io.BytesIO()
    writing.write(changed, content, sections, required=["weights"])
    changed.seek(0)
    with pytest.raises(FileFormatError, match=r"does not make a model|does not fit"):
        models.load_model(changed)
