"""Small data and a small network, for the tests of training."""

from __future__ import annotations

import contextlib
import copy
import threading

import numpy as np

import corereg
from corereg import layers
from corereg.callbacks import Callback
from corereg.models import Sequential
from corereg.training import fit as fit_module

ROWS = 50


def data(classes=0, dtype="float32"):
    """x (50, 6) and y: integer labels, or a column of numbers for classes=0."""
    rng = np.random.default_rng(4)
    x = rng.standard_normal((ROWS, 6)).astype(dtype)
    return x, (rng.integers(0, classes, ROWS) if classes else x @ rng.standard_normal((6, 1)))


def net(classes=0, optimizer="adam", dropout=0.0, **options):
    corereg.set_random_seed(11)
    last = layers.Dense(classes or 1, activation="softmax" if classes else None)
    first = layers.Dense(5, activation="relu", input_dim=6, kernel_regularizer="l2")
    model = Sequential([first, layers.Dropout(dropout), last])
    model.compile(optimizer, "sparse_categorical_crossentropy" if classes else "mse", **options)
    return model


def fit(model, *args, **options):
    """The history of a fit, the same batches at each call."""
    corereg.set_random_seed(12)
    return model.fit(*args, verbose=0, **options).history


def bits(model):
    return [w.tobytes() for w in model.get_weights()]


def watched(monkeypatch):
    """The rows of each training step that Python will run, in order."""
    taken = []
    step = fit_module.train_step
    monkeypatch.setattr(
        fit_module,
        "train_step",
        lambda model, sums, batch: taken.append(batch.rows) or step(model, sums, batch),
    )
    return taken


@contextlib.contextmanager
def held_fit(model, x, y):
    """Trains in another thread, which waits at its first epoch until the body has ended."""
    inside, go_on = threading.Event(), threading.Event()

    class Wait(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            inside.set()
            assert go_on.wait(10)

    trainer = threading.Thread(
        target=model.fit, args=(x, y), kwargs={"callbacks": Wait(), "verbose": 0}
    )
    trainer.start()
    try:
        assert inside.wait(10)
        yield
    finally:
        go_on.set()
        trainer.join(10)


def snapshot(model):
    """All that bad input must not change."""
    return (
        [w.tobytes() for w in model.get_weights()],
        [a.tobytes() for a in model.optimizer.state],
        model.optimizer.iterations,
        model.history,
        copy.deepcopy(model.history and model.history.history),
        [str(layer.random_state) for layer in model.layers],
        model.built,
        corereg.random.get_state(),
        model._trainer.row_order.passes.item(),
        *(model.optimizer, model.loss),
    )
