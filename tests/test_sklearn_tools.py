"""Dense estimators in the hands of scikit-learn's tools: searches, pipelines, ensembles."""

from __future__ import annotations

import copy
import io
import pickle

import numpy as np
import pytest

pytest.importorskip("sklearn")

import joblib
import pandas as pd
import sklearn
from dense_estimators import CODES, NAMES, SIZES, X, bits, classifier, regressor
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_diabetes
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import (
    GridSearchCV,
    cross_val_score,
    cross_validate,
    learning_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from corereg.sklearn import DenseRegressor


@pytest.mark.parametrize("load", ["pickle", "joblib", "deepcopy"])
def test_copies_predict_and_go_on_alike(load):
    fitted = classifier(dropout=0.2).partial_fit(X, NAMES, np.unique(NAMES))
    if load == "joblib":
        stream = io.BytesIO()
        joblib.dump(fitted, stream)
        stream.seek(0)
        copied = joblib.load(stream)
    else:
        copied = copy.deepcopy(fitted) if load == "deepcopy" else pickle.loads(pickle.dumps(fitted))
    assert copied.predict_proba(X).tobytes() == fitted.predict_proba(X).tobytes()
    assert bits(copied.partial_fit(X, NAMES)) == bits(fitted.partial_fit(X, NAMES))


def test_representations():
    fitted = classifier().fit(X, NAMES)
    assert " ".join(repr(fitted).split()) == (
        "DenseClassifier(epochs=15, hidden_layer_sizes=(8,), learning_rate=0.02, random_state=0)"
    )
    assert "DenseClassifier" in fitted._repr_html_()
    assert not hasattr(clone(fitted), "model_")
    assert not hasattr(clone(fitted), "classes_")


PIPELINE = make_pipeline(StandardScaler(), classifier(epochs=5))
GRID = {"denseclassifier__l2": [0.0, 0.1]}


def searched(**where):
    with joblib.parallel_config(**where):
        found = GridSearchCV(PIPELINE, GRID, cv=2).fit(X, NAMES)
    return found.cv_results_["mean_test_score"].tolist()


def test_searches_in_threads_find_the_same():
    one = searched(n_jobs=1)
    assert searched(n_jobs=2, backend="threading") == one
    assert len(set(one)) > 1


@pytest.mark.exhaustive
def test_searches_in_processes_find_the_same():
    assert searched(n_jobs=2, backend="loky") == searched(n_jobs=1)


def test_metadata_is_routed():
    with sklearn.config_context(enable_metadata_routing=True):
        asked = classifier(epochs=3).set_fit_request(sample_weight=True)
        asked.set_score_request(sample_weight=True)
        weight = np.where(CODES == 0, 0.0, 1.0)
        found = cross_validate(
            asked, X, NAMES, cv=2, params={"sample_weight": weight}, return_estimator=True
        )
    assert (found["estimator"][0].predict(X) != "setosa").all()


def test_a_table_through_column_transformers():
    table = pd.DataFrame(X, columns=list("abcd")).assign(size=SIZES)
    scaled = (StandardScaler(), list("abcd"))
    columns = make_column_transformer(scaled, (OneHotEncoder(sparse_output=False), ["size"]))
    pipeline = make_pipeline(columns, classifier(epochs=5)).set_output(transform="pandas")
    network = pipeline.fit(table, NAMES)[-1]
    assert network.feature_names_in_[-1] == "onehotencoder__size_small"
    sparse = make_column_transformer(scaled, (OneHotEncoder(), ["size"]), sparse_threshold=1)
    dense = make_pipeline(sparse, classifier(epochs=5, densify=True)).fit(table, NAMES)
    assert bits(dense[-1]) == bits(network)


def test_ensembles_and_measures():
    few = classifier(epochs=3)
    assert CalibratedClassifierCV(few, cv=2).fit(X, NAMES).score(X, NAMES) > 0.6
    assert BaggingClassifier(few, n_estimators=2, random_state=0).fit(X, NAMES).n_features_in_ == 4
    assert OneVsRestClassifier(few).fit(X, NAMES).predict_proba(X).shape == (150, 3)
    assert StackingClassifier([("one", few)], cv=2).fit(X, NAMES).score(X, NAMES) > 0.6
    both = np.stack([NAMES, SIZES], axis=1)
    assert len(MultiOutputClassifier(few).fit(X, both).predict_proba(X)) == 2
    fitted = few.fit(X, NAMES)
    importance = permutation_importance(fitted, X, NAMES, n_repeats=1, random_state=0)
    assert importance.importances_mean.max() > 0
    assert partial_dependence(fitted, X, [0], grid_resolution=3).average.shape == (3, 3)
    assert learning_curve(few, X, NAMES, cv=2, train_sizes=[1.0], shuffle=True)[2].shape == (1, 2)
    loss = cross_val_score(few, X.astype("float32"), NAMES, cv=2, scoring="neg_log_loss")
    assert (loss < 0).all()
    numbers = regressor(epochs=2)
    assert MultiOutputRegressor(numbers).fit(X, X).predict(X).shape == X.shape


def test_targets_of_any_scale_in_a_transformed_target_regressor():
    x, y = load_diabetes(return_X_y=True)
    network = DenseRegressor((16,), l2=0.03, epochs=15, learning_rate=0.01, random_state=0)
    wrapped = TransformedTargetRegressor(
        make_pipeline(StandardScaler(), network), transformer=StandardScaler()
    )
    assert wrapped.fit(x[:300], y[:300]).score(x[300:], y[300:]) > 0.35
