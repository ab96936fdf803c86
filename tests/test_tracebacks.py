"""Errors about data and arguments: what is left of the package in their tracebacks, and what of
others'."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import corereg
from corereg import config
from corereg.callbacks import Callback
from corereg.layers import Dense, Dropout, Input, Layer
from corereg.losses import CategoricalCrossentropy

X = np.zeros((8, 4), "float32")
Y = np.arange(8) % 3
PACKAGE = os.path.dirname(corereg.__file__) + os.sep


@pytest.fixture
def model() -> Any:
    model = corereg.Sequential([Input((4,)), Dense(5), Dropout(0.5), Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@pytest.fixture
def unfiltered() -> Iterator[None]:
    config.disable_traceback_filtering()
    yield
    config.enable_traceback_filtering()


def frames_of(error: BaseException) -> list[tuple[bool, str]]:
    """Of each frame whether it is the package's, and the function's name."""
    frames = traceback.extract_tb(error.__traceback__)
    return [(frame.filename.startswith(PACKAGE), frame.name) for frame in frames]


def raised(call: Callable[[], Any]) -> Exception:
    with pytest.raises((TypeError, ValueError)) as found:
        call()
    return found.value


CALLS: dict[str, Callable[[Any], Any]] = {
    "fit, x": lambda model: model.fit(X[:, :3], Y, verbose=0),
    "fit, y": lambda model: model.fit(X, Y[:3], verbose=0),
    "fit, NaN": lambda model: model.fit(X * np.nan, Y, verbose=0),
    "fit, labels": lambda model: model.fit(X, Y + 5, verbose=0),
    "fit, batches": lambda model: model.fit([(X, Y), (X[:, :3], Y)], verbose=0),
    "fit, validation": lambda model: model.fit(X, Y, verbose=0, validation_data=(X, Y[:2])),
    "fit, weights": lambda model: model.fit(X, Y, sample_weight=[1.0], verbose=0),
    "fit, callbacks": lambda model: model.fit(X, Y, callbacks=[3], verbose=0),
    "evaluate": lambda model: model.evaluate(X, Y[:3], verbose=0),
    "predict": lambda model: model.predict(X[:, :3], verbose=0),
    "predict_mc": lambda model: model.predict_mc(X[:, :3]),
    "train_on_batch": lambda model: model.train_on_batch(X[:, :3], Y),
    "test_on_batch": lambda model: model.test_on_batch(X, Y[:3]),
    "call": lambda model: model(X[:, :3]),
    "layer": lambda model: model.layers[0](X[:, :3]),
    "loss": lambda model: CategoricalCrossentropy()(X, Y),
    "compile": lambda model: model.compile("no such optimizer"),
}


@pytest.mark.parametrize("name", CALLS)
def test_few_frames_of_ours_stand_under_the_users_line(name: str, model: Any) -> None:
    error: BaseException | None = raised(lambda: CALLS[name](model))
    count = 0
    while error is not None:
        count += sum(own for own, _ in frames_of(error))
        last = frames_of(error)[-1]
        assert last[0], "the check that failed is shown"
        error = error.__cause__
    assert 1 <= count <= 4


def test_frames_of_others_stay(model: Any) -> None:
    class Mine(Layer):
        def call(self, x: Any) -> Any:
            return self.wrong(x)

        def wrong(self, x: Any) -> Any:
            return Dense(2, kernel_regularizer="l2").build((None, None))

    frames = frames_of(raised(lambda: Mine()(X)))
    assert frames[-3:] == [(False, "call"), (False, "wrong"), (True, "build")]
    assert sum(own for own, _ in frames) == 1


def test_a_fault_of_a_callback_keeps_all_frames(model: Any) -> None:
    class Mine(Callback):
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise ValueError("mine")

    frames = frames_of(raised(lambda: model.fit(X, Y, verbose=0, callbacks=[Mine()])))
    assert frames[-1] == (False, "on_epoch_end")
    assert sum(own for own, _ in frames) > 3


def test_what_nobody_raised_on_purpose_keeps_all_frames(model: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("corereg.training.fit.check_count", lambda *a, **k: int("x"))
    frames = frames_of(raised(lambda: model.fit(X, Y)))
    assert [name for own, name in frames if own] == ["fit", "fit"]


def test_all_frames_can_be_kept(model: Any, unfiltered: None) -> None:
    assert not config.is_traceback_filtering_enabled()
    frames = frames_of(raised(lambda: model.fit(X[:, :3], Y)))
    assert sum(own for own, _ in frames) > 4


def test_the_environment_keeps_all_frames() -> None:
    program = "from corereg import config; print(config.is_traceback_filtering_enabled())"
    environment = os.environ | {"COREREG_FULL_TRACEBACKS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "False", done.stderr
