"""Nothing is slow in silence: execution_report, and one warning for each reason."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import corereg
from corereg import PerformanceWarning, layers
from corereg.models import Sequential

X = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
Y = X[:, :1].copy()


def looked_at(x):
    """x, after a value of it was read into Python: so nothing with this can be replayed."""
    return x if np.isfinite(x.sum().item()) else -x


class Plain(layers.Layer):
    """A layer that cannot be recorded, and says nothing of that."""

    def call(self, x):
        return looked_at(x) * 2.0


class Eager(Plain):
    recordable = False


def model_with(*middle, **options):
    model = Sequential([corereg.Input((4,)), *middle, layers.Dense(1)])
    model.compile("sgd", "mse", **options)
    return model


def slow(call):
    """The PerformanceWarnings of a call."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        call()
    return [w for w in found if w.category is PerformanceWarning]


def test_report_of_a_model_that_is_replayed():
    model = model_with()
    assert [entry.mode for entry in model.execution_report()] == ["not run yet"] * 3
    assert not slow(lambda: model.fit(X, Y, epochs=2, verbose=0))
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    report = model.execution_report()
    assert [(e.what, e.mode, e.threads, e.reason) for e in report] == [
        (what, "replayed", 1, None) for what in ("fit", "evaluate", "predict")
    ]
    assert str(report).startswith("fit: replayed, 1 thread\nevaluate: replayed")
    with pytest.raises(KeyError, match="no entry 'train'; has"):
        report["train"]


def test_a_part_that_says_nothing_is_blamed_once():
    model = model_with(Plain(name="mine"))
    (warning,) = slow(lambda: model.fit(X, Y, epochs=2, verbose=0))
    assert warning.filename == __file__
    assert str(warning.message).startswith("fit runs every step through Python, which is slow: ")
    assert "code of the user's own: Plain 'mine'" in str(warning.message)
    assert not slow(lambda: model.fit(X, Y, epochs=2, verbose=0))
    assert not slow(lambda: model.train_on_batch(X, Y))
    model.predict(X, verbose=0)
    for what in ("fit", "predict"):
        entry = model.execution_report()[what]
        assert (entry.mode, entry.threads) == ("eager", None)
        assert "Plain 'mine'" in entry.reason


def squared(x):
    return looked_at(x) * x


def distance(y_true, y_pred):
    return looked_at(y_true - y_pred).abs()


@pytest.mark.parametrize(
    ("middle", "loss", "name"),
    [
        ([layers.Dense(3, squared)], "mse", "squared"),
        ([], distance, "the loss function 'distance'"),
    ],
)
def test_plain_functions_are_named(middle, loss, name):
    model = Sequential([corereg.Input((4,)), *middle, layers.Dense(1)])
    model.compile("sgd", loss)
    (warning,) = slow(lambda: model.fit(X, Y, verbose=0))
    assert f"code of the user's own: {name}" in str(warning.message)


def test_train_on_batch_warns_too():
    model = model_with(Plain())
    (warning,) = slow(lambda: model.train_on_batch(X, Y))
    assert str(warning.message).startswith("train_on_batch runs every step")


def test_who_wishes_to_run_eagerly_is_not_warned():
    model = model_with(Eager(name="own"))
    assert not slow(lambda: model.fit(X, Y, verbose=0))
    entry = model.execution_report()["fit"]
    assert (entry.mode, entry.cure) == ("eager", "Eager says recordable = False; take that out")
    model = model_with(Plain(), run_eagerly=True)
    assert not slow(lambda: model.fit(X, Y, verbose=0))
    assert model.execution_report()["fit"].reason == "the model was compiled with run_eagerly=True"


def test_a_cure_takes_effect(monkeypatch):
    model = model_with(Plain())
    model.fit(X, Y, verbose=0)
    assert model.execution_report()["fit"].mode == "eager"
    model.compile("sgd", "mse")
    model.pop()
    model.pop()
    model.add(layers.Dense(1))
    model.fit(X, Y, epochs=2, verbose=0)
    assert model.execution_report()["fit"].mode == "replayed"


def test_report_of_a_recorded_function():
    w = corereg.Parameter(np.ones((4, 1), "float32"))
    dense = corereg.ops.dense

    @corereg.record
    def step(x):
        return dense(x, w)

    assert str(step.execution_report()) == "nothing has run yet"
    step(X)
    (entry,) = step.execution_report()
    assert (entry.what, entry.mode) == ("step(float32[64, 4])", "eager")
    step(X)
    step(X[:3])
    first, second = step.execution_report()
    assert (first.mode, first.threads) == ("replayed", 1)
    assert second.what == "step(float32[3, 4])"
