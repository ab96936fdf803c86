"""Precision, recall, F1 and R squared as functions of tensors, as many forum answers have them, and
a metric as a class."""

import numpy as np

import corereg as keras
from corereg import layers, ops

rng = np.random.default_rng(12)
x = rng.normal(size=(400, 5)).astype("float32")
y = (x @ [1.0, -1.0, 0.5, 0.0, 0.0] + 0.3 * rng.normal(size=400)).astype("float32").reshape(-1, 1)


def coeff_determination(y_true, y_pred):
    ss_res = ops.sum(ops.square(y_true - y_pred))
    ss_tot = ops.sum(ops.square(y_true - ops.mean(y_true)))
    return 1 - ss_res / (ss_tot + keras.backend.epsilon())


def rmse(y_true, y_pred):
    return ops.sqrt(ops.mean(ops.square(y_pred - y_true), axis=-1))


model = keras.Sequential([layers.Input((5,)), layers.Dense(16, "relu"), layers.Dense(1)])
model.compile(keras.optimizers.Adam(0.01), "mse", metrics=[coeff_determination, rmse, "r2_score"])
history = model.fit(x, y, epochs=15, batch_size=50, validation_split=0.25, verbose=0)
print({name: round(values[-1], 3) for name, values in history.history.items()})
assert history.history["val_coeff_determination"][-1] > 0.7
assert history.history["val_r2_score"][-1] > 0.7


def recall_m(y_true, y_pred):
    true_positives = ops.sum(ops.round(ops.clip(y_true * y_pred, 0, 1)))
    possible_positives = ops.sum(ops.round(ops.clip(y_true, 0, 1)))
    return true_positives / (possible_positives + keras.backend.epsilon())


def precision_m(y_true, y_pred):
    true_positives = ops.sum(ops.round(ops.clip(y_true * y_pred, 0, 1)))
    predicted_positives = ops.sum(ops.round(ops.clip(y_pred, 0, 1)))
    return true_positives / (predicted_positives + keras.backend.epsilon())


def f1_m(y_true, y_pred):
    precision, recall = precision_m(y_true, y_pred), recall_m(y_true, y_pred)
    return 2 * ((precision * recall) / (precision + recall + keras.backend.epsilon()))


class TruePositives(keras.metrics.Metric):
    def __init__(self, name="own_true_positives", **kwargs):
        super().__init__(name=name, **kwargs)
        self.true_positives = self.add_weight(name="tp", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        values = ops.logical_and(ops.equal(y_true, 1.0), ops.greater(y_pred, 0.5))
        self.true_positives.assign_add(ops.sum(ops.cast(values, "float32")))

    def result(self):
        return self.true_positives

    def reset_state(self):
        self.true_positives.assign(0.0)


labels = (y > 0).astype("float32")
model = keras.Sequential([layers.Input((5,)), layers.Dense(1, activation="sigmoid")])
model.compile(
    optimizer=keras.optimizers.Adam(0.05),
    loss="binary_crossentropy",
    metrics=["acc", f1_m, precision_m, recall_m, TruePositives()],
)
model.fit(x, labels, epochs=10, verbose=0)
loss, accuracy, f1_score, precision, recall, count = model.evaluate(
    x, labels, batch_size=400, verbose=0
)
print(f"accuracy {accuracy:.3f}, F1 {f1_score:.3f}, {count:.0f} found of {labels.sum():.0f}")
assert np.isclose(recall, count / labels.sum(), atol=1e-4)
assert np.isclose(f1_score, 2 * precision * recall / (precision + recall), atol=1e-4)
