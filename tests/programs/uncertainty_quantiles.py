"""Quantile regression by closures as losses, and a Gaussian likelihood with two outputs."""

import numpy as np

import corereg as keras
from corereg import layers, ops

rng = np.random.default_rng(0)
x = rng.uniform(0, 1, size=(500, 1))
y = 2 * x + rng.normal(size=(500, 1)) * (0.1 + x)


def quantile_loss(q):
    def loss(y_true, y_pred):
        e = y_true - y_pred
        return ops.mean(ops.maximum(q * e, (q - 1) * e), axis=-1)

    return loss


inputs = keras.Input(shape=(1,))
hidden = layers.Dense(20, activation="relu")(inputs)
outputs = {f"q{int(q * 100)}": layers.Dense(1)(hidden) for q in (0.1, 0.5, 0.9)}
model = keras.Model(inputs, outputs)
model.compile("adam", loss={name: quantile_loss(int(name[1:]) / 100) for name in outputs})
model.optimizer.learning_rate = 0.02
model.fit(x, dict.fromkeys(outputs, y), epochs=30, verbose=0)
quantiles = model.predict(x, verbose=0)
below = {name: float(np.mean(y < values)) for name, values in quantiles.items()}
print(below)
assert below["q10"] < 0.25 < 0.35 < below["q50"] < 0.65 < 0.75 < below["q90"]


def negative_log_likelihood(y_true, y_pred):
    mean, log_std = y_pred[:, :1], y_pred[:, 1:]
    return ops.mean(log_std + 0.5 * ops.square((y_true - mean) * ops.exp(-log_std)), axis=-1)


model = keras.Sequential([keras.Input((1,)), layers.Dense(20, "tanh"), layers.Dense(2)])
model.compile(keras.optimizers.Adam(0.02), negative_log_likelihood)
model.fit(x, y, epochs=30, verbose=0)
spread = np.exp(model.predict(np.array([[0.05], [0.95]]), verbose=0)[:, 1])
print("standard deviations at both ends", spread)
assert spread[1] > 2 * spread[0]
