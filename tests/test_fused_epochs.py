"""Epochs that run in one call are those that Python would run one by one."""

from __future__ import annotations

import io
import threading
import time

import numpy as np
import pytest
from small import bits, data, fit, net

import corereg
from corereg import _kernels, layers, metrics
from corereg.callbacks import (
    Callback,
    CallbackList,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
)
from corereg.models import Sequential
from corereg.progress import ProgressBar
from corereg.runtime import scheduling
from corereg.training import fit as fit_module
from corereg.training.accumulators import MAX_FUSED_EPOCHS
from corereg.training.loop import TrainingLoop


@pytest.fixture
def calls(monkeypatch):
    """How often each replay runs its programs; Python is due late."""
    found, replay = [], _kernels.replay
    monkeypatch.setattr(scheduling, "RETURN_SECONDS", 100.0)
    monkeypatch.setattr(
        _kernels,
        "replay",
        lambda p, n, threads: found.append(n) or replay(p, n, threads),
    )
    return found


def outcome(eager, classes=3, callbacks=(), more=None, **options):
    """All that a fit leaves behind."""
    x, y = data(classes)
    corereg.set_random_seed(9)
    model = Sequential([layers.Dense(8, "relu", kernel_regularizer="l1"), layers.Dropout(0.3)])
    model.add(layers.Dense(classes, "softmax", bias_regularizer="l2"))
    chosen = {"metrics": ["accuracy"], "weighted_metrics": ["sparse_categorical_accuracy"]}
    model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=eager, **chosen)
    heard = [make() for make in callbacks]
    options = {"epochs": 12, "batch_size": 8} | options
    if more == "validation_data":
        options["validation_data"] = (x[:11], y[:11])
    if more == "class_weight":
        options["class_weight"] = {0: 2.0, 1: 0.5}
    history = fit(model, x, y, callbacks=heard, **options)
    again = fit(model, x, y, **options)
    states = [a.tobytes() for a in model.optimizer.state]
    iterations = model.optimizer.iterations
    return history, again, bits(model), states, iterations, [h.log for h in heard], model.losses


class Epochs(Callback):
    """Keeps the weights at both ends of each epoch."""

    def __init__(self):
        self.log = []

    def on_epoch_begin(self, epoch, logs=None):
        self.log.append(("begin", epoch, bits(self.model)))

    def on_epoch_end(self, epoch, logs=None):
        self.log.append(("end", epoch, dict(logs), bits(self.model)))


class Validations(Callback):
    """Keeps what validation says."""

    def __init__(self):
        self.log = []

    def on_test_begin(self, logs=None):
        self.log.append(bits(self.model))

    def on_test_end(self, logs=None):
        self.log.append(dict(logs))


class Stops(Callback):
    """Ends the third epoch, and the training."""

    log = ()

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch == 2


CASES = {
    "plain": {},
    "in order": {"shuffle": False},
    "one batch": {"batch_size": 64},
    "no short batch": {"batch_size": 10},
    "validation": {"validation_split": 0.3},
    "validation of other rows": {"more": "validation_data", "validation_batch_size": 3},
    "weights": {"more": "class_weight", "validation_split": 0.3},
    "every third epoch": {"validation_split": 0.3, "validation_freq": 3},
    "listed epochs": {"validation_split": 0.3, "validation_freq": [1, 2, 3, 7, 12]},
    "part of an epoch": {"steps_per_epoch": 4},
    "all of an epoch": {"steps_per_epoch": 7},
    "part of the validation": {"more": "validation_data", "validation_steps": 1},
    "a later epoch": {"initial_epoch": 5},
    "epochs are looked at": {"callbacks": [Epochs], "validation_split": 0.3},
    "tests are looked at": {"callbacks": [Validations], "validation_split": 0.3},
    "stopped": {"callbacks": [Stops], "validation_split": 0.3},
}


@pytest.mark.parametrize("case", CASES)
def test_the_same_epochs(case):
    assert outcome(True, **CASES[case]) == outcome(False, **CASES[case])


def test_python_is_asked_once_for_many_epochs(calls):
    x, y = data(3)
    model = net(3, metrics=["accuracy"])
    history = fit(model, x, y, epochs=100, batch_size=10)
    assert calls == [1, 3, 99]  # what is left of the first epoch, then all others
    assert len(history["loss"]) == 100
    calls.clear()
    fit(model, x, y, epochs=100, batch_size=10, validation_split=0.2)
    assert calls[-1] == 99
    calls.clear()
    fit(model, x, y, epochs=21, batch_size=10, validation_split=0.2, validation_freq=10)
    assert [n for n in calls if n > 1] == [3, 9, 10]  # and the last one


def test_python_is_asked_for_each_epoch_that_somebody_looks_at(calls):
    x, y = data(3)
    stop = EarlyStopping("val_loss", patience=50, restore_best_weights=True)
    fit(net(3), x, y, epochs=30, batch_size=10, validation_split=0.2, callbacks=stop)
    assert calls[-29:] == [1] * 29  # each but the first is one replay, with its validation
    calls.clear()
    watched = LambdaCallback(on_epoch_begin=lambda *_: None, on_test_begin=lambda *_: None)
    fit(net(3), x, y, epochs=3, batch_size=10, validation_split=0.2, callbacks=watched)
    assert calls[-2:] == [1, 1]  # steps and validation, which somebody looks at


def test_long_epochs_are_run_step_by_step(monkeypatch):
    monkeypatch.setattr(scheduling, "RETURN_SECONDS", 1e-9)
    x, y = data(3)
    short = outcome(False, validation_split=0.3)
    monkeypatch.undo()
    assert short == outcome(False, validation_split=0.3)
    fit(net(3), x, y)


def test_more_epochs_than_the_log_has_room_for(calls):
    x, y = data(3)
    histories = []
    for eager in (True, False):
        model = net(3, run_eagerly=eager, metrics=["accuracy"])
        histories.append(fit(model, x, y, epochs=MAX_FUSED_EPOCHS + 9, batch_size=50))
    assert histories[0] == histories[1]
    assert calls == [1, MAX_FUSED_EPOCHS - 1, 8]


def test_the_learning_rate_of_each_epoch():
    x, y = data(3)
    outcomes = []
    for eager in (True, False):
        model = net(3, run_eagerly=eager)
        schedule = LearningRateScheduler(lambda epoch, rate: 0.9 * rate)
        outcomes.append((fit(model, x, y, epochs=6, callbacks=schedule), bits(model)))
    assert outcomes[0] == outcomes[1]


class Largest(metrics.BinaryAccuracy):
    """A metric that says that it may be recorded, and keeps more than Metric does."""

    recordable = True

    def reset_state(self):
        super().reset_state()
        self.since = time.perf_counter()

    def result(self):
        return float(self.since > 0)


def test_a_metric_with_memory_of_its_own():
    x, y = data()
    model = net(metrics=[Largest("own")])
    assert fit(model, x, y > 0, epochs=5)["own"] == [1.0] * 5


def test_a_metric_set_anew_between_epochs():
    x, y = data()
    metric = metrics.BinaryAccuracy(threshold=-100)
    model = net(metrics=[metric])
    change = LambdaCallback(on_epoch_end=lambda epoch, logs: setattr(metric, "threshold", 100))
    found = fit(model, x, y > 0, epochs=3, callbacks=change)["binary_accuracy"]
    share = (y > 0).mean()  # all predictions are above -100, none above 100
    assert found == pytest.approx([share, 1 - share, 1 - share])


def test_what_another_thread_stops_has_all_its_epochs_in_the_history():
    x, y = data(3)
    model = net(3)
    stopper = threading.Timer(0.2, lambda: setattr(model, "stop_training", True))
    stopper.start()
    history = fit(model, x, y, epochs=10**7, batch_size=10)
    assert model.optimizer.iterations == 5 * len(history["loss"])
    assert len(history["loss"]) > 5


def test_every_epoch_has_its_line(monkeypatch):
    x, y = data(3)
    stream = io.StringIO()
    monkeypatch.setattr(fit_module, "ProgressBar", lambda *a: ProgressBar(*a, stream=stream))
    net(3, metrics=["accuracy"]).fit(x, y, epochs=50, verbose=2, validation_split=0.2)
    lines = stream.getvalue().splitlines()
    assert [line[:11] for line in lines] == [f"Epoch {n:2}/50" for n in range(1, 51)]
    assert all("us/step - loss: " in s and " - val_accuracy: " in s for s in lines[1:])


def test_streams_are_asked_for_each_batch():
    x, y = data(3)
    batches = [(x[:20], y[:20]), (x[20:], y[20:])]
    history = fit(net(3), batches, epochs=4, validation_data=batches)
    assert np.shape(history["val_loss"]) == (4,)


# ---- what one might lose on the way --------------------------------------------------------------


def both(make, *args, **options):
    """What make(eager) gives, eagerly and recorded."""
    return [make(eager, *args, **options) for eager in (True, False)]


def test_a_metric_in_both_lists():
    def history(eager):
        x, y = data()
        metric = metrics.BinaryAccuracy("right")
        model = net(metrics=[metric], weighted_metrics=[metric], run_eagerly=eager)
        return fit(model, x, y > 0, epochs=5)

    eager, recorded = both(history)
    assert eager == recorded
    assert all(recorded["right"])


@pytest.mark.parametrize("validation", [0.0, 0.3])
def test_a_metric_ends_with_the_last_epoch(validation):
    x, y = data(3)
    metric = metrics.SparseCategoricalAccuracy("right")
    model = net(3, metrics=[metric])
    history = fit(model, x, y, epochs=30, validation_split=validation)
    assert metric.result() == history["val_right" if validation else "right"][-1]


def test_a_rate_set_by_the_validation_counts_from_the_next_epoch_on():
    """Epochs 1 to 3 are known as a whole when the validation of epoch 4 sets the rate: what is
    known by then must not run again, though the same shapes are recorded anew in between."""

    def outcome_of(eager):
        x, y = data(3)
        model, once = net(3, dropout=0.5, metrics=["accuracy"], run_eagerly=eager), []

        def change(logs):
            if not once:
                once.append(logs)
                model.layers[1].rate = 0.0

        options = {"epochs": 12, "batch_size": 10, "validation_split": 0.2, "validation_freq": 4}
        history = fit(model, x, y, callbacks=LambdaCallback(on_test_end=change), **options)
        return history, bits(model), model.optimizer.iterations

    eager, recorded = both(outcome_of)
    assert eager == recorded
    assert len(recorded[0]["val_loss"]) == 3


def test_a_metric_begun_anew_between_fits():
    def history(eager):
        x, y = data()
        metric = metrics.BinaryAccuracy("right")
        model = net(metrics=[metric], run_eagerly=eager)
        fit(model, x, y > 0, epochs=3)
        metric.__init__("right")
        return fit(model, x, y > 0, epochs=6, batch_size=10)

    eager, recorded = both(history)
    assert eager == recorded


class Late(Callback):
    """Begins to listen when the training does."""

    def on_train_begin(self, logs=None):
        self.seen = []
        self.on_epoch_end = lambda epoch, logs=None: self.seen.append(bits(self.model))


def test_hooks_of_an_object():
    def seen(eager, kind):
        x, y = data(3)
        model = net(3, run_eagerly=eager)
        if kind is Late:
            listener = Late()
        else:
            listener = History()
            listener.seen = []
            listener.on_epoch_begin = lambda epoch, logs=None: listener.seen.append(bits(model))
        fit(model, x, y, epochs=6, callbacks=listener)
        return listener.seen

    for kind in (Late, History):
        eager, recorded = both(seen, kind)
        assert eager == recorded
        assert len({str(weights) for weights in recorded}) == 6


def interrupt_replay(monkeypatch, number):
    """The number-th replay raises KeyboardInterrupt when it has run."""
    replay, count = _kernels.replay, [0]

    def interrupted(*arguments):
        replay(*arguments)
        count[0] += 1
        if count[0] == number:
            raise KeyboardInterrupt

    monkeypatch.setattr(_kernels, "replay", interrupted)


def test_an_interrupt_loses_no_epoch(monkeypatch):
    x, y = data(3)
    stream = io.StringIO()
    interrupt_replay(monkeypatch, 5)
    monkeypatch.setattr(fit_module, "ProgressBar", lambda *a: ProgressBar(*a, stream=stream))
    model = net(3, metrics=["accuracy"])
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, epochs=10**6, batch_size=10, validation_split=0.2, verbose=2)
    epochs = model.history.epoch
    assert epochs == list(range(len(epochs)))
    assert len(epochs) > 2
    assert model.optimizer.iterations == 4 * len(epochs)
    assert {len(values) for values in model.history.history.values()} == {len(epochs)}
    assert stream.getvalue().count("\n") == len(epochs)


def test_lines_are_written_before_a_validation_that_python_runs(monkeypatch):
    x, y = data(3)
    stream = io.StringIO()
    monkeypatch.setattr(fit_module, "ProgressBar", lambda *a: ProgressBar(*a, stream=stream))
    listener = LambdaCallback(on_test_begin=lambda logs: stream.write("test\n"))
    options = {"validation_split": 0.2, "validation_freq": 4, "verbose": 2}
    net(3).fit(x, y, epochs=8, callbacks=listener, **options)
    lines = ["test" if line == "test" else line[6] for line in stream.getvalue().splitlines()]
    assert lines == ["1", "2", "3", "test", "4", "5", "6", "7", "test", "8"]


def test_history_knows_no_epoch_that_other_callbacks_were_not_told_of(monkeypatch):
    x, y = data(3)
    told = []
    model = net(3)
    watching = [
        LearningRateScheduler(lambda epoch, rate: 0.01),
        LambdaCallback(on_epoch_end=lambda epoch, logs: told.append(epoch)),
    ]
    interrupt_replay(monkeypatch, 5)
    with pytest.raises(KeyboardInterrupt):
        fit(model, x, y, epochs=10**6, callbacks=watching)
    assert model.history.epoch == told
    assert {len(values) for values in model.history.history.values()} == {len(told)}


@pytest.mark.parametrize("late", ["_take", "_validate_if_due"])
def test_an_interrupt_while_an_epoch_is_told_loses_none(late, monkeypatch):
    x, y = data(3)
    model = net(3)
    method = getattr(TrainingLoop, late)

    def interrupted(self, finished):
        method(self, finished)
        if self._epoch == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(TrainingLoop, late, interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit(model, x, y, epochs=50, batch_size=10)
    epochs = model.history.epoch
    assert epochs == list(range(len(epochs)))
    assert len(epochs) >= 4
    assert model.optimizer.iterations == len(epochs) * -(-len(x) // 10)


def test_an_interrupt_once_history_was_told_tells_it_no_second_time(monkeypatch):
    x, y = data(3)
    model = net(3)
    record = CallbackList._record_epoch

    def interrupted(self, epoch, logs, late=False):
        record(self, epoch, logs, late)
        if epoch == 3:
            monkeypatch.undo()
            raise KeyboardInterrupt

    monkeypatch.setattr(CallbackList, "_record_epoch", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fit(model, x, y, epochs=50, batch_size=10)
    epochs = model.history.epoch
    assert epochs == list(range(len(epochs)))
    assert len(epochs) >= 4


@pytest.mark.parametrize("number", range(6, 12))
def test_history_knows_no_epoch_whose_validation_did_not_run(number, monkeypatch):
    x, y = data(3)
    model = net(3)
    tests = LambdaCallback(on_test_begin=lambda *_: None)  # so that Python validates
    interrupt_replay(monkeypatch, number)
    with pytest.raises(KeyboardInterrupt):
        fit(model, x, y, epochs=50, batch_size=40, validation_data=(x, y), callbacks=tests)
    found = model.history
    assert found.epoch
    assert {len(values) for values in found.history.values()} == {len(found.epoch)}
