"""Learning rates: step decay by LearningRateScheduler, a callback that sets it, a plateau."""

import math

import numpy as np

import corereg as keras
from corereg.callbacks import LearningRateScheduler, ReduceLROnPlateau

rng = np.random.default_rng(1)
X = rng.normal(size=(351, 34))
Y = (X[:, 0] > 0).astype("float64")


def step_decay(epoch):
    initial_lrate = 0.1
    drop = 0.5
    epochs_drop = 10.0
    return initial_lrate * math.pow(drop, math.floor((1 + epoch) / epochs_drop))


def keep(epoch, lr):
    return lr if epoch < 2 else lr * math.exp(-0.1)


class CustomLearningRateScheduler(keras.callbacks.Callback):
    def __init__(self, schedule):
        super().__init__()
        self.schedule = schedule

    def on_epoch_begin(self, epoch, logs=None):
        if not hasattr(self.model.optimizer, "learning_rate"):
            raise ValueError('Optimizer must have a "learning_rate" attribute.')
        lr = self.model.optimizer.learning_rate
        self.model.optimizer.learning_rate = self.schedule(epoch, float(lr))


rates = {}
for name, callback in {
    "steps": LearningRateScheduler(step_decay),
    "exp": LearningRateScheduler(keep, verbose=1),
    "own": CustomLearningRateScheduler(lambda epoch, lr: 0.1 / (epoch + 1)),
    "plateau": ReduceLROnPlateau(monitor="loss", factor=0.2, patience=1, min_delta=10, min_lr=1e-4),
}.items():
    model = keras.Sequential()
    model.add(keras.layers.Dense(34, input_shape=(34,), activation="relu"))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    sgd = keras.optimizers.SGD(learning_rate=0.1, momentum=0.9)
    model.compile(loss="binary_crossentropy", optimizer=sgd, metrics=["accuracy"])
    history = model.fit(
        X, Y, validation_split=0.33, epochs=20, batch_size=28, callbacks=[callback], verbose=0
    )
    rates[name] = float(model.optimizer.learning_rate)
    print(name, rates[name], history.history.get("learning_rate", [None])[-1])
assert np.isclose(rates["steps"], 0.1 * 0.25)
assert np.isclose(rates["exp"], 0.1 * math.exp(-1.8))
assert np.isclose(rates["own"], 0.1 / 20)
assert np.isclose(rates["plateau"], 1e-4)
