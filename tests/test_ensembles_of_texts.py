"""Ensembles of models that take texts, and models of such models."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest

import corereg
from corereg import layers, tuning
from corereg.models import Ensemble, Model, Sequential, clone_model, load_model
from corereg.utils import FeatureSpace

RNG = np.random.default_rng(0)
TABLE = {
    "age": RNG.normal(size=40),
    "job": RNG.choice(["baker", "driver", "teacher"], 40),
    "town": RNG.choice(["Ulm", "Aalen"], 40),
}
Y = (TABLE["age"] > 0).astype("float32")
FEATURES = {
    "age": "float_normalized",
    "job": "string_categorical",
    "town": FeatureSpace.string_hashed(num_bins=5),
}


def adapted():
    space = FeatureSpace(FEATURES, crosses=[("job", "town")], crossing_dim=8)
    space.adapt(TABLE)
    return space


def of_space(space, l2=0.0):
    last = layers.Dense(1, "sigmoid", kernel_regularizer=corereg.regularizers.L2(l2))
    model = Model(space.get_inputs(), last(space.get_encoded_features()))
    model.compile("adam", "binary_crossentropy")
    return model


def of_words(vocabulary, **options):
    words = layers.StringLookup(vocabulary=vocabulary, output_mode="one_hot", **options)
    return Sequential([layers.Input((1,), dtype="string"), words, layers.Dense(1)])


def means(members, x):
    return np.mean([one.predict(x, verbose=0) for one in members], axis=0)


@pytest.mark.parametrize("kind", ["own spaces", "one space", "sequentials"])
def test_ensembles_take_texts(kind):
    if kind == "sequentials":
        x, members = TABLE["job"][:, None], [of_words(["baker", "driver"]) for _ in range(2)]
    else:
        space = adapted()
        spaces = [space, space if kind == "one space" else adapted()]
        x, members = TABLE, [of_space(one) for one in spaces]
    ensemble = Ensemble(members)
    found = ensemble.predict(x, verbose=0)
    np.testing.assert_allclose(found, means(members, x), rtol=1e-6)
    np.testing.assert_allclose(ensemble.predict_members(x).mean(axis=0), found, rtol=1e-6)
    np.testing.assert_allclose(ensemble(x).data, found, rtol=1e-6)
    file = io.BytesIO()
    ensemble.save(file)
    file.seek(0)
    copy = clone_model(ensemble)
    if kind != "one space":  # of which a clone has copies
        copy.set_weights(ensemble.get_weights())
        np.testing.assert_array_equal(copy.predict(x, verbose=0), found)
    for again in (load_model(file), pickle.loads(pickle.dumps(ensemble))):
        np.testing.assert_array_equal(again.predict(x, verbose=0), found)
    before = ensemble.models[1].get_weights()[-1].copy()
    ensemble.compile("sgd", "mse")
    ensemble.fit(x, Y, verbose=0)
    assert (ensemble.models[1].get_weights()[-1] != before).all()


def test_a_frame_is_taken_by_names():
    pandas = pytest.importorskip("pandas")
    space = adapted()
    ensemble = Ensemble([of_space(space), of_space(space)])
    frame = pandas.DataFrame(TABLE)[["town", "job", "age"]]
    expected = ensemble.predict(TABLE, verbose=0)
    np.testing.assert_array_equal(ensemble.predict(frame, verbose=0), expected)
    np.testing.assert_allclose(ensemble.predict_members(frame).mean(axis=0), expected, rtol=1e-6)


@pytest.mark.parametrize("shared", [True, False])
def test_the_ensemble_of_a_search_takes_texts(shared):
    space = adapted()
    found = tuning.cross_validated_search(
        lambda l2: of_space(space if shared else adapted(), l2),
        TABLE,
        Y,
        {"l2": [0.0, 1e-3]},
        cv=2,
        fit_options={"epochs": 1},
        random_state=1,
        verbose=0,
    )
    file = io.BytesIO()
    found.ensemble.save(file)
    file.seek(0)
    expected = means(found.ensemble.models, TABLE)
    np.testing.assert_allclose(load_model(file).predict(TABLE, verbose=0), expected, rtol=1e-6)


def test_models_that_number_texts_differently_are_refused(fails):
    message = "models that number the texts of .* alike, received some whose StringLookup differ"
    for other in (of_words(["driver", "baker"]), of_words(["baker"], num_oov_indices=2)):
        fails(lambda o=other: Ensemble([of_words(["baker"]), o]), ValueError, message)
    hashed = Sequential(
        [layers.Input((1,), dtype="string"), layers.Hashing(3, output_mode="count")]
    )
    hashed.add(layers.Dense(1))
    fails(lambda: Ensemble([of_words(["baker"]), hashed]), ValueError, message)


def test_a_model_of_texts_stands_in_a_larger_one(fails):
    inner, x = of_words(["baker", "driver"]), layers.Input((1,), dtype="string")
    outer = Model(x, layers.Dense(2)(inner(x)))
    words = np.array([["driver"], ["teacher"]])
    expected = outer.layers[-1](inner.predict(words, verbose=0)).data
    np.testing.assert_allclose(outer.predict(words, verbose=0), expected, rtol=1e-6)
    numbers = Sequential([layers.Input((1,)), layers.Dense(1)])
    fails(
        lambda: Model(x, layers.Add()([inner(x), numbers(x)])).predict(words, verbose=0),
        ValueError,
        "expected one StringLookup, Hashing or TextVectorization right behind an Input of",
    )
