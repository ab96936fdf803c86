"""A small driver for the tests of callbacks: what `fit` does around a fake model."""

from __future__ import annotations

import numpy as np

from corereg.callbacks import CallbackList


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
    """What `fit` does around the training itself; returns the History.

    batch_losses: those of the two or more batches of each epoch; None: two of the epoch's loss.
    """
    steps = 2 if batch_losses is None else len(batch_losses)
    run = CallbackList(objects, add_history=True, model=model, steps=steps)
    model.stop_training = False
    run.on_train_begin()
    for epoch, logs in enumerate(epochs_logs, initial_epoch):
        run.on_epoch_begin(epoch)
        for batch, loss in enumerate(batch_losses or [logs["loss"]] * 2):
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
