"""Fuel efficiency: a normalizer adapted to one column and to all, a linear and a deep model."""

import numpy as np

import corereg as keras
from corereg import layers

rng = np.random.default_rng(0)
horsepower = rng.uniform(50, 220, (300, 1))
weight = rng.uniform(1600, 5000, (300, 1))
train_features = np.column_stack([horsepower, weight, rng.integers(70, 83, (300, 1))])
train_labels = 45 - 0.06 * horsepower - 0.004 * weight + rng.normal(scale=0.5, size=(300, 1))

horsepower_normalizer = layers.Normalization(input_shape=[1], axis=None)
horsepower_normalizer.adapt(horsepower)
horsepower_model = keras.Sequential([horsepower_normalizer, layers.Dense(units=1)])
horsepower_model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.5), loss="mean_absolute_error"
)
history = horsepower_model.fit(horsepower, train_labels, epochs=40, verbose=0, validation_split=0.2)
x = np.linspace(0.0, 250, 251).reshape(-1, 1)
y = horsepower_model.predict(x, verbose=0)

normalizer = layers.Normalization(axis=-1)
normalizer.adapt(np.array(train_features))
print(normalizer.mean.numpy().round(1))
linear_model = keras.Sequential([normalizer, layers.Dense(units=1)])
linear_model.compile(optimizer=keras.optimizers.Adam(0.3), loss="mean_absolute_error")
linear_model.fit(train_features, train_labels, epochs=60, verbose=0, validation_split=0.2)
one = history.history["val_loss"][-1]
all_columns = linear_model.evaluate(train_features, train_labels, verbose=0)
print(f"one column {one:.3f}, all columns {all_columns:.3f}")
assert y.shape == (251, 1)
assert all_columns < one
assert linear_model.layers[1].kernel.shape == (3, 1)
