"""Callback, CallbackList, History and the callbacks that only watch: LambdaCallback, CSVLogger,
TerminateOnNaN; run by a small driver on a fake model."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
from callback_runs import Model, fit, series

from corereg.callbacks import (
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
    TerminateOnNaN,
)

# ---------------------------------------------------------------- Callback and CallbackList


def test_base_class_knows_model_and_params_without_init():
    class Mine(Callback):
        def __init__(self):
            pass

    mine, model = Mine(), Model()
    assert mine.model is None
    assert mine.params is None
    CallbackList(mine, model=model, epochs=3)
    assert mine.model is model
    assert mine.params == {"epochs": 3}


def test_batch_hooks_call_their_older_names():
    calls = []

    class Old(Callback):
        def on_batch_begin(self, batch, logs=None):
            calls.append(("begin", batch, logs))

        def on_batch_end(self, batch, logs=None):
            calls.append(("end", batch, logs))

    run = CallbackList([Old()])
    run.on_train_batch_begin(3)
    run.on_train_batch_end(3, {"loss": 1})
    assert calls == [("begin", 3, {}), ("end", 3, {"loss": 1.0})]


def test_list_forwards_every_hook_to_every_callback_in_order():
    log = []

    def hook(tag, name):
        return lambda *args, **kwargs: log.append((tag, name, args, kwargs))

    names = [name for name in dir(Callback) if name.startswith("on_")]
    assert len(names) == 16
    run = CallbackList([LambdaCallback(**{n: hook(tag, n) for n in names}) for tag in "ab"])
    for name in names:
        log.clear()
        if "batch" in name:
            getattr(run, name)(7, {"loss": 2})
            expected = (7,), {"logs": {"loss": 2.0}}
        elif "epoch" in name:
            getattr(run, name)(7, {"loss": 2})
            expected = (7, {"loss": 2.0}), {}
        else:
            getattr(run, name)({"loss": 2})
            expected = ({"loss": 2.0},), {}
        assert log == [("a", name, *expected), ("b", name, *expected)]


def test_list_hands_out_plain_sorted_copies():
    seen = []
    logs = {"loss": np.float32(0.5), "acc": np.array(1), "outputs": np.ones((1, 1)), "note": "x"}
    logs |= {"none": None, "tree": {"a": 1}}
    CallbackList(LambdaCallback(on_epoch_end=lambda e, logs: seen.append(logs))).on_epoch_end(
        0, logs
    )
    assert list(seen[0]) == ["acc", "loss", "none", "note", "outputs", "tree"]
    assert seen[0]["none"] is None
    assert seen[0]["tree"] is logs["tree"]
    assert type(seen[0]["loss"]) is float
    assert type(seen[0]["acc"]) is float
    assert seen[0]["outputs"] is logs["outputs"]
    assert seen[0]["note"] == "x"
    assert seen[0] is not logs


def test_one_callback_nested_lists_and_lists_of_callbacks():
    a, b, c = Callback(), Callback(), Callback()
    assert CallbackList(None).callbacks == []
    assert CallbackList(a).callbacks == [a]
    assert CallbackList([a, (b, [c])]).callbacks == [a, b, c]
    assert CallbackList([CallbackList([a, b]), c]).callbacks == [a, b, c]


@pytest.mark.parametrize("bad", [EarlyStopping, object(), "early", 3, lambda epoch, logs: None])
def test_what_is_no_callback_raises(bad):
    with pytest.raises(TypeError, match=r"expected Callback objects, .* pass an instance"):
        CallbackList([Callback(), bad])


def test_objects_that_look_like_callbacks_are_taken_and_asked_for_batches():
    duck = type(
        "Duck", (), {n: lambda self, *a, **k: None for n in dir(Callback) if n[:2] != "__"}
    )()
    run = CallbackList([duck])
    assert run.observes_batches
    assert run.observes_test_batches
    assert run.observes_predict_batches


@pytest.mark.parametrize(
    ("hook", "observes"),
    [
        ("on_train_batch_begin", "observes_batches"),
        ("on_train_batch_end", "observes_batches"),
        ("on_batch_begin", "observes_batches"),
        ("on_batch_end", "observes_batches"),
        ("on_test_batch_begin", "observes_test_batches"),
        ("on_test_batch_end", "observes_test_batches"),
        ("on_predict_batch_begin", "observes_predict_batches"),
        ("on_predict_batch_end", "observes_predict_batches"),
        ("on_epoch_end", None),
        ("on_test_end", None),
    ],
)
def test_batches_are_observed_by_who_overrides_a_hook(hook, observes):
    def nothing(self, *args, **kwargs):
        pass

    by_class = type("Mine", (Callback,), {hook: nothing})()
    by_object = Callback()
    setattr(by_object, hook, lambda *args, **kwargs: None)
    by_function = LambdaCallback(**{hook: lambda *args, **kwargs: None})
    for listener in (by_class, by_object, by_function):
        run = CallbackList([Callback(), listener])
        for name in ("observes_batches", "observes_test_batches", "observes_predict_batches"):
            assert getattr(run, name) is (name == observes)


def test_builtin_callbacks_leave_the_fast_path_only_where_they_must(tmp_path):
    quiet = [
        History(),
        EarlyStopping(),
        ReduceLROnPlateau(),
        LearningRateScheduler(lambda epoch: 0.1),
        CSVLogger(tmp_path / "log.csv"),
        ModelCheckpoint(tmp_path / "m"),
    ]
    assert not CallbackList(quiet).observes_batches
    assert CallbackList([TerminateOnNaN()]).observes_batches
    assert CallbackList([ModelCheckpoint(tmp_path / "m", save_freq=3)]).observes_batches

    class Mine(ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            pass

    assert CallbackList([Mine(tmp_path / "m")]).observes_batches


# ---------------------------------------------------------------- History


def test_history_keeps_python_floats_and_epochs():
    model = Model()
    logs = [
        {"loss": np.float32(1), "penalty": 0},
        {"loss": np.float64(0.5), "penalty": np.array(1)},
    ]
    history = fit(model, None, logs, initial_epoch=4)
    assert history.history == {"loss": [1.0, 0.5], "penalty": [0.0, 1.0]}
    assert all(type(value) is float for values in history.history.values() for value in values)
    assert history.epoch == [4, 5]
    assert history.params == {"steps": 2}
    assert model.history is history


def test_a_history_of_ones_own_goes_on_over_runs():
    mine = History()
    for _ in range(2):
        assert fit(Model(), [mine], series("loss", [2, 1])) is mine
    assert mine.history == {"loss": [2.0, 1.0, 2.0, 1.0]}
    assert mine.epoch == [0, 1]


def test_what_callbacks_add_to_the_logs_reaches_history():
    add = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(extra=np.float32(epoch)))
    history = fit(Model(), [add], series("loss", [1, 1]))
    assert history.history == {"loss": [1.0, 1.0], "extra": [0.0, 1.0]}


# ---------------------------------------------------------------- the rest


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_terminate_on_nan_stops_at_the_batch(bad, capsys):
    model = Model()
    history = fit(model, TerminateOnNaN(), series("loss", [1, 1]), batch_losses=[1, bad, 1])
    assert model.weight == 2
    assert history.epoch == [0]
    assert capsys.readouterr().out == (
        f"TerminateOnNaN: the loss is {bad} at batch 1, training stops\n"
    )


def test_terminate_on_nan_may_raise():
    with pytest.raises(RuntimeError, match="the loss is nan at batch 1; try a lower learning rate"):
        fit(
            Model(),
            TerminateOnNaN(raise_error=True),
            series("loss", [1]),
            batch_losses=[1, math.nan],
        )


def test_terminate_on_nan_lets_finite_losses_pass():
    model = Model()
    fit(model, TerminateOnNaN(), series("loss", [1, 1]))
    assert model.weight == 4


def rows(path, delimiter=","):
    with open(path, newline="") as file:
        return list(csv.reader(file, delimiter=delimiter))


def test_csv_counts_epochs_from_0_and_sorts_names(tmp_path):
    path = tmp_path / "log.csv"
    logs = [{"val_loss": 2, "loss": 1.5, "accuracy": 0.1}, {"loss": 1, "new": 3}]
    fit(Model(), CSVLogger(path), logs)
    assert path.read_bytes() == (
        b"epoch,accuracy,loss,val_loss\r\n0,0.1,1.5,2.0\r\n1,NA,1.0,NA\r\n"
    )


def test_csv_keeps_columns_for_validation_that_comes_later(tmp_path):
    path = tmp_path / "log.csv"
    fit(Model(), CSVLogger(str(path), separator=";"), [{"loss": 1}, {"loss": 0.5, "val_loss": 2}])
    assert rows(path, ";") == [
        ["epoch", "loss", "val_loss"],
        ["0", "1.0", "NA"],
        ["1", "0.5", "2.0"],
    ]


def test_csv_appends_or_overwrites(tmp_path):
    path = tmp_path / "log.csv"
    for append, epochs in ((True, ["0"]), (True, ["0", "0"]), (False, ["0"])):
        fit(Model(), CSVLogger(path, append=append), [{"loss": 1, "val_loss": 1}])
        assert [row[0] for row in rows(path)] == ["epoch", *epochs]


def test_csv_is_written_epoch_by_epoch_and_fails_early(tmp_path):
    path = tmp_path / "log.csv"
    seen = []
    watch = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(len(rows(path))))
    fit(Model(), [CSVLogger(path), watch], series("loss", [1, 1]))
    assert seen == [2, 3]
    model = Model()
    with pytest.raises(FileNotFoundError):
        fit(model, CSVLogger(tmp_path / "missing" / "log.csv"), series("loss", [1]))
    assert model.weight == 0


def test_lambda_callback_refuses_names_that_are_no_hooks():
    with pytest.raises(TypeError, match=r"'on_epoch_finish' is no hook; known are .*on_epoch_end"):
        LambdaCallback(on_epoch_finish=print)


def test_lambda_callback_keeps_what_is_no_hook():
    kept = LambdaCallback(on_epoch_end=lambda epoch, logs: None, limit=3)
    assert kept.limit == 3


def test_lambda_callback_ignores_none():
    assert not CallbackList(LambdaCallback(on_batch_end=None)).observes_batches
