"""ModelClassifier and ModelRegressor with tables of texts, for models that take texts."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from corereg import layers
from corereg.models import Model, Sequential
from corereg.utils import FeatureSpace

pytest.importorskip("sklearn")
pandas = pytest.importorskip("pandas")

from sklearn.model_selection import cross_val_score  # noqa: E402

from corereg.sklearn import ModelClassifier, ModelRegressor  # noqa: E402

RNG = np.random.default_rng(0)
FRAME = pandas.DataFrame({"age": RNG.normal(size=60), "job": RNG.choice(["a", "b", "c"], 60)})
LABELS = np.where((FRAME["age"] > 0) | (FRAME["job"] == "a"), "yes", "no")
QUIET = {"optimizer": "adam", "verbose": 0, "random_state": 1}


def build(meta):
    assert meta["feature_names_in_"].tolist() == ["age", "job"]
    assert meta["X_shape_"][1] == 2
    space = FeatureSpace.from_frame(FRAME)
    return Model(space.get_inputs(), layers.Dense(1, "sigmoid")(space.get_encoded_features()))


def numbers_only():
    return Sequential([layers.Input((2,)), layers.Dense(1, "sigmoid")])


def test_a_classifier_takes_a_table_of_texts():
    found = ModelClassifier(
        build, loss="binary_crossentropy", optimizer__learning_rate=0.1, epochs=20, **QUIET
    )
    assert cross_val_score(found, FRAME, LABELS, cv=2).min() > 0.7
    assert found.fit(FRAME, LABELS).score(FRAME, LABELS) > 0.9
    again = pickle.loads(pickle.dumps(found))
    np.testing.assert_array_equal(again.predict_proba(FRAME), found.predict_proba(FRAME))
    before = found.current_epoch
    assert found.partial_fit(FRAME, LABELS).current_epoch == before + 1
    kept = np.arange(60) % 2
    weighted = found.fit(FRAME, LABELS, sample_weight=kept).predict_proba(FRAME)
    alone = found.fit(FRAME[kept == 1], LABELS[kept == 1]).predict_proba(FRAME)
    np.testing.assert_array_equal(weighted, alone)


def test_a_regressor_takes_one_column_of_texts():
    def words():
        look = layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot")
        return Sequential([layers.Input((1,), dtype="string"), look, layers.Dense(1)])

    frame, values = FRAME[["job"]], (FRAME["job"] == "a").to_numpy(float)
    found = ModelRegressor(words, loss="mse", optimizer__learning_rate=0.1, epochs=60, **QUIET)
    assert found.fit(frame, values).score(frame, values) > 0.9


def test_tables_of_texts_that_are_refused(fails):
    estimator = ModelClassifier(build, loss="binary_crossentropy", **QUIET).fit(FRAME, LABELS)
    fails(lambda: estimator.predict(FRAME[["job", "age"]]), ValueError, "in the same order")
    fails(lambda: estimator.predict(FRAME[["age"]]), ValueError, "yet now missing")
    fails(lambda: estimator.fit(FRAME, LABELS[:-1]), ValueError, "inconsistent numbers of samples")
    wrong = FRAME.assign(age="old")
    fails(lambda: estimator.fit(wrong, LABELS), TypeError, "'age': expected X of numbers, .*'old'")
    plain = ModelClassifier(numbers_only, loss="binary_crossentropy", **QUIET)
    message = "ModelClassifier.fit: expected X of numbers, received text 'b' .* column 'job'"
    fails(lambda: plain.fit(FRAME, LABELS), ValueError, message)
