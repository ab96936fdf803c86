"""Callbacks, run by a small driver on a fake model; the expected runs are Keras 3's."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest

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


class Optimizer:
    learning_rate = 0.01


class Model:
    """Its one weight counts the batches it has seen."""

    def __init__(self):
        self.weight = np.zeros(1)
        self.optimizer = Optimizer()
        self.stop_training = False
        self.saved = []

    def get_weights(self):
        return [self.weight.copy()]

    def set_weights(self, weights):
        self.weight = weights[0].copy()

    def save(self, path):
        self.saved.append(("model", path))

    def save_weights(self, path):
        self.saved.append(("weights", path))


def fit(model, objects, epochs_logs, initial_epoch=0, batch_losses=(0.0, 0.0)):
    """What `fit` does around the training itself; returns the History."""
    run = CallbackList(objects, add_history=True, model=model, params={"steps": len(batch_losses)})
    model.stop_training = False
    run.on_train_begin()
    for epoch, logs in enumerate(epochs_logs, initial_epoch):
        run.on_epoch_begin(epoch)
        for batch, loss in enumerate(batch_losses):
            run.on_train_batch_begin(batch)
            model.weight = model.weight + 1
            run.on_train_batch_end(batch, {"loss": loss})
            if model.stop_training:
                break
        run.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    run.on_train_end(logs)
    return run.history


def series(name, values):
    return [{name: value} for value in values]


# ---------------------------------------------------------------- Callback and CallbackList


def test_base_class_knows_model_and_params_without_init():
    class Mine(Callback):
        def __init__(self):
            pass

    mine, model = Mine(), Model()
    assert mine.model is None
    assert mine.params is None
    CallbackList(mine, model=model, params={"epochs": 3})
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
    assert run.wants_batches
    assert run.wants_test_batches
    assert run.wants_predict_batches


@pytest.mark.parametrize(
    ("hook", "wants"),
    [
        ("on_train_batch_begin", "wants_batches"),
        ("on_train_batch_end", "wants_batches"),
        ("on_batch_begin", "wants_batches"),
        ("on_batch_end", "wants_batches"),
        ("on_test_batch_begin", "wants_test_batches"),
        ("on_test_batch_end", "wants_test_batches"),
        ("on_predict_batch_begin", "wants_predict_batches"),
        ("on_predict_batch_end", "wants_predict_batches"),
        ("on_epoch_end", None),
        ("on_test_end", None),
    ],
)
def test_batches_are_wanted_by_who_overrides_a_hook(hook, wants):
    def nothing(self, *args, **kwargs):
        pass

    by_class = type("Mine", (Callback,), {hook: nothing})()
    by_object = Callback()
    setattr(by_object, hook, lambda *args, **kwargs: None)
    by_function = LambdaCallback(**{hook: lambda *args, **kwargs: None})
    for listener in (by_class, by_object, by_function):
        run = CallbackList([Callback(), listener])
        for name in ("wants_batches", "wants_test_batches", "wants_predict_batches"):
            assert getattr(run, name) is (name == wants)


def test_builtin_callbacks_leave_the_fast_path_only_where_they_must(tmp_path):
    quiet = [
        History(),
        EarlyStopping(),
        ReduceLROnPlateau(),
        LearningRateScheduler(lambda epoch: 0.1),
        CSVLogger(tmp_path / "log.csv"),
        ModelCheckpoint(tmp_path / "m"),
    ]
    assert not CallbackList(quiet).wants_batches
    assert CallbackList([TerminateOnNaN()]).wants_batches
    assert CallbackList([ModelCheckpoint(tmp_path / "m", save_freq=3)]).wants_batches

    class Mine(ModelCheckpoint):
        def on_train_batch_end(self, batch, logs=None):
            pass

    assert CallbackList([Mine(tmp_path / "m")]).wants_batches


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


# ---------------------------------------------------------------- EarlyStopping


@pytest.mark.parametrize(
    ("options", "values", "epochs_run"),
    [
        ({}, [3, 2, 2, 1], 3),  # patience 0: the first epoch without improvement
        ({"patience": 1}, [3, 2, 2, 1], 3),  # and 1 is the same
        ({"patience": 2}, [3, 2, 2, 1, 1, 1, 0], 6),
        ({"min_delta": 0.5}, [3, 2.8, 1], 2),
        ({"min_delta": -0.5}, [3, 2.8, 1], 2),  # the sign does not matter
        ({"mode": "max"}, [1, 2, 1, 3], 3),
        ({"baseline": 1.0, "patience": 2}, [3, 2.5, 2.4, 2.4, 2.3, 0.5], 4),
        ({"baseline": 5.0}, [3, 2, 2, 1], 3),
        ({"start_from_epoch": 2}, [1, 2, 3, 2, 2, 1], 5),
        ({}, [math.nan, 2, 1], 2),  # nothing beats NaN
        ({}, [3, math.nan, 1], 2),
        ({}, [4, 3, 2, 1], 4),
    ],
)
def test_early_stopping_stops_when_keras_does(options, values, epochs_run):
    stopper = EarlyStopping("loss", **options)
    model = Model()
    assert len(fit(model, stopper, series("loss", values)).epoch) == epochs_run
    assert stopper.stopped_epoch == (epochs_run - 1 if model.stop_training else 0)


def test_early_stopping_never_stops_at_epoch_0():
    stopper = EarlyStopping("loss", baseline=0.0)
    stopper.set_model(Model())
    stopper.on_train_begin()
    stopper.best = 0.5
    stopper.on_epoch_end(0, {"loss": 1.0})
    assert not stopper.model.stop_training
    stopper.on_epoch_end(1, {"loss": 1.0})
    assert stopper.model.stop_training


@pytest.mark.parametrize(
    ("options", "values", "best_epoch"),
    [
        ({"patience": 2}, [3, 1, 2, 2], 1),
        ({"patience": 9}, [3, 1, 2, 2], 1),  # not stopped early: restored all the same
        ({"patience": 3, "baseline": 0.0}, [3, 1, 2, 2], 1),  # none beats the baseline
        ({"start_from_epoch": 2}, [0, 0, 3, 4], 2),
        ({"mode": "max"}, [1, 5, 2], 1),
    ],
)
def test_early_stopping_restores_the_best_weights(options, values, best_epoch, capsys):
    model = Model()
    stopper = EarlyStopping("loss", restore_best_weights=True, verbose=1, **options)
    fit(model, [stopper], series("loss", values))
    assert stopper.best_epoch == best_epoch
    assert model.weight == 2 * (best_epoch + 1)  # two batches an epoch
    assert f"restored the weights of epoch {best_epoch + 1}\n" in capsys.readouterr().out


def test_early_stopping_leaves_the_last_weights_unless_asked(capsys):
    model = Model()
    fit(model, [EarlyStopping("loss")], series("loss", [3, 1, 2]))
    assert model.weight == 6
    assert capsys.readouterr().out == ""


def test_early_stopping_starts_afresh_in_each_run(capsys):
    model = Model()
    stopper = EarlyStopping("loss", restore_best_weights=True, verbose=1)
    for _ in range(2):
        assert len(fit(model, stopper, series("loss", [3, 2, 4])).epoch) == 3
    assert stopper.best == 2
    assert capsys.readouterr().out.count("Epoch 3: EarlyStopping: loss did not improve\n") == 2


def test_a_missing_monitor_warns_once_and_names_the_others():
    stopper = EarlyStopping(restore_best_weights=True)
    with pytest.warns(UserWarning, match="EarlyStopping") as caught:
        history = fit(Model(), stopper, [{"loss": 1, "accuracy": 1}] * 4)
    assert len(history.epoch) == 4
    assert [str(warning.message) for warning in caught] == [
        "EarlyStopping: monitor 'val_loss' is not among the logs, so training cannot stop early; "
        "available: accuracy, loss"
    ]


def test_unknown_mode_warns_and_becomes_auto():
    with pytest.warns(UserWarning, match="expected mode 'auto', 'min' or 'max', received 'down'"):
        stopper = EarlyStopping("val_accuracy", mode="down")
    assert stopper.mode == "auto"


@pytest.mark.parametrize(
    ("names", "values"),
    [
        ("loss val_loss penalty val_penalty mse val_mae rmse hinge kl_divergence", [1, 2]),
        ("mean_squared_error val_mean_absolute_percentage_error log_cosh loss_2", [1, 2]),
        ("sparse_categorical_crossentropy", [1, 2]),
        ("accuracy acc val_acc auc auc_1 val_binary_accuracy precision val_recall", [2, 1]),
        ("f1 f1_score r2_score top_k_categorical_accuracy cosine_similarity", [2, 1]),
        ("sensitivity_at_specificity mean_io_u Accuracy", [2, 1]),
    ],
)
def test_mode_auto_goes_by_the_name(names, values):
    for name in names.split():
        assert len(fit(Model(), EarlyStopping(name), series(name, values * 2)).epoch) == 2, name


@pytest.mark.parametrize("name", ["gain", "val_myloss", "error_free", "lossy"])
def test_mode_auto_needs_a_name_it_knows(name):
    with pytest.raises(ValueError, match=f"cannot tell from the name '{name}' .* pass mode='max'"):
        fit(Model(), EarlyStopping(name), series(name, [1, 2]))
    assert len(fit(Model(), EarlyStopping(name, mode="max"), series(name, [1, 2])).epoch) == 2


# ---------------------------------------------------------------- ModelCheckpoint


def test_checkpoint_saves_each_epoch_under_its_name(tmp_path):
    model = Model()
    path = tmp_path / "made" / "{epoch:02d}-{val_loss:.2f}.model"
    fit(model, ModelCheckpoint(path), series("val_loss", [0.512, 0.25]))
    folder = tmp_path / "made"
    assert model.saved == [
        ("model", f"{folder}/01-0.51.model"),
        ("model", f"{folder}/02-0.25.model"),
    ]
    assert folder.is_dir()


def test_checkpoint_of_weights_in_the_working_folder():
    model = Model()
    fit(model, ModelCheckpoint("weights", save_weights_only=True), series("loss", [1]))
    assert model.saved == [("weights", "weights")]


@pytest.mark.parametrize(
    ("options", "name", "values", "saved"),
    [
        ({}, "val_loss", [3, 2, 2, 1], [1, 2, 4]),
        ({"monitor": "accuracy"}, "accuracy", [0.5, 0.4, 0.6], [1, 3]),
        ({"mode": "max"}, "val_loss", [1, 3, 2], [1, 2]),
        ({"initial_value_threshold": 2.5}, "val_loss", [3, 2.5, 2.4, 2], [3, 4]),
    ],
)
def test_checkpoint_of_the_best_only(options, name, values, saved):
    model = Model()
    fit(model, ModelCheckpoint("{epoch}", save_best_only=True, **options), series(name, values))
    assert [int(path) for _, path in model.saved] == saved


def test_checkpoint_remembers_the_best_over_runs():
    model, checkpoint = Model(), ModelCheckpoint("{val_loss}", save_best_only=True)
    fit(model, checkpoint, series("val_loss", [3, 2]))
    fit(model, checkpoint, series("val_loss", [2.5, 1]))
    assert [path for _, path in model.saved] == ["3.0", "2.0", "1.0"]


def test_checkpoint_without_its_monitor_saves_always_and_warns_once():
    model = Model()
    with pytest.warns(
        UserWarning, match=r"is not among the logs.*saved every time.*: loss"
    ) as caught:
        fit(model, ModelCheckpoint("{epoch}", save_best_only=True), series("loss", [1, 2, 3]))
    assert len(caught) == 1
    assert [path for _, path in model.saved] == ["1", "2", "3"]


def test_checkpoint_every_few_batches_counts_over_epochs():
    model = Model()
    checkpoint = ModelCheckpoint("{epoch}.{batch}.{loss:.0f}", save_freq=2)
    fit(model, checkpoint, series("loss", [9, 9]), batch_losses=[5, 6, 7])
    assert [path for _, path in model.saved] == ["1.2.6", "2.1.5", "2.3.7"]


def test_checkpoint_of_the_best_batch():
    model = Model()
    checkpoint = ModelCheckpoint("{batch}", monitor="loss", save_best_only=True, save_freq=1)
    fit(model, checkpoint, series("loss", [9]), batch_losses=[5, 6, 4])
    assert [path for _, path in model.saved] == ["1", "3"]


def test_checkpoint_says_what_it_does(capsys):
    checkpoint = ModelCheckpoint("m", save_best_only=True, verbose=1)
    fit(Model(), checkpoint, series("val_loss", [3, 2, 2]))
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 1: ModelCheckpoint: val_loss improved to 3.00000",
        "Epoch 1: ModelCheckpoint: saved m",
        "Epoch 2: ModelCheckpoint: val_loss improved to 2.00000 from 3.00000",
        "Epoch 2: ModelCheckpoint: saved m",
        "Epoch 3: ModelCheckpoint: val_loss did not improve from 2.00000",
    ]


@pytest.mark.parametrize("bad", ["batch", 0, -1, 2.5, None])
def test_checkpoint_with_an_unknown_frequency_raises(bad):
    with pytest.raises(ValueError, match="expected save_freq 'epoch' or a positive number"):
        ModelCheckpoint("m", save_freq=bad)


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("{val_loss:.2f}", KeyError),
        ("{}", IndexError),
        ("{epoch", ValueError),
        ("{loss:d}", ValueError),
    ],
)
def test_checkpoint_path_that_cannot_be_filled_in_raises(path, error):
    model = Model()
    with pytest.raises(error, match=r"cannot fill in filepath .*; available: epoch, loss"):
        fit(model, ModelCheckpoint(path), series("loss", [1]))
    assert model.saved == []


# ---------------------------------------------------------------- learning rates


@pytest.mark.parametrize(
    ("options", "values", "rates"),
    [
        ({"patience": 1}, [1, 1, 1], [0.01, 0.01, 0.001]),
        ({"patience": 0}, [1, 1, 1], [0.01, 0.01, 0.001]),
        ({"patience": 2, "factor": 0.5}, [1, 1, 1, 1, 1, 1], [0.01] * 3 + [0.005] * 2 + [0.0025]),
        ({"patience": 1, "cooldown": 2}, [1] * 6, [0.01, 0.01, 0.001, 0.001, 1e-4, 1e-4]),
        ({"patience": 1, "min_lr": 0.004}, [1] * 4, [0.01, 0.01, 0.004, 0.004]),
        ({"patience": 1, "min_delta": 0.5}, [1, 0.8, 0.2], [0.01, 0.01, 0.001]),
        ({"patience": 1, "mode": "max"}, [1, 2, 1, 1], [0.01, 0.01, 0.01, 0.001]),
        ({"patience": 1}, [4, 3, 2, 1], [0.01] * 4),
        ({"patience": 1}, [1, 1 - 9e-5, 1], [0.01, 0.01, 0.001]),  # min_delta is 1e-4
        ({}, [1] * 12, [0.01] * 11 + [0.001]),  # patience is 10
    ],
)
def test_plateau_lowers_the_rate_when_keras_does(options, values, rates):
    history = fit(Model(), ReduceLROnPlateau("loss", **options), series("loss", values))
    assert history.history["learning_rate"] == pytest.approx(rates, rel=1e-12)


def test_plateau_at_the_lowest_rate_reports_nothing(capsys):
    model = Model()
    fit(
        model,
        ReduceLROnPlateau("loss", patience=1, min_lr=0.004, verbose=1),
        series("loss", [1] * 5),
    )
    assert capsys.readouterr().out == "Epoch 2: ReduceLROnPlateau: learning rate is now 0.004\n"


def test_plateau_rounds_like_a_rate_kept_in_single_precision(capsys):
    model = Model()
    model.optimizer.learning_rate = float(np.float32(0.001))  # a little above 0.001
    fit(
        model,
        ReduceLROnPlateau("loss", patience=1, min_lr=0.001, verbose=1),
        series("loss", [1, 1]),
    )
    assert capsys.readouterr().out == ""


def test_plateau_without_its_monitor_warns_once_and_still_logs_the_rate():
    with pytest.warns(UserWarning, match="rate stays; available: loss, learning_rate$") as caught:
        history = fit(Model(), ReduceLROnPlateau(patience=1), series("loss", [1, 1, 1]))
    assert len(caught) == 1
    assert history.history["learning_rate"] == [0.01] * 3


def test_plateau_starts_afresh_in_each_run():
    model, plateau = Model(), ReduceLROnPlateau("loss", patience=2)
    for _ in range(2):
        fit(model, plateau, series("loss", [1, 1]))
    assert model.optimizer.learning_rate == 0.01


@pytest.mark.parametrize("factor", [1, 1.5, -0.1, math.nan])
def test_plateau_factor_out_of_range_raises(factor):
    with pytest.raises(ValueError, match=r"expected a factor in \[0, 1\), received"):
        ReduceLROnPlateau(factor=factor)


@pytest.mark.parametrize(
    "schedule",
    [lambda epoch: 0.1 / (epoch + 1), lambda epoch, rate: np.float64(0.1 / (epoch + 1))],
)
def test_schedule_takes_the_epoch_and_may_take_the_rate(schedule):
    model = Model()
    history = fit(model, LearningRateScheduler(schedule), series("loss", [1, 1]), initial_epoch=1)
    assert history.history["learning_rate"] == [0.05, 0.1 / 3]
    assert type(model.optimizer.learning_rate) is float


def test_schedule_sees_the_present_rate(capsys):
    model = Model()
    fit(model, LearningRateScheduler(lambda _, rate: rate / 2, verbose=1), series("loss", [1, 1]))
    assert model.optimizer.learning_rate == 0.0025
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 1: LearningRateScheduler: learning rate is now 0.005",
        "Epoch 2: LearningRateScheduler: learning rate is now 0.0025",
    ]


def test_a_schedule_that_does_not_say_what_it_takes():
    """Some built-in functions have no signature: they get the epoch and the rate."""
    history = fit(Model(), LearningRateScheduler(math.hypot), series("loss", [1, 1]))
    assert history.history["learning_rate"] == [0.01, math.hypot(1, 0.01)]


def test_schedule_without_logs():
    scheduler = LearningRateScheduler(lambda epoch: 0.5)
    scheduler.set_model(Model())
    scheduler.on_epoch_begin(0)
    scheduler.on_epoch_end(0)
    assert scheduler.model.optimizer.learning_rate == 0.5


def test_type_error_inside_a_schedule_is_not_hidden():
    calls = []

    def schedule(epoch, rate=None):
        calls.append(epoch)
        return rate + None

    with pytest.raises(TypeError, match="unsupported operand"):
        fit(Model(), LearningRateScheduler(schedule), series("loss", [1]))
    assert calls == [0]


@pytest.mark.parametrize("rate", [1, None, "0.1", np.ones(1)])
def test_schedule_must_return_a_float(rate):
    model = Model()
    with pytest.raises(ValueError, match=r"expected the schedule to return a float, received"):
        fit(model, LearningRateScheduler(lambda epoch: rate), series("loss", [1]))
    assert model.optimizer.learning_rate == 0.01


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


def test_lambda_callback_ignores_none():
    assert not CallbackList(LambdaCallback(on_batch_end=None)).wants_batches
