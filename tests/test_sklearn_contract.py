"""scikit-learn's own checks of estimators, on the dense ones, and on what is built around them."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("sklearn")

from sklearn.base import is_classifier, is_regressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import parametrize_with_checks

from corereg.sklearn import (
    DenseClassifier,
    DenseRegressor,
    ModelClassifier,
    ModelRegressor,
    RegularizationSearchCV,
)
from corereg.tuning import AverageOfEstimators
from corereg.wrappers import SKLearnRegressor, SKLearnTransformer

PIPELINES_OWN = {
    "check_estimators_overwrite_params": "Pipeline changes its steps in fit, whatever they are",
    "check_dont_overwrite_parameters": "the same",
}
"""What scikit-learn expects to fail of any Pipeline."""


@parametrize_with_checks([DenseClassifier(epochs=5), DenseRegressor(epochs=5)])
def test_checks_of_estimators(estimator, check):
    check(estimator)


@pytest.mark.exhaustive
@parametrize_with_checks(
    [
        *(DenseClassifier(), DenseRegressor()),
        DenseClassifier((), learning_rate=0.1, epochs=60),
        DenseClassifier(32, "gelu", optimizer="adamw", learning_rate=0.02, schedule="cosine"),
        DenseRegressor((32,), l1=1e-4, learning_rate=0.01, schedule="linear", epochs=20),
        DenseRegressor((32,), loss="huber", group_lasso=1e-3, max_norm=3.0, epochs=20),
        DenseClassifier((32,), label_smoothing=0.05, learning_rate=0.02, densify=True),
    ]
)
def test_checks_of_other_instances(estimator, check):
    check(estimator)


@pytest.mark.exhaustive
@parametrize_with_checks(
    [
        Pipeline([("scaler", StandardScaler()), ("network", network(epochs=5, random_state=0))])
        for network in (DenseClassifier, DenseRegressor)
    ],
    expected_failed_checks=lambda estimator: PIPELINES_OWN,
)
def test_checks_of_pipelines(estimator, check):
    check(estimator)


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore")  # of folds that fail, as the checks want it
@parametrize_with_checks(
    [GridSearchCV(DenseClassifier(epochs=5, random_state=0), {"l2": [0, 1e-3]}, cv=2)]
)
def test_checks_of_searches(estimator, check):
    check(estimator)


WITHOUT = """
import sys, corereg, corereg.sklearn
assert not {"sklearn", "scipy"} & set(sys.modules)
assert dir(corereg.sklearn)
sys.modules["sklearn"] = None
try:
    corereg.sklearn.DenseClassifier
except ImportError as error:
    print(error.name, error)
"""


def test_scikit_learn_is_imported_late_and_the_error_names_the_extra():
    done = subprocess.run([sys.executable, "-c", WITHOUT], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.startswith(
        "sklearn corereg.wrappers and corereg.sklearn need scikit-learn 1.6"
    )
    assert 'pip install "corereg[sklearn]"' in done.stdout


CLASSES, SEVERAL = {"multi_label": True}, {"required": True, "multi_output": True}
TAGS = {
    "DenseClassifier": (DenseClassifier(), "classifier", CLASSES, SEVERAL, {"sparse": False}),
    "densify": (DenseClassifier(densify=True), "classifier", CLASSES, SEVERAL, {"sparse": True}),
    "DenseRegressor": (DenseRegressor(), "regressor", {"poor_score": False}, SEVERAL, {}),
    "ModelClassifier": (
        ModelClassifier(),
        "classifier",
        {**CLASSES, "poor_score": True},
        SEVERAL,
        {},
    ),
    "ModelRegressor": (ModelRegressor(), "regressor", {"poor_score": True}, SEVERAL, {}),
    "search of a regressor": (
        RegularizationSearchCV(Ridge()),
        "regressor",
        {"poor_score": False},
        SEVERAL,
        {"sparse": True, "pairwise": False},
    ),
    "search of a classifier": (
        RegularizationSearchCV(SVC(kernel="precomputed")),
        "classifier",
        {"multi_label": False},
        {"required": True, "multi_output": False},
        {"sparse": False, "pairwise": True},
    ),
    "mean of classifiers": (
        AverageOfEstimators([LogisticRegression()]),
        "classifier",
        {"multi_label": False},
        {"required": True},
        {"sparse": True},
    ),
    "wrapper": (SKLearnRegressor(None), "regressor", {"poor_score": True}, {"required": True}, {}),
}


@pytest.mark.parametrize("name", TAGS)
def test_what_estimators_say_of_themselves(name):
    estimator, kind, own, targets, inputs = TAGS[name]
    tags = get_tags(estimator)
    assert tags.array_api_support is (name == "mean of classifiers")
    assert tags.estimator_type == kind
    assert (is_classifier(estimator), is_regressor(estimator)) == (
        kind == "classifier",
        kind == "regressor",
    )
    for part, expected in (
        (tags.classifier_tags or tags.regressor_tags, own),
        (tags.target_tags, targets),
        (tags.input_tags, inputs),
    ):
        assert {key: getattr(part, key) for key in expected} == expected
    assert tags.non_deterministic is (name == "wrapper")
    assert (tags.classifier_tags is None, tags.regressor_tags is None) == (
        kind != "classifier",
        kind != "regressor",
    )


def test_a_transformer_gives_the_models_dtype():
    assert get_tags(SKLearnTransformer(None)).transformer_tags.preserves_dtype == []
