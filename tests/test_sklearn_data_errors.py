"""Errors of estimators about data: they name column and row."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from corereg import layers
from corereg.models import Sequential

pytest.importorskip("sklearn")

from corereg.sklearn import DenseClassifier, DenseRegressor, ModelRegressor
from corereg.wrappers import SKLearnClassifier

X = np.random.default_rng(0).normal(size=(20, 3))
Y = (X[:, 0] > 0).astype(int)
MOST = np.finfo(np.float64).max


def build(X=None, y=None):
    model = Sequential([layers.Input((3,)), layers.Dense(1 if y is None else 2)])
    model.compile("sgd", "mse")
    return model


ESTIMATORS = [
    DenseClassifier(epochs=1, dtype="float32"),
    DenseRegressor(epochs=1),
    ModelRegressor(build, verbose=0),
    SKLearnClassifier(build, fit_kwargs={"verbose": 0}),
]


def with_value(value, kind=object):
    x = X.astype(kind)
    x[4, 1] = value
    return x


CASES = {
    "text": (with_value("red"), r"of numbers, received text 'red' .* in row 4, column 1"),
    "None": (with_value(None), r"finite as float64, received NaN in row 4, column 1"),
    "NaN": (with_value(np.nan, float), r"finite as float\d\d, received NaN in row 4, column 1"),
    "infinity": (with_value(-np.inf, float), r"received infinity in row 4, column 1"),
    "date": (with_value(datetime.date(2020, 1, 2)), r"a date \(2020-01-02\) in row 4, column 1"),
    "dict": (with_value({}), r"an object of type dict in row 4, column 1.* argument must be a str"),
    "list": (with_value("red").tolist(), r"text '?"),
}


def named(estimator):
    return type(estimator).__name__


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=named)
@pytest.mark.parametrize("case", CASES)
def test_errors_name_column_and_row(estimator, case):
    x, message = CASES[case]
    before = dict(vars(estimator))
    with pytest.raises((TypeError, ValueError), match=message) as found:
        estimator.fit(x, Y)
    assert str(found.value).startswith(f"{named(estimator)}.fit: expected X ")
    assert found.value.__cause__ is not None
    assert dict(vars(estimator)) == before
    if case in ("NaN", "text"):
        with pytest.raises(ValueError, match=message) as found:
            estimator.fit(X, Y).predict(x)
        assert str(found.value).startswith(f"{named(estimator)}.predict: expected X ")
        for name in set(vars(estimator)) - set(before):
            delattr(estimator, name)


@pytest.mark.parametrize("estimator", ESTIMATORS[:3], ids=named)
def test_errors_about_frames_have_the_names_of_columns(estimator):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    days = pandas.date_range("2020-01-01", periods=20)
    for column, message in (
        (["red"] * 20, r"text 'red' .* in row 0, column 'b'"),
        (days, r"received dates \(datetime64.*\) in column 'b'"),
        (np.where(np.arange(20) == 7, np.nan, 1.0), r"received NaN in row 7, column 'b'"),
        (pandas.Series([1, None] * 10, dtype="Int64"), r"received NaN in row 1, column 'b'"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            estimator.fit(frame.assign(b=column), Y)


def test_arrays_of_dates_are_refused(fails):
    days = np.arange(60).astype("datetime64[D]").reshape(20, 3)
    message = r"DenseRegressor.fit: expected X of numbers, received dates \(datetime64\[D\]\)"
    fails(lambda: DenseRegressor().fit(days, Y), TypeError, message)


def test_errors_about_targets_name_the_row(fails):
    y = Y.astype(float)
    y[5] = np.nan
    message = "fit: expected y finite as float64, received NaN in row 5"
    for estimator in ESTIMATORS:
        fails(lambda e=estimator: e.fit(X, y), ValueError, f"{named(estimator)}.{message}")
    words = np.array(["no", "yes"], object)[Y]
    words[3] = None
    message = "DenseClassifier.fit: expected a label in each row of y, received None in row 3"
    fails(lambda: DenseClassifier().fit(X, words), ValueError, message)
    message = "DenseRegressor.fit: expected y of numbers, received text 'yes' .* in row 0"
    words[3] = "no"
    fails(lambda: DenseRegressor().fit(X, words), ValueError, message)
    fails(lambda: DenseRegressor().fit(X, None), ValueError, "requires y to be passed")
    fails(lambda: DenseRegressor().fit(X[:, 0], Y), ValueError, "Reshape your data")
