"""sparsify: what it trains, what it cuts, what it puts back and tells."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from small import data, snapshot

import corereg
from corereg import layers, optimizers, pruning, regularizers
from corereg.callbacks import Callback
from corereg.models import Sequential
from corereg.optimizers import SGD, Adam, schedules
from corereg.pruning.sparse_training import THRESHOLDS

FEATURES, USEFUL = 12, [1, 5]


def rows(count, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((count, FEATURES)).astype("f4")
    return x, (x[:, 1] * x[:, 5] > 0).astype("i4")


def net(optimizer=None, metrics=("accuracy",), **options):
    corereg.set_random_seed(5)
    model = Sequential(
        [
            layers.Input((FEATURES,)),
            layers.Dense(16, "relu", name="first", **options),
            layers.Dense(2, "softmax", name="last"),
        ]
    )
    model.compile(optimizer or Adam(0.02), "sparse_categorical_crossentropy", metrics=list(metrics))
    return model


TRAIN, VALIDATION = rows(400, 0), rows(200, 1)
SHORT = {"validation_data": VALIDATION, "epochs": 15, "debias_epochs": 5}


def test_a_sparse_network():
    model = net()
    report = pruning.sparsify(model, *TRAIN, strength=0.01, **SHORT | {"epochs": 60})
    assert report.measure == "error"
    assert report.sparsity == model.sparsity()
    assert 0.7 < report.zeros < 0.9
    assert report.sparsity.frozen == report.sparsity.zeros
    assert set(USEFUL) <= set(np.flatnonzero(model.layers[0].kernel.data.any(axis=1)))
    assert report.validation_start > 0.3
    assert report.validation < 0.1
    assert report.validation == pytest.approx(
        1 - model.evaluate(*VALIDATION, verbose=0)[1], abs=1e-6
    )
    assert report.validation_cut <= report.validation_before + 0.003 + 1e-6
    assert report.threshold in (0.0, *THRESHOLDS)
    assert report.epochs == 65
    assert [len(one["loss"]) for one in report.history] == [60, 5]
    rates = [one["learning_rate"] for one in report.history]
    assert [one[0] for one in rates] == [0.02, 0.01]
    assert rates[0][30] == pytest.approx(0.01)
    assert rates[0][-1] < 1e-4
    assert "penalty" in report.history[0]
    assert "penalty" not in report.history[1]
    (trial,) = report.trials
    assert trial.strength == report.strength == 0.01
    assert trial.zeros <= report.zeros
    assert all(layer.bias.mask is None for layer in model.layers)
    lines = repr(report).splitlines()
    assert lines[0].startswith(f"sparsify: {100 * report.zeros:.2f} % of the weights are zero")
    assert "strength 0.01, cut below" in lines[1]
    told = [
        report.validation_start,
        report.validation_before,
        report.validation_cut,
        report.validation,
    ]
    assert re.findall(r"\S+ %", lines[2]) == [f"{100 * error:.2f} %" for error in told]
    assert lines[3:] == repr(report.sparsity).splitlines()


def test_debiasing_that_costs_too_much_is_undone():
    weights = []

    class Keep(Callback):
        def on_train_begin(self, logs=None):
            weights.append(self.model.get_weights())

    model = net()
    options = {"strength": 0.01, "debias_learning_rate": 5.0, "callbacks": [Keep()]}
    report = pruning.sparsify(model, *TRAIN, **SHORT | options)
    assert not report.debiased
    assert report.validation == report.validation_cut
    assert repr(report).splitlines()[2].endswith("at the end (without debiasing)")
    for mine, before in zip(model.get_weights(), weights[1], strict=True):
        assert np.array_equal(mine, before)
    assert report.sparsity.frozen == report.sparsity.zeros > 0


def test_the_largest_threshold_that_costs_little_cuts():
    """Beside all of them, tried by hand on the weights of before the cut."""
    kept = []

    class Keep(Callback):
        def on_train_end(self, logs=None):
            kept.append(self.model.get_weights())

    thresholds = (0.001, 0.05, 0.1, 0.2, 0.4, 0.8)
    model = net()
    report = pruning.sparsify(
        *(model, *TRAIN), strength=0.003, thresholds=thresholds, callbacks=[Keep()], **SHORT
    )
    judge, costs = net(), {}
    for threshold in (0.0, *thresholds):
        weights = [np.where(np.abs(w) < threshold, 0, w) if w.ndim > 1 else w for w in kept[0]]
        judge.set_weights(weights)
        costs[threshold] = 1 - judge.evaluate(*VALIDATION, verbose=0)[1]
    good = [t for t in thresholds if costs[t] <= costs[0.0] + 0.003 + 1e-9]
    assert good
    assert max(good) < 0.8
    assert report.threshold == max(good)
    assert report.validation_before == pytest.approx(costs[0.0])
    assert report.validation_cut == pytest.approx(costs[report.threshold])
    assert report.trials[0].cut_validation == pytest.approx(report.validation_cut)


@pytest.mark.parametrize("target", [0.6, 0.85])
def test_a_target(target):
    model = net()
    report = pruning.sparsify(model, *TRAIN, target=target, **SHORT)
    wanted = round(target * 224) / 224
    assert report.zeros >= wanted
    assert report.validation_cut <= report.validation_before + 0.003 + 1e-6
    strengths = [one.strength for one in report.trials]
    assert strengths == [1e-4 * 2**i for i in range(len(strengths))]
    assert report.strength == strengths[-1]
    if report.trials[-1].cut_validation is not None:
        assert report.zeros == wanted
        assert report.threshold > 0
    assert [len(one["loss"]) for one in report.history] == [15, *[5] * len(strengths)]


def test_a_target_that_no_strength_reaches():
    """Each strength begins with the uncut weights of the one before; the last one is cut."""
    zeros = []

    class Look(Callback):
        def on_train_begin(self, logs=None):
            zeros.append(self.model.sparsity().share)

    model = net(SGD(0.5))
    with pytest.warns(UserWarning, match=r"no strength gave 99.5 % zeros within the tolerance; "):
        report = pruning.sparsify(
            *(model, *TRAIN),
            **SHORT | {"epochs": 3, "target": 0.995, "tolerance": -1.0, "callbacks": [Look()]},
        )
    assert report.zeros == round(0.995 * 224) / 224
    assert [one.strength for one in report.trials] == [1e-4 * 2**i for i in range(10)]
    assert report.strength == 1e-4 * 2**9
    assert zeros == pytest.approx([0, *(one.zeros for one in report.trials[:9]), report.zeros])
    assert all(one.cut_validation is not None for one in report.trials)


def test_a_network_that_collapses():
    """The last one that had not is cut; none, if the first one does."""
    options = {**SHORT, "epochs": 3, "target": 0.99, "tolerance": -1.0}
    model = net(SGD(60.0, clipvalue=1e-9), kernel_initializer="ones")
    with pytest.warns(UserWarning, match="no strength gave 99 % zeros within the tolerance"):
        report = pruning.sparsify(model, *TRAIN, **options)
    *_, last, collapsed = report.trials
    assert report.strength == last.strength
    assert collapsed.cut_validation is None
    assert report.zeros == round(0.99 * 224) / 224
    model = net(SGD(1e5, clipvalue=1e-9))
    with pytest.raises(ValueError, match="does not collapse to zero at the strength"):
        pruning.sparsify(model, *TRAIN, **options)


def regression(**options):
    x, _ = data()
    y = x[:, :1] - x[:, 1:2]
    model = Sequential([layers.Input((6,)), layers.Dense(8, "relu", **options), layers.Dense(1)])
    model.compile(Adam(0.01), "mse")
    return model, x, y


def test_a_loss_is_judged_where_there_is_no_accuracy():
    corereg.set_random_seed(2)
    model, x, y = regression()
    report = pruning.sparsify(
        *(model, x, y, (x, y)), strength=0.01, epochs=30, thresholds=[0.01, 10.0], batch_size=10
    )
    assert report.measure == "loss"
    assert report.threshold == 0.01
    assert report.validation_cut <= report.validation_before * 1.01
    assert report.validation == pytest.approx(model.evaluate(x, y, verbose=0), rel=1e-5)
    assert "validation loss: " in repr(report)
    own = {name: values[-1] for name, values in report.history[0].items()}
    assert own["val_penalty"] > 0.01
    assert report.validation_before == pytest.approx(own["val_loss"] - own["val_penalty"], rel=1e-5)


def test_all_is_put_back():
    l1, group = regularizers.L1L2(1e-3, 1e-4), regularizers.ProximalGroupLasso(0.1)
    seen = []

    class Look(Callback):
        def on_train_begin(self, logs=None):
            kernels = [layer.kernel.regularizer for layer in self.model.layers]
            seen.append([repr(one) for one in kernels])
            seen.append(type(self.model.optimizer).__name__)

    optimizer = Adam(schedules.ExponentialDecay(0.02, 10, 0.5))
    model = net(optimizer, kernel_regularizer=l1, bias_regularizer="l2")
    model.layers[1].kernel_regularizer = group
    bias = model.layers[0].bias.regularizer
    model.fit(*TRAIN, verbose=0)
    rate = float(optimizer.learning_rate)
    report = pruning.sparsify(model, *TRAIN, strength=0.01, callbacks=[Look()], **SHORT)
    assert seen == [
        [
            "ProximalL1L2(l1=0.01)",
            "ProximalL1L2(l1=0.01, l2=0.0)",
        ],
        "Adam",
        ["L2(0.0001)", "None"],
        "Adam",
    ]
    assert report.history[0]["learning_rate"][0] == rate < 0.02
    assert model.optimizer is optimizer
    assert optimizer.iterations == 0  # as after compile
    assert not any(state.any() for state in optimizer.state)
    assert model.layers[0].kernel_regularizer is l1
    assert model.layers[1].kernel_regularizer is group
    assert model.layers[0].bias.regularizer is bias
    zeros = model.sparsity().zeros
    model.layers[1].kernel_regularizer = None
    model.fit(*TRAIN, epochs=3, verbose=0)
    assert model.sparsity().zeros == zeros


def test_all_is_put_back_after_an_error():
    class Fail(Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyError

    model = net(kernel_regularizer="l2")
    own, penalty = model.optimizer, model.layers[0].kernel.regularizer
    with pytest.raises(KeyError):
        pruning.sparsify(model, *TRAIN, strength=0.01, callbacks=[Fail()], **SHORT)
    assert model.optimizer is own
    assert model.layers[0].kernel.regularizer is penalty
    assert pruning.masks(model) == {}


def test_options():
    """Batches, weights of rows, some layers, no debiasing, one's own rates."""
    x, y = TRAIN
    batches = [(x[i : i + 40], y[i : i + 40]) for i in range(0, 400, 40)]
    model = net(SGD(0.5))
    report = pruning.sparsify(
        *(model, batches),
        validation_data=(*VALIDATION, np.ones(200)),
        strength=0.01,
        epochs=3,
        debias_epochs=2,
        learning_rate=0.1,
        debias_learning_rate=0.3,
        scaling="plain",
        layers="first",
    )
    assert [one["learning_rate"][0] for one in report.history] == [0.1, 0.3]
    assert list(pruning.masks(model)) == ["first/kernel"]
    assert report.sparsity[1].zeros == 0
    report = pruning.sparsify(
        *(model, x, y),
        validation_data=batches,
        strength=0.0,
        epochs=1,
        debias_epochs=0,
        sample_weight=np.ones(400),
        shuffle=False,
        verbose=0,
    )
    assert report.epochs == 1
    assert report.validation == report.validation_cut


def test_augmented_batches():
    """Nothing can be learned where all batches are zeros: `augment` is for each `fit`."""
    modes = []

    class Watch(Callback):
        def on_train_end(self, logs=None):
            modes.append(self.model.execution_report()["fit"].mode)

    options = SHORT | {"augment": [layers.Rescaling(0.0)], "callbacks": [Watch()]}
    report = pruning.sparsify(net(), *TRAIN, strength=0.0, **options)
    assert modes == ["replayed"] * 2
    assert report.validation > 0.3


def test_bad_arguments():
    model = net()
    x, y = TRAIN
    before = snapshot(model)

    def call(**options):
        return pruning.sparsify(model, x, y, **{"validation_data": VALIDATION} | options)

    for options, message in (
        ({"validation_data": None, "strength": 1e-4}, "validation_data, such as"),
        ({"validation_data": x, "strength": 1e-4}, "iterable of batches, received ndarray"),
        ({"validation_data": iter([(x, y)]), "strength": 1e-4}, "validation_data that can be read"),
        ({}, "either strength, such as 1e-4, or target, such as 0.9, received strength=None"),
        ({"strength": 1e-4, "target": 0.5}, "received strength=0.0001 and target=0.5"),
        ({"target": 90}, "sparsify: expected target from 0 to 1, received 90"),
        ({"strength": -1}, "received -1"),
        ({"strength": 1e-4, "epochs": 0}, "epochs as a whole number >= 1, received 0"),
        ({"strength": 1e-4, "debias_epochs": 0.5}, "debias_epochs as a whole number >= 0"),
        ({"strength": 1e-4, "thresholds": [-1]}, r"thresholds as numbers >= 0, received \[-1\]"),
        ({"strength": 1e-4, "thresholds": 0.01}, "thresholds as numbers >= 0, received 0.01"),
        (
            {"strength": 1e-4, "tolerance": "x"},
            "sparsify: expected tolerance as a number, received 'x'",
        ),
        (
            {"strength": 1e-4, "loss_tolerance": np.nan},
            "loss_tolerance as a number, received nan",
        ),
        ({"strength": 1e-4, "scaling": "x"}, "scaling as one of"),
        ({"strength": 1e-4, "layers": "x"}, "sparsify: expected layers of the model"),
        ({"strength": 1e-4, "learning_rate": -1.0}, "learning_rate"),
    ):
        with pytest.raises(ValueError, match=message):
            call(**options)
        assert snapshot(model) == before
    model = net(optimizers.Lion(0.01))
    with pytest.raises(ValueError, match="Lion: expected an optimizer with a proximal stage"):
        call(strength=1e-4)
    model = Sequential([layers.Input((FEATURES,)), layers.Dense(2)])
    with pytest.raises(RuntimeError, match="sparsify: the model has no optimizer"):
        call(strength=1e-4)


def test_an_optimizer_around_another_one():
    model = net(optimizers.SAM(Adam(0.02), rho=0.1))
    own = model.optimizer
    report = pruning.sparsify(model, *TRAIN, strength=0.01, **SHORT)
    assert model.optimizer is own
    assert own.rho == 0.1
    assert own.learning_rate == pytest.approx(0.02)
    assert report.history[0]["learning_rate"][0] == pytest.approx(0.02)
    assert model.sparsity().zeros > 0


def test_batches_are_augmented_and_one_callback_needs_no_list():
    seen = []

    class See(Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(epoch)

    def noted(x, y, sample_weight):
        seen.append("augmented")
        return x * 0.0, y, sample_weight

    model = net()
    pruning.sparsify(model, *TRAIN, strength=0.0, callbacks=See(), augment=noted, **SHORT)
    assert {"augmented", 0} <= set(seen)


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"callbacks": 3}, {"augment": 3}])
def test_what_fit_refuses_changes_nothing(options):
    model = net()
    model.fit(*TRAIN, verbose=0)
    before, steps = snapshot(model), int(model.optimizer.iterations)
    with pytest.raises((TypeError, ValueError)):
        pruning.sparsify(model, *TRAIN, strength=0.01, **SHORT, **options)
    assert snapshot(model) == before
    assert int(model.optimizer.iterations) == steps > 0


@pytest.mark.parametrize("how", [{"strength": 0.01}, {"target": 0.5}])
def test_weights_that_are_not_finite_are_not_cut(how):
    model, x, y = regression()
    model.compile(SGD(0.1), "mse")
    own = model.optimizer
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # fit says that the loss became nan
        with pytest.raises(ValueError, match=r"a training that converges, .*; nothing was cut;"):
            pruning.sparsify(model, x, y, (x, y), learning_rate=1e6, epochs=2, **how)
    assert model.optimizer is own
    assert own.learning_rate == pytest.approx(0.1)
    assert pruning.masks(model) == {}
