"""What DenseClassifier and DenseRegressor make of X, of y of each kind, and of weights."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("sklearn")

import pandas as pd
import scipy.sparse
from dense_estimators import (
    CODES,
    LENGTHS,
    NAMES,
    SIZES,
    X,
    bits,
    classifier,
    kernels,
    regressor,
)
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import DataConversionWarning
from sklearn.model_selection import cross_val_predict

from corereg.sklearn.class_labels import ClassLabels

# ---- kinds of y ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_labels_of_any_type(dtype):
    fitted = classifier().fit(X.astype(dtype), NAMES)
    assert fitted.classes_.tolist() == ["setosa", "versicolor", "virginica"]
    assert fitted.score(X.astype(dtype), NAMES) > 0.93
    p = fitted.predict_proba(X.astype(dtype))
    assert p.shape == (150, 3)
    assert p.dtype == fitted.model_.dtype == dtype
    assert (fitted.classes_[p.argmax(axis=1)] == fitted.predict(X)).all()
    np.testing.assert_array_equal(fitted.predict_log_proba(X.astype(dtype)), np.log(p))
    for labels in (pd.Series(NAMES), pd.Series(NAMES, dtype="category"), NAMES.astype(object)):
        again = classifier().fit(X.astype(dtype), labels)
        assert bits(again) == bits(fitted)
        assert (again.predict(X) == fitted.predict(X)).all()


def test_two_classes_and_one():
    fitted = classifier().fit(X, SIZES)
    p = fitted.predict_proba(X)
    assert fitted.model_.layers[-1].units == 1
    assert p.shape == (150, 2)
    assert (p.sum(axis=1) == 1).all()
    assert fitted.score(X, SIZES) > 0.93
    near = X * 0.1  # the boundary
    p = fitted.predict_proba(near)
    assert ((p[:, 1] > 0.5) & (p[:, 1] < 0.6)).any()
    assert (fitted.predict(near) == fitted.classes_[p.argmax(axis=1)]).all()
    truths = classifier().fit(X, SIZES == "small").predict(X)
    assert truths.dtype == bool
    assert (truths == (fitted.predict(X) == "small")).all()
    alone = classifier(epochs=2).fit(X, np.full(150, "only"))
    assert (alone.predict(X) == "only").all()
    assert (alone.predict_proba(X) == 1).all()
    assert alone.predict_proba(X).shape == (150, 1)
    with np.errstate(divide="raise"):
        assert np.isfinite(classifier().fit(X, SIZES).predict_log_proba(X[:1])).all()


def test_probabilities_of_zero_have_logarithms_without_a_warning():
    far = classifier(dtype="float32", epochs=60, learning_rate=0.1).fit(X, SIZES)
    logs = far.predict_log_proba(X * 1e4)
    assert np.isneginf(logs).any()


def test_labels_that_are_not_exclusive():
    x, y = make_multilabel_classification(80, 6, n_classes=4, random_state=0)
    fitted = classifier(epochs=40).fit(x, y)
    p = fitted.predict_proba(x)
    assert fitted.classes_.tolist() == [0, 1, 2, 3]
    assert fitted.n_outputs_ == 4
    assert p.shape == (80, 4)
    assert ((p > 0.5) == fitted.predict(x)).all()
    assert (fitted.predict(x) == y).mean() > 0.75
    assert fitted.score(x, y) == (fitted.predict(x) == y).all(axis=1).mean()
    assert bits(classifier(epochs=40).fit(x, scipy.sparse.csr_array(y))) == bits(fitted)
    predicted = cross_val_predict(classifier(epochs=2), x, y, method="predict_proba", cv=2)
    assert predicted.shape == (80, 4)


def test_several_columns_of_labels():
    y = np.stack([NAMES, SIZES], axis=1)
    fitted = classifier(epochs=30, label_smoothing=0.05).fit(X, y)
    assert [classes.tolist() for classes in fitted.classes_] == [
        ["setosa", "versicolor", "virginica"],
        ["large", "small"],
    ]
    found = fitted.predict(X)
    assert found.shape == y.shape
    assert (found == y).mean(axis=0).min() > 0.9
    assert fitted.score(X, y) == (found == y).all(axis=1).mean()
    p = fitted.predict_proba(X)
    assert [part.shape for part in p] == [(150, 3), (150, 2)]
    np.testing.assert_array_equal(fitted.predict_log_proba(X)[1], np.log(p[1]))
    assert fitted.n_outputs_ == 2
    assert [layer.name for layer in fitted.model_.layers[-2:]] == ["output_0", "output_1"]
    weight = np.arange(150) / 75
    weighted = fitted.score(X, y, weight)
    assert weighted == pytest.approx(np.average((found == y).all(axis=1), weights=weight))


def test_numbers_in_one_column_and_in_several():
    flat = regressor().fit(X[:, :2], LENGTHS)
    assert flat.score(X[:, :2], LENGTHS) > 0.8
    assert flat.predict(X[:, :2]).shape == (150,)
    column = regressor().fit(X[:, :2], LENGTHS.reshape(-1, 1))
    assert column.predict(X[:, :2]).shape == (150, 1)
    assert bits(column) == bits(flat)
    several = regressor().fit(X[:, :2], X[:, 2:])
    assert several.predict(X[:, :2]).shape == (150, 2)
    assert several.n_outputs_ == 2


def test_a_probability_of_a_half_is_the_first_class():
    classes = ClassLabels("classes", [np.array(["a", "b"])])
    assert classes.decoded([np.array([[0.5], [0.51]])]).tolist() == ["a", "b"]
    labels = ClassLabels("labels", [np.arange(2)] * 2, "int64")
    assert labels.decoded([np.array([[0.5, 0.51]])]).tolist() == [[0, 1]]


@pytest.mark.parametrize(
    ("kind", "columns", "shape"),
    [("columns", 2, (3, 3)), ("columns", 1, (3,)), ("classes", 1, (3, 1)), ("columns", 2, (3,))],
)
def test_labels_of_another_shape(kind, columns, shape):
    labels = ClassLabels(kind, [np.arange(2)] * columns)
    with pytest.raises(ValueError, match="as before, received shape"):
        labels.codes("fit", np.zeros(shape, int))


def test_a_column_of_labels_is_warned_of():
    with pytest.warns(DataConversionWarning):
        fitted = classifier(epochs=1).fit(X, NAMES.reshape(-1, 1))
    assert fitted.predict(X).shape == (150,)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, LENGTHS, "Unknown label type"),
        (X, NAMES[:-1], "inconsistent numbers of samples"),
        (np.where(X > 2, np.nan, X), NAMES, "Input X contains NaN"),
        (X[:, 0], NAMES, "Expected 2D array, got 1D"),
        (X.reshape(150, 2, 2), NAMES, "dim 3"),
    ],
)
def test_data_that_do_not_fit(x, y, message):
    with pytest.raises(ValueError, match=message):
        classifier(epochs=1).fit(x, y)


def test_text_as_numbers_to_predict():
    with pytest.raises(ValueError, match=r"DenseRegressor.fit: expected y of numbers, received"):
        regressor(epochs=1).fit(X, NAMES)


# ---- inputs --------------------------------------------------------------------------------------


def test_names_of_columns_are_remembered():
    frame = pd.DataFrame(X, columns=list("abcd"))
    fitted = classifier(epochs=2).fit(frame, NAMES)
    assert fitted.feature_names_in_.tolist() == list("abcd")
    assert fitted.n_features_in_ == 4
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(frame[list("badc")])
    with pytest.raises(ValueError, match="has 3 features, but DenseClassifier is expecting 4"):
        classifier(epochs=1).fit(X, NAMES).predict(X[:, :3])


@pytest.mark.parametrize("make", [scipy.sparse.csr_array, scipy.sparse.csc_matrix])
def test_sparse_inputs_are_refused_or_made_dense(make):
    sparse = make(X)
    message = rf"DenseClassifier.fit: expected dense X, received a sparse {make.__name__} of shape"
    with pytest.raises(TypeError, match=message):
        classifier().fit(sparse, NAMES)
    dense = classifier().fit(X, NAMES)
    with pytest.raises(TypeError, match=r"DenseClassifier.predict: .* densify=True, or give X.toa"):
        dense.predict(sparse)
    fitted = classifier(densify=True).fit(sparse, NAMES)
    assert bits(fitted) == bits(dense)
    assert (fitted.predict(sparse) == dense.predict(X)).all()


def test_dtype():
    assert regressor(epochs=1, dtype="float32").fit(X, LENGTHS).predict(X).dtype == np.float32
    single = X.astype("float32")
    assert regressor(epochs=1).fit(single, LENGTHS).predict(X).dtype == np.float32
    assert regressor(epochs=1, dtype="float64").fit(single, LENGTHS).predict(X).dtype == float
    with pytest.raises(ValueError, match="too large for dtype"):
        regressor(epochs=1, dtype="float32").fit(X * 1e300, LENGTHS)


# ---- weights of rows -----------------------------------------------------------------------------


@pytest.mark.parametrize("make", [classifier, regressor])
@pytest.mark.parametrize("class_weight", [None, "balanced"])
def test_a_weight_of_two_is_two_rows(make, class_weight):
    options = {"batch_size": 1000, "epochs": 30}
    if make is classifier:
        options["class_weight"] = class_weight
    y = CODES if make is classifier else LENGTHS
    weight = np.random.default_rng(0).integers(0, 4, 150)
    weighted = make(**options).fit(X, y, weight)
    repeated = make(**options).fit(X.repeat(weight, axis=0), y.repeat(weight))
    for one, other in zip(kernels(weighted), kernels(repeated), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-8, atol=1e-10)
    assert bits(make(**options).fit(X, y, weight * 7.0)) != bits(make(**options).fit(X, y))


def test_equal_weights_are_none():
    plain = bits(classifier().fit(X, NAMES))
    for weight in (np.full(150, 0.25), 3, [2] * 150, pd.Series(np.ones(150))):
        assert bits(classifier().fit(X, NAMES, sample_weight=weight)) == plain
    assert bits(classifier(class_weight="balanced").fit(X, NAMES)) == plain
    assert bits(classifier(class_weight={"setosa": 1}).fit(X, NAMES)) == plain


def test_weights_of_classes():
    y = np.where(CODES == 1, "rare", "often")
    plain, balanced, given = (
        classifier(class_weight=weight, epochs=5).fit(X, y)
        for weight in (None, "balanced", {"rare": 100, "often": 0.1})
    )
    counts = [(one.predict(X) == "rare").sum() for one in (plain, balanced, given)]
    assert counts[0] < counts[1] < counts[2]
    by_hand = np.where(y == "rare", 150 / (2 * 50), 150 / (2 * 100))
    assert bits(classifier(epochs=5).fit(X, y, by_hand)) == bits(balanced)


def test_weights_of_classes_of_several_columns():
    y = np.stack([NAMES, SIZES], axis=1)
    weights = [{"setosa": 3.0}, {"small": 2.0}]
    by_hand = np.where(CODES == 0, 3.0, 1.0) * np.where(SIZES == "small", 2.0, 1.0)
    fitted = classifier(class_weight=weights, epochs=3).fit(X, y)
    assert bits(classifier(epochs=3).fit(X, y, by_hand)) == bits(fitted)
    with pytest.raises(ValueError, match="or a list of 2 for the columns of y, received"):
        classifier(class_weight={"setosa": 3.0}).fit(X, y)


def test_a_fold_may_lack_a_weighted_class():
    weights = {"setosa": 2.0, "versicolor": 1.0, "virginica": 1.0}
    there = NAMES != "virginica"
    assert classifier(class_weight=weights, epochs=2).fit(X[there], NAMES[there]).n_iter_ == 2
    with pytest.raises(ValueError, match=r"received one for \['virginca'\]"):
        classifier(class_weight={"virginca": 2.0}).fit(X, NAMES)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(3), r"expected sample_weight of shape \(150,\), .* received \(3,\)"),
        (np.ones((150, 1)), r"received \(150, 1\)"),
        (-np.ones(150), "finite numbers >= 0, received -1.0 in row 0"),
        (np.r_[np.ones(149), np.nan], "received nan in row 149"),
        (["a"] * 150, "expected sample_weight as numbers, received list"),
        (np.zeros(150), "received zeros only; leave out sample_weight"),
    ],
)
def test_weights_that_do_not_fit(weight, message):
    with pytest.raises(ValueError, match=f"^DenseRegressor.fit: .*{message}"):
        regressor().fit(X, LENGTHS, sample_weight=weight)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        ("even", "expected class_weight as 'balanced' or a dict"),
        ({"setosa": -1}, "received -1 for class 'setosa'"),
        ([1, 2], "expected class_weight as None, 'balanced' or a dict of class: weight, received"),
        (dict.fromkeys(np.unique(NAMES), 0), "a row with sample_weight and class_weight above 0"),
    ],
)
def test_weights_of_classes_that_do_not_fit(weight, message):
    with pytest.raises(ValueError, match=f"^DenseClassifier.fit: .*{message}"):
        classifier(class_weight=weight).fit(X, NAMES)
