"""A mean and a variance for each row: two outputs joined, a loss of one's own, and how many rows
lie in the interval."""

import numpy as np

import corereg as keras
from corereg import layers, ops

rng = np.random.default_rng(77)
x = rng.uniform(-1, 1, size=(900, 1)).astype("float32")
noise = 0.05 + 0.3 * (x > 0)
y = (np.sin(3 * x) + noise * rng.normal(size=x.shape)).astype("float32")

inputs = keras.Input((1,))
hidden = layers.Dense(32, activation="relu")(inputs)
hidden = layers.Dense(32, activation="relu")(hidden)
mean = layers.Dense(1, name="mean")(hidden)
variance = layers.Dense(1, activation="softplus", name="variance")(hidden)
model = keras.Model(inputs, layers.Concatenate()([mean, variance]))


@keras.saving.register_keras_serializable()
def negative_log_likelihood(y_true, y_pred):
    mu, var = y_pred[:, 0:1], y_pred[:, 1:2] + 1e-4
    return ops.mean(0.5 * (ops.log(var) + ops.square(y_true - mu) / var), axis=-1)


def mean_error(y_true, y_pred):
    return ops.abs(y_true - y_pred[:, 0:1])


model.compile(keras.optimizers.Adam(0.01), negative_log_likelihood, metrics=[mean_error])
history = model.fit(x, y, epochs=40, batch_size=64, validation_split=0.2, verbose=0)
mu, var = np.split(model.predict(x, verbose=0), 2, axis=1)
inside = np.abs(y - mu) < 1.96 * np.sqrt(var)
left, right = np.sqrt(var[x < 0]).mean(), np.sqrt(var[x > 0]).mean()
print(f"{inside.mean():.2f} inside; deviation {left:.2f} and {right:.2f}")
print({name: round(values[-1], 3) for name, values in history.history.items()})
assert 0.85 < inside.mean() < 1
assert right > 2 * left
