"""corereg.wrappers: Keras's SKLearnClassifier, SKLearnRegressor and SKLearnTransformer."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys

import numpy as np
import pytest

import corereg
from corereg import layers, losses, metrics, optimizers
from corereg.models import Sequential, clone_model

sklearn = pytest.importorskip("sklearn")

from sklearn.base import clone  # noqa: E402
from sklearn.calibration import CalibratedClassifierCV  # noqa: E402
from sklearn.ensemble import StackingClassifier  # noqa: E402
from sklearn.exceptions import DataConversionWarning, NotFittedError  # noqa: E402
from sklearn.linear_model import LogisticRegression  # noqa: E402
from sklearn.metrics import get_scorer  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402

from corereg.wrappers import (  # noqa: E402
    SKLearnClassifier,
    SKLearnRegressor,
    SKLearnTransformer,
)

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 4)).astype("float32")
NAMES = np.array(["ant", "bee", "cat"])[(X[:, 0] > 0).astype(int) + (X[:, 1] > 0)]
NUMBERS = X @ np.array([1.0, 2.0, -1.0, 0.5])
QUIET = {"epochs": 3, "verbose": 0}


def build(X, y, loss="mse", last=None, units=6):
    corereg.set_random_seed(3)
    model = Sequential(
        [
            layers.Input((X.shape[1],)),
            layers.Dense(units, activation="relu"),
            layers.Dense(y.shape[1], activation=last),
        ]
    )
    model.compile(optimizers.Adam(0.05), loss)
    return model


def classifier(**options):
    kwargs = {"loss": "categorical_crossentropy", "last": "softmax"}
    return SKLearnClassifier(build, model_kwargs=kwargs, fit_kwargs=dict(QUIET), **options)


def compiled(**options):
    model = Sequential([layers.Input((4,)), layers.Dense(3), layers.Dense(1)])
    model.compile("sgd", "mse", **options)
    return model


@pytest.mark.parametrize("kind", [SKLearnClassifier, SKLearnRegressor, SKLearnTransformer])
def test_arguments_are_those_of_keras(kind):
    expected = "(model, warm_start=False, model_kwargs=None, fit_kwargs=None)"
    parameters = [
        p.replace(annotation=p.empty) for p in inspect.signature(kind).parameters.values()
    ]
    assert str(inspect.Signature(parameters)) == expected
    estimator = kind(3, True, {"a": 1}, {"b": 2})
    given = {"model": 3, "warm_start": True, "model_kwargs": {"a": 1}, "fit_kwargs": {"b": 2}}
    assert estimator.get_params() == given
    assert estimator.epoch_ == 0


def test_a_classifier_of_names():
    seen = []

    def noting(X, y, **kwargs):
        seen.append((X, y))
        return build(X, y, **kwargs)

    found = classifier().set_params(model=noting).fit(X, NAMES, epochs=60)
    assert seen[0][1].shape == (60, 3)
    np.testing.assert_array_equal(
        seen[0][1].argmax(axis=1), np.unique(NAMES, return_inverse=True)[1]
    )
    assert found.classes_.tolist() == ["ant", "bee", "cat"]
    assert found.score(X, NAMES) > 0.8
    outputs = found.decision_function(X)
    np.testing.assert_array_equal(outputs, found.model_.predict(X, verbose=0))
    np.testing.assert_array_equal(found.predict(X), found.classes_[outputs.argmax(axis=1)])
    assert found.epoch_ == 60 == len(found.history_.history["loss"])
    assert found.fit_kwargs == QUIET  # what fit is given does not stay
    two = classifier().fit(X, NAMES == "ant")
    assert two.predict(X).dtype == bool


@pytest.mark.parametrize("last", ["softmax", None])
def test_the_decision_of_two_classes_is_one_number_a_row(last):
    loss = losses.CategoricalCrossentropy(from_logits=last is None)
    estimator = SKLearnClassifier(
        build, model_kwargs={"loss": loss, "last": last}, fit_kwargs={"epochs": 20, "verbose": 0}
    )
    names = np.where(X[:, 0] > 0, "yes", "no")
    found = estimator.fit(X, names).decision_function(X)
    outputs = estimator.model_.predict(X, verbose=0)
    np.testing.assert_array_equal(found, outputs[:, 1] - outputs[:, 0])
    np.testing.assert_array_equal(estimator.predict(X), np.where(found > 0, "yes", "no"))
    assert get_scorer("roc_auc")(estimator, X, names) > 0.9
    if last is None:
        return
    stacked = StackingClassifier([("network", estimator)], LogisticRegression(), cv=2)
    assert stacked.fit(X, names).score(X, names) > 0.8
    calibrated = CalibratedClassifierCV(estimator, cv=2).fit(X, names).predict_proba(X)
    assert ((calibrated[:, 1] > 0.5) == (names == "yes")).mean() > 0.8


def test_targets_that_are_refused(fails):
    fails(lambda: classifier().fit(X, np.ones(60)), ValueError, "received one class, 1.0 in all 60")
    fails(lambda: classifier().fit(X, NUMBERS), ValueError, "received the kind 'continuous'")
    several = np.eye(3, dtype=int)[RNG.integers(0, 3, 60)]
    fails(lambda: classifier().fit(X, several), ValueError, "the kind 'multilabel-indicator'")
    for bad in (np.array([{}] * 60), np.zeros((60, 2, 2))):
        with pytest.raises(ValueError, match=r"Unknown label|Found array with dim 3"):
            SKLearnRegressor(build, fit_kwargs=QUIET).fit(X, bad)
    fails(lambda: classifier().predict(X), NotFittedError, "not fitted")


def test_regression_in_the_form_of_the_targets():
    estimator = SKLearnRegressor(build, fit_kwargs=QUIET)
    assert estimator.fit(X, NUMBERS).predict(X).shape == (60,)
    assert estimator.predict(X).dtype == np.float32
    both = np.stack([NUMBERS, -NUMBERS], axis=1)
    assert estimator.fit(X, both, epochs=60).predict(X).shape == (60, 2)
    assert estimator.score(X, both) > 0.8
    with pytest.warns(DataConversionWarning, match="column-vector"):
        estimator.fit(X, NUMBERS[:, None])
    assert estimator.predict(X).shape == (60,)


def test_a_model_is_cloned_and_stays_as_it_is():
    model = compiled()
    before = model.get_weights()
    estimator = SKLearnRegressor(model, fit_kwargs=QUIET).fit(X, NUMBERS)
    assert estimator.model_ is not model
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    assert estimator.model_.optimizer is not model.optimizer
    assert estimator.model_.layers[0].units == 3


def test_warm_start_trains_the_model_further():
    model = compiled()
    estimator = SKLearnRegressor(model, warm_start=True, fit_kwargs={"epochs": 20, "verbose": 0})
    first = estimator.fit(X, NUMBERS).history_.history["loss"]
    assert estimator.model_ is model
    second = estimator.fit(X, NUMBERS).history_.history["loss"]
    assert estimator.model_ is model
    assert second[0] < first[-1] * 1.01
    grown = classifier(warm_start=True).fit(X, NAMES)
    made = grown.model_
    assert grown.fit(X[NAMES != "cat"], NAMES[NAMES != "cat"]).model_ is made
    assert grown.classes_.tolist() == ["ant", "bee", "cat"]
    with pytest.raises(ValueError, match=r"received also \['dog'\]"):
        grown.fit(X, np.where(NAMES == "cat", "dog", NAMES))


def test_models_that_cannot_be_trained(fails):
    plain = Sequential([layers.Input((4,)), layers.Dense(1)])
    lossless = Sequential([layers.Input((4,)), layers.Dense(1)])
    lossless.compile("adam")
    for model in (plain, lossless, lambda X, y: plain, lambda X, y: 3):
        estimator = SKLearnRegressor(model, fit_kwargs=QUIET)
        fails(lambda e=estimator: e.fit(X, NUMBERS), RuntimeError, "expected a compiled model")


def test_data_that_are_refused(fails):
    scipy_sparse = pytest.importorskip("scipy.sparse")
    estimator = classifier()
    for matrix in (scipy_sparse.csr_matrix(X), scipy_sparse.coo_array(X)):
        message = f"SKLearnClassifier.fit: expected X as a dense array, .* {type(matrix).__name__}"
        fails(lambda m=matrix: estimator.fit(m, NAMES), TypeError, message)
    estimator.fit(X, NAMES)
    fails(
        lambda: estimator.predict(scipy_sparse.csr_matrix(X)), TypeError, "SKLearnClassifier.pred"
    )
    fails(lambda: estimator.predict(X[:, :2]), ValueError, "2 features, .* expecting 4 features")
    fails(lambda: estimator.fit(X, NAMES[:-1]), ValueError, "inconsistent numbers of samples")
    fails(lambda: estimator.fit(X * np.nan, NAMES), ValueError, "contains NaN")


def test_names_of_columns_are_remembered():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("pqrs"))
    estimator = classifier().fit(frame, pandas.Series(NAMES))
    assert estimator.feature_names_in_.tolist() == list("pqrs")
    np.testing.assert_array_equal(estimator.predict(frame)[:5], estimator.predict(frame[:5]))
    with pytest.raises(ValueError, match="in the same order"):
        estimator.predict(frame[list("qprs")])


def test_a_transformer_names_its_columns():
    squeeze = Sequential([layers.Input((4,)), layers.Dense(2)])
    squeeze.compile("adam", "mse")
    transformer = SKLearnTransformer(squeeze, fit_kwargs=QUIET)
    pairs = X[:, :2]
    found = transformer.fit_transform(X, pairs)
    np.testing.assert_array_equal(found, transformer.model_.predict(X, verbose=0))
    names = ["sklearntransformer0", "sklearntransformer1"]
    assert transformer.get_feature_names_out().tolist() == names
    pandas = pytest.importorskip("pandas")
    framed = transformer.set_output(transform="pandas").transform(X)
    assert isinstance(framed, pandas.DataFrame)
    assert framed.columns.tolist() == names
    assert make_pipeline(transformer, LogisticRegression())  # its steps are checked
    with pytest.raises(NotFittedError):
        clone(transformer).transform(X)


def test_copies_are_whole():
    estimator = classifier().fit(X, NAMES)
    again = clone(estimator)
    assert again.fit_kwargs == QUIET
    assert again.fit_kwargs is not estimator.fit_kwargs
    assert not hasattr(again, "model_")
    loaded = pickle.loads(pickle.dumps(estimator))
    np.testing.assert_array_equal(loaded.decision_function(X), estimator.decision_function(X))
    assert loaded.history_.history == estimator.history_.history
    assert loaded.classes_.tolist() == estimator.classes_.tolist()


def test_metadata_are_routed_to_fit(fails):
    fails(lambda: classifier().set_fit_request(sample_weight=True), RuntimeError, "routing is off")
    with sklearn.config_context(enable_metadata_routing=True):
        # Only rows that are ants count, so that all are taken for ants.
        estimator = clone(classifier().set_fit_request(sample_weight="w"))
        pipeline = make_pipeline(estimator)
        weight = (NAMES == "ant").astype(float)
        pipeline.fit(X, NAMES, w=weight)
        plain = classifier().fit(X, NAMES, sample_weight=weight)
        np.testing.assert_array_equal(pipeline[-1].decision_function(X), plain.decision_function(X))
        assert (plain.decision_function(X) != classifier().fit(X, NAMES).decision_function(X)).any()


# ---- what the wrappers need of models --------------------------------------------------------


def test_clones_of_models_are_compiled():
    model = compiled(metrics=["mae", metrics.MeanSquaredError()], loss_weights=2.0)
    assert model.compiled
    assert not Sequential([layers.Dense(1)]).compiled
    model.optimizer.learning_rate = 0.125
    model.fit(X, NUMBERS, verbose=0)
    twin = clone_model(model)
    assert twin.compiled
    assert twin.optimizer is not model.optimizer
    assert twin.optimizer.get_config() == model.optimizer.get_config()
    assert twin.optimizer.iterations.numpy() == 0
    assert isinstance(twin.loss, losses.MeanSquaredError)
    twin.set_weights(model.get_weights())
    assert twin.evaluate(X, NUMBERS, verbose=0) == model.evaluate(X, NUMBERS, verbose=0)
    assert not clone_model(Sequential([layers.Input((4,)), layers.Dense(1)])).compiled


def test_without_scikit_learn_the_error_names_the_extra():
    code = """
import sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "sklearn":
            raise ModuleNotFoundError("No module named 'sklearn'")
sys.meta_path.insert(0, Nothing())
import corereg
assert "SKLearnClassifier" in dir(corereg.wrappers) and "KerasClassifier" in dir(corereg.sklearn)
for get in (lambda: corereg.wrappers.SKLearnRegressor, lambda: corereg.sklearn.ModelClassifier):
    try:
        get()
    except ImportError as error:
        assert 'pip install "corereg[sklearn]"' in str(error), error
    else:
        raise AssertionError
"""
    subprocess.run([sys.executable, "-c", code], check=True)
