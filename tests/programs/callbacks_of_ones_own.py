"""Callbacks as forum answers write them: stop at an accuracy, remember every batch, log a
validation of one's own, keep the best weights by hand, measure time."""

import time

import numpy as np

import corereg as keras
from corereg import layers

rng = np.random.default_rng(30)
x = rng.normal(size=(320, 4)).astype("float32")
y = (x.sum(axis=1) > 0).astype("float32")


class StopAtAccuracy(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs={}):  # noqa: B006
        if logs.get("accuracy") is not None and logs.get("accuracy") > 0.95:
            print("\nReached 95% accuracy so cancelling training!")
            self.model.stop_training = True


class LossHistory(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        self.losses, self.times = [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_batch_end(self, batch, logs=None):
        self.losses.append(logs.get("loss"))

    def on_epoch_end(self, epoch, logs=None):
        self.times.append(time.perf_counter() - self.began)


class IntervalEvaluation(keras.callbacks.Callback):
    def __init__(self, validation_data, interval=2):
        super().__init__()
        self.interval = interval
        self.X_val, self.y_val = validation_data
        self.scores = []

    def on_epoch_end(self, epoch, logs=None):
        if epoch % self.interval == 0:
            y_pred = self.model.predict(self.X_val, verbose=0)[:, 0]
            positive, negative = y_pred[self.y_val == 1], y_pred[self.y_val == 0]
            self.scores.append(np.mean(positive[:, None] > negative[None, :]))


class BestWeights(keras.callbacks.Callback):
    best, weights = np.inf, None

    def on_epoch_end(self, epoch, logs=None):
        if logs["val_loss"] < self.best:
            self.best, self.weights = logs["val_loss"], self.model.get_weights()

    def on_train_end(self, logs=None):
        self.model.set_weights(self.weights)


model = keras.Sequential([layers.Input((4,)), layers.Dense(8, "relu"), layers.Dense(1, "sigmoid")])
model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
history, interval, best = LossHistory(), IntervalEvaluation((x[240:], y[240:])), BestWeights()
record = model.fit(
    x[:240],
    y[:240],
    epochs=60,
    batch_size=16,
    validation_data=(x[240:], y[240:]),
    callbacks=[StopAtAccuracy(), history, interval, best],
    verbose=0,
)
print(len(record.epoch), "epochs,", len(history.losses), "batches, ROC AUC", interval.scores[-1])
assert len(record.epoch) < 60
assert len(history.losses) == 15 * len(record.epoch)
assert len(history.times) == len(record.epoch)
assert interval.scores[-1] > interval.scores[0]
assert np.isclose(model.evaluate(x[240:], y[240:], verbose=0)[0], best.best, atol=1e-5)
