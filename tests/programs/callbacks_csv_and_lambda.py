"""Logs in a CSV file and lines printed by a LambdaCallback."""

import csv
import os
import tempfile

import numpy as np

import corereg as keras

x = np.linspace(-1, 1, 100).reshape(-1, 1)
y = 3 * x + 2
model = keras.Sequential([keras.layers.Dense(1, input_shape=(1,))])
model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mean_squared_error", metrics=["mse"])
biases = []
watch = keras.callbacks.LambdaCallback(
    on_epoch_end=lambda epoch, logs: biases.append(float(model.layers[0].bias.numpy()[0]))
)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "training.log")
    csv_logger = keras.callbacks.CSVLogger(path, separator=",", append=False)
    model.fit(x, y, epochs=30, verbose=0, callbacks=[csv_logger, watch])
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
weight, bias = model.layers[0].get_weights()
print(f"y = {weight[0, 0]:.2f} x + {bias[0]:.2f} after {len(rows)} epochs")
assert list(rows[0])[:3] == ["epoch", "loss", "mse"]
assert np.isclose(weight[0, 0], 3, atol=0.05)
assert np.isclose(bias[0], 2, atol=0.05)
assert len(biases) == 30
