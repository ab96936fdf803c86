"""ReduceLROnPlateau and LearningRateScheduler; the expected runs are Keras 3's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from callback_runs import Model, fit, series

from corereg.callbacks import LearningRateScheduler, ReduceLROnPlateau


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
