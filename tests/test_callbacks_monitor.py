"""EarlyStopping and ModelCheckpoint, which ask whether a value has improved; the expected runs are
Keras 3's."""

from __future__ import annotations

import math

import pytest
from callback_runs import Model, fit, series

from corereg.callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau

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
        ({}, [math.nan, 2, 1], 3),  # any number beats NaN, other than in Keras
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


@pytest.mark.parametrize("make", [EarlyStopping, ReduceLROnPlateau])
def test_what_is_no_name_is_refused(make):
    with pytest.raises(
        TypeError, match=f"{make.__name__}: expected monitor as the name.*received 3"
    ):
        make(monitor=3)
