"""Callbacks of real runs: the order of hooks, stopping, tests in the middle of an epoch."""

from __future__ import annotations

import pytest
from small import data, fit, net

from corereg import metrics
from corereg.callbacks import Callback

HOOKS = {
    "fit": [
        *("train_begin", "epoch_begin 0"),
        *("train_batch_begin 0", "train_batch_end 0 loss mae"),
        *("train_batch_begin 1", "train_batch_end 1 loss mae", "test_begin"),
        *("test_batch_begin 0", "test_batch_end 0 loss mae", "test_end loss mae"),
        *("epoch_end 0 loss mae val_loss val_mae", "train_end loss mae val_loss val_mae"),
    ],
    "evaluate": [
        *("test_begin", "test_batch_begin 0", "test_batch_end 0 loss mae"),
        *("test_batch_begin 1", "test_batch_end 1 loss mae", "test_end loss mae"),
    ],
    "predict": [
        *("predict_begin", "predict_batch_begin 0", "predict_batch_end 0 outputs"),
        *("predict_batch_begin 1", "predict_batch_end 1 outputs", "predict_end"),
    ],
}
"""As Keras calls them, with the names in the logs."""


class Record(Callback):
    def __init__(self):
        self.seen = []


def _hook(name):
    def hook(self, *args, logs=None):
        number = [str(value) for value in args if isinstance(value, int)]
        logs = logs or next((value for value in args if isinstance(value, dict)), {})
        names = [key for key in sorted(logs) if not key.endswith("penalty")]
        self.seen.append(" ".join([name, *number, *names]))

    return hook


for _name in ("train", "test", "predict", "epoch", "train_batch", "test_batch", "predict_batch"):
    for _end in ("begin", "end"):
        setattr(Record, f"on_{_name}_{_end}", _hook(f"{_name}_{_end}"))


@pytest.mark.parametrize("run", HOOKS)
def test_hooks_come_in_the_order_of_keras(run):
    x, y = data()
    record, model = Record(), net(metrics=["mae"])
    if run == "predict":
        model.predict(x, batch_size=25, verbose=0, callbacks=record)
    elif run == "evaluate":
        model.evaluate(x, y, batch_size=25, verbose=0, callbacks=[record])
    else:
        options = {"validation_data": (x, y), "validation_batch_size": 50}
        model.fit(x, y, batch_size=25, verbose=0, callbacks=[[record]], **options)
    assert record.seen == HOOKS[run]
    assert record.params == {"epochs": 1, "steps": 2, "verbose": 0}


class Stop(Callback):
    def on_test_batch_end(self, batch, logs=None):
        self.model.stop_evaluating = batch == 1

    def on_predict_batch_end(self, batch, logs=None):
        self.model.stop_predicting = batch == 1


def test_evaluate_and_predict_can_be_stopped():
    x, y = data()
    model = net()
    seen = Record()
    whole = model.predict(x, verbose=0)
    assert model.stop_predicting is model.stop_evaluating is False
    found = model.predict(x, batch_size=5, verbose=0, callbacks=[Stop(), seen])
    assert found.tobytes() == whole[:10].tobytes()
    assert model.stop_predicting is True
    found = model.evaluate(x, y, batch_size=5, verbose=0, callbacks=[Stop(), seen])
    assert model.stop_evaluating is True
    assert found == pytest.approx(model.evaluate(x[:10], y[:10], verbose=0))
    assert len(seen.seen) == 12
    assert model.predict(x, batch_size=5, verbose=0).shape == (50, 1)  # the next run is whole
    assert model.stop_predicting is False
    history = fit(model, x, y, validation_data=(x, y), validation_batch_size=5, callbacks=Stop())
    assert "val_loss" in history


class Rows(metrics.Metric):
    """Counts rows in a plain attribute."""

    def __init__(self):
        super().__init__(name="rows")
        self.count, self.batches = 0, []

    def reset_state(self):
        self.count, self.batches = 0, []

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.count += len(y_true)
        self.batches.append(len(y_true))

    def result(self):
        return float(self.count + 1000 * len(self.batches))


class TestsWithin(Callback):
    def on_train_batch_begin(self, batch, logs=None):
        self.model.evaluate(*self.data, verbose=0)

    def on_train_batch_end(self, batch, logs=None):
        self.model.test_on_batch(*self.data)

    def on_test_batch_end(self, batch, logs=None):
        if not self.inside:
            self.inside = True
            self.model.evaluate(*self.data, verbose=0)
            self.inside = False

    inside = False


@pytest.mark.parametrize("eagerly", [False, True])
@pytest.mark.parametrize("kind", ["of kernels", "of variables", "of Python"])
def test_a_test_in_the_middle_of_an_epoch_leaves_the_metrics_alone(kind, eagerly):
    x, y = data(3)
    made = {
        "of kernels": lambda: ["accuracy", "sparse_categorical_crossentropy"],
        "of variables": lambda: [metrics.MeanIoU(3, sparse_y_pred=False), "accuracy"],
        "of Python": lambda: [Rows()],
    }[kind]
    TestsWithin.data = x[:7], y[:7]
    histories = []
    for callbacks in (None, TestsWithin()):
        model = net(3, metrics=made(), weighted_metrics=made(), dropout=0.1, run_eagerly=eagerly)
        options = {"validation_data": (x, y), "callbacks": callbacks}
        histories.append(fit(model, x, y, epochs=2, batch_size=20, **options))
    assert histories[0] == histories[1]
