"""How many threads one call may use: `num_threads` of fit, evaluate and predict."""

from __future__ import annotations

import numpy as np
import pytest
from small import net

import corereg
from corereg import _kernels
from corereg.callbacks import LambdaCallback
from corereg.runtime.scheduling import PROGRAM_WORTH_THREADS, ThreadTuner

RNG = np.random.default_rng(3)


def rows(n, features=6):
    return RNG.standard_normal((n, features)).astype("float32")


def compiled(**options):
    model = net(classes=3)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **options)
    return model


def calls(model, x):
    """The three calls, each of which takes num_threads."""
    y = np.arange(len(x)) % 3
    return {
        "fit": lambda **limit: model.fit(x, y, epochs=2, verbose=0, **limit),
        "evaluate": lambda **limit: model.evaluate(x, y, verbose=0, **limit),
        "predict": lambda **limit: model.predict(x, verbose=0, **limit),
    }


@pytest.mark.parametrize("name", ["fit", "evaluate", "predict"])
def test_a_call_has_its_own_number_of_threads(name, monkeypatch):
    most, seen = corereg.get_num_threads(), []
    model = compiled(run_eagerly=True)
    kind = type(model.layers[0])
    call = kind.call
    monkeypatch.setattr(
        kind, "call", lambda *a, **k: seen.append(corereg.get_num_threads()) or call(*a, **k)
    )
    run = calls(model, rows(5))[name]
    run(num_threads=1)
    limited = len(seen)
    run()
    assert limited
    assert set(seen[:limited]) == {1}
    assert set(seen[limited:]) == {most}


@pytest.mark.parametrize("name", ["fit", "evaluate", "predict"])
def test_the_limit_ends_with_an_error(name):
    most = corereg.get_num_threads()
    run = calls(compiled(), rows(5, 4))[name]
    with pytest.raises(ValueError, match="expected X of shape"):
        run(num_threads=1)
    assert corereg.get_num_threads() == most


def test_callbacks_and_validation_have_the_limit_of_fit():
    seen = []
    noted = LambdaCallback(on_test_end=lambda logs: seen.append(corereg.get_num_threads()))
    model, x, y = compiled(), rows(9), np.arange(9) % 3
    model.fit(x, y, validation_data=(x, y), callbacks=[noted], verbose=0, num_threads=1)
    assert seen == [1]


def test_a_call_without_a_limit_keeps_the_one_around_it():
    seen = []
    noted = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(corereg.get_num_threads()))
    with _kernels.limited_threads(1):
        compiled().fit(rows(9), np.arange(9) % 3, callbacks=[noted], verbose=0)
    assert seen == [1]


def test_the_number_of_threads_changes_no_result():
    x = rows(5000)
    found = []
    for limit in ({}, {"num_threads": 1}, {"num_threads": 2}, {"num_threads": 64}):
        corereg.set_random_seed(5)
        results = [run(**limit) for run in calls(compiled(), x).values()]
        found.append((results[0].history, results[1], results[2].tobytes()))
    assert found == [found[0]] * 4


def test_a_limit_of_one_call_is_forgotten_by_the_next(monkeypatch):
    monkeypatch.setattr(_kernels, "get_num_threads", lambda: 1)
    tuner = ThreadTuner(2 * PROGRAM_WORTH_THREADS)
    assert tuner.plan()[0] == 1
    monkeypatch.setattr(_kernels, "get_num_threads", lambda: 4)
    assert tuner.plan()[0] == 4


@pytest.mark.parametrize("name", ["fit", "evaluate", "predict"])
@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "2"])
def test_wrong_numbers_of_threads_are_refused(name, wrong, fails):
    run = calls(compiled(), rows(2))[name]
    message = f"{name}: expected num_threads as an integer >= 1, received {wrong!r}"
    fails(lambda: run(num_threads=wrong), ValueError, message)
