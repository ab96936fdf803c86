"""scikit-learn's own checks of estimators, on all of ours: a dozen by default, all of them with the
mark `exhaustive`."""

from __future__ import annotations

import warnings

import pytest

import corereg
from corereg import layers, optimizers
from corereg.models import Sequential

pytest.importorskip("sklearn")

from sklearn.utils.estimator_checks import (
    check_estimator,
    estimator_checks_generator,
)

from corereg.sklearn import ModelClassifier, ModelRegressor
from corereg.wrappers import (
    SKLearnClassifier,
    SKLearnRegressor,
    SKLearnTransformer,
)

QUICK = {
    *("check_no_attributes_set_in_init", "check_estimator_repr", "check_set_params"),
    *("check_estimators_overwrite_params", "check_parameters_default_constructible"),
    *("check_estimators_fit_returns_self", "check_estimators_unfitted", "check_mixin_order"),
    *("check_n_features_in_after_fitting", "check_estimator_sparse_matrix", "check_dict_unchanged"),
    *("check_estimators_nan_inf", "check_sample_weights_shape", "check_fit_idempotent"),
    *("check_sample_weight_equivalence_on_dense_data", "check_valid_tag_types"),
    *("check_all_zero_sample_weights_error", "check_requires_y_none"),
}


def of_data(X, y, loss, last=None):
    corereg.set_random_seed(3)
    model = Sequential([layers.Input((X.shape[1],)), layers.Dense(20, activation="relu")])
    model.add(layers.Dense(y.shape[1], activation=last))
    model.compile(optimizers.Adam(0.03), loss)
    return model


def of_meta(meta, units):
    """Full batches in float64, and an optimizer that does not see the scale of its gradients: then
    a weight of 2 is the same as the row twice, as scikit-learn wishes."""
    kind = meta.get("target_type_")
    if "classes_" not in meta:
        count, last, loss = meta["n_outputs_"], None, "mse"
    elif kind == "multiclass":
        count, last, loss = meta["n_classes_"], "softmax", "sparse_categorical_crossentropy"
    else:
        count = 1 if kind == "binary" else meta["n_classes_"]
        last, loss = "sigmoid", "binary_crossentropy"
    model = Sequential([layers.Input((meta["n_features_in_"],), dtype="float64")])
    model.add(layers.Dense(units, activation="relu", dtype="float64"))
    model.add(layers.Dense(count, activation=last, dtype="float64"))
    model.compile(optimizers.Adam(0.03, epsilon=1e-30), loss)
    return model


def estimators(epochs):
    cross = {"loss": "categorical_crossentropy", "last": "softmax"}
    fit = {"epochs": epochs, "verbose": 0}
    model = {"batch_size": -1, "epochs": epochs, "verbose": 0, "model__units": 16}
    return [
        SKLearnClassifier(of_data, model_kwargs=cross, fit_kwargs=fit),
        SKLearnRegressor(of_data, model_kwargs={"loss": "mse"}, fit_kwargs=fit),
        SKLearnTransformer(of_data, model_kwargs={"loss": "mse"}, fit_kwargs=fit),
        ModelClassifier(of_meta, **model),
        ModelRegressor(of_meta, **model),
    ]


def named(estimator):
    return type(estimator).__name__


@pytest.mark.parametrize("estimator", estimators(2), ids=named)
def test_a_dozen_checks(estimator):
    done = set()
    for instance, check in estimator_checks_generator(estimator):
        name = getattr(check, "func", check).__name__
        if name in QUICK:
            done.add(name)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                check(instance)
    assert len(done) >= 12


@pytest.mark.exhaustive
@pytest.mark.parametrize("estimator", estimators(40), ids=named)
def test_all_checks(estimator):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(estimator, on_fail=None, on_skip=None)
    assert len(found) > 40
    statuses = {result["status"] for result in found}
    assert statuses <= {"passed", "skipped"}, [
        (result["check_name"], result["exception"])
        for result in found
        if result["status"] == "failed"
    ]
