"""What callbacks decide on recorded series of a loss, as Keras decides it; and NaN."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path

import pytest
from callback_runs import Model, fit, series
from small import data, net

from corereg import metrics
from corereg.callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau

GOLDENS = json.loads((Path(__file__).parent / "goldens" / "callbacks.json").read_text())
LOSSES = {
    name: [{"loss": math.nan if value is None else value} for value in values]
    for name, values in GOLDENS["series"].items()
}


def test_early_stopping_stops_and_restores_when_keras_does():
    for name, options, expected in GOLDENS["early_stopping"]:
        stop, model = EarlyStopping("loss", restore_best_weights=True, **options), Model()
        epochs = len(fit(model, stop, LOSSES[name]).epoch)
        found = [epochs, stop.stopped_epoch, stop.best_epoch, model.weight[0]]
        assert found == expected, (name, options)


def test_reduce_lr_on_plateau_sets_the_rates_of_keras():
    for name, options, expected in GOLDENS["reduce_lr_on_plateau"]:
        model = Model()
        model.optimizer.learning_rate = 0.1
        reduce = ReduceLROnPlateau("loss", **options)
        rates = fit(model, reduce, LOSSES[name]).history["learning_rate"]
        # the logs have the rate of the epoch itself, Keras's facts that after it
        assert [*rates[1:], model.optimizer.learning_rate] == pytest.approx(expected, rel=1e-12), (
            name,
            options,
        )


def test_model_checkpoint_writes_the_files_of_keras(tmp_path):
    for name, options, path, expected in GOLDENS["model_checkpoint"]:
        model = Model()
        keeper = ModelCheckpoint(tmp_path / path, "loss", **options)
        fit(model, keeper, LOSSES[name], batch_losses=None)
        assert [os.path.basename(file) for _, file in model.saved] == expected, (name, options)


NAN = math.nan


@pytest.mark.parametrize("mode", ["min", "max", "auto"])
def test_nan_is_never_the_best(mode):
    """Keras takes a first NaN for the best, which no number beats any more."""
    good = [0.2, 0.3, 0.4] if mode == "max" else [0.4, 0.3, 0.2]
    logs = series("loss", [NAN, *good])
    stop, model = EarlyStopping("loss", mode=mode, patience=2, restore_best_weights=True), Model()
    assert len(fit(model, stop, logs).epoch) == 4
    assert (stop.best, stop.best_epoch, model.stop_training) == (good[-1], 3, False)
    assert model.weight == 8

    model = Model()
    fit(model, ModelCheckpoint("{epoch}", "loss", save_best_only=True, mode=mode), logs)
    assert [path for _, path in model.saved] == ["2", "3", "4"]

    model = Model()
    reduce = ReduceLROnPlateau("loss", mode=mode, patience=2)
    assert fit(model, reduce, logs).history["learning_rate"] == [0.01] * 4
    assert reduce.best == good[-1]


def test_a_run_of_nan_alone_restores_nothing():
    stop, model = EarlyStopping("loss", patience=2, restore_best_weights=True), Model()
    assert len(fit(model, stop, series("loss", [NAN] * 5)).epoch) == 2
    assert (stop.best, stop.best_weights) == (None, None)
    assert model.weight == 4
    model = Model()
    fit(model, ModelCheckpoint("x", "loss", save_best_only=True), series("loss", [NAN] * 2))
    assert model.saved == []


class Profit(metrics.Mean):
    _direction = "up"


class Distance(metrics.MeanSquaredError):
    """No word of its name says that it goes down: its parent's does."""


@pytest.mark.parametrize(
    ("metric", "larger"),
    [
        (metrics.AUC(name="area"), True),
        (metrics.Precision(name="p"), True),
        (metrics.MeanAbsoluteError(name="off"), False),
        (Profit(name="error"), True),  # what it says goes before its name
        (Distance(name="far"), False),
    ],
)
def test_mode_auto_asks_the_class_of_the_metric(metric, larger):
    model = net(metrics=[metric])
    x, y = data()
    y = (y > 0).astype("float32")
    stop = EarlyStopping(f"val_{metric.name}")
    model.fit(x, y, verbose=0, validation_data=(x, y), callbacks=stop)
    assert stop._larger_is_better() is larger
