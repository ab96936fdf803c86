"""Rates that go down: by a schedule, by steps of epochs, when nothing improves."""

import math

import numpy as np

import corereg as keras
from corereg.callbacks import Callback, LearningRateScheduler, ReduceLROnPlateau
from corereg.layers import Dense
from corereg.models import Sequential
from corereg.optimizers import SGD

rng = np.random.default_rng(7)
X = rng.normal(size=(300, 34))
Y = (X[:, :5].sum(axis=1) > 0).astype(int)


def create_model(sgd):
    model = Sequential()
    model.add(Dense(34, input_shape=(34,), activation="relu"))
    model.add(Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer=sgd, metrics=["accuracy"])
    return model


class LearningRateMonitor(Callback):
    def on_train_begin(self, logs=None):
        self.lrates = []

    def on_epoch_end(self, epoch, logs=None):
        self.lrates.append(float(np.array(self.model.optimizer.learning_rate)))


def step_decay(epoch):
    initial_lrate, drop, epochs_drop = 0.1, 0.5, 5.0
    return initial_lrate * math.pow(drop, math.floor((1 + epoch) / epochs_drop))


epochs, learning_rate = 15, 0.1
decay = keras.optimizers.schedules.InverseTimeDecay(learning_rate, 1, learning_rate / epochs)
rates = {}
for name, rate, callbacks in (
    ("time", decay, []),
    ("steps", 0.0, [LearningRateScheduler(step_decay)]),
    (
        "plateau",
        0.1,
        [ReduceLROnPlateau(monitor="val_loss", factor=0.1, patience=1, min_delta=0.1)],
    ),
):
    model = create_model(SGD(learning_rate=rate, momentum=0.8, nesterov=False))
    monitor = LearningRateMonitor()
    history = model.fit(
        X,
        Y,
        validation_split=0.33,
        epochs=epochs,
        batch_size=28,
        callbacks=[*callbacks, monitor],
        verbose=0,
    )
    rates[name] = monitor.lrates
    print(name, np.round(monitor.lrates[::5], 4), history.history["val_accuracy"][-1])
    assert history.history["val_accuracy"][-1] > 0.6
assert np.isclose(rates["time"][-1], 0.1 / (1 + 0.1 / 15 * 15 * 8))
assert np.allclose(rates["steps"][3:5], [0.1, 0.05])
assert rates["plateau"][-1] < 0.1
