"""A deep network of residual blocks on a table, made by functions, with a summary of its layers."""

import numpy as np

import corereg as keras
from corereg import layers, regularizers

rng = np.random.default_rng(61)
x = rng.normal(size=(500, 10)).astype("float32")
y = (np.sin(x[:, 0] * 2) + x[:, 1] * x[:, 2]).astype("float32")


def residual_block(x, units, dropout_rate, weight_decay):
    shortcut = x
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.Dense(units, kernel_regularizer=regularizers.l2(weight_decay))(x)
    x = layers.Dropout(dropout_rate)(x)
    x = layers.Dense(units, kernel_regularizer=regularizers.l2(weight_decay))(x)
    if shortcut.shape[-1] != units:
        shortcut = layers.Dense(units, use_bias=False)(shortcut)
    return layers.add([shortcut, x])


inputs = keras.Input(shape=(10,), name="table")
features = layers.Dense(24)(inputs)
for units in (24, 24, 16):
    features = residual_block(features, units, 0.1, 1e-4)
outputs = layers.Dense(1, name="target")(layers.ReLU()(features))
model = keras.Model(inputs, outputs, name="residual_mlp")
lines = []
model.summary(print_fn=lambda line, *_, **__: lines.append(str(line)))
print(len(model.layers), "layers,", model.count_params(), "parameters,", len(lines), "lines")
model.compile(keras.optimizers.Adam(0.005), loss=keras.losses.Huber(), metrics=["mae"])
history = model.fit(x, y, validation_split=0.2, epochs=20, batch_size=50, verbose=0)
print(round(history.history["val_mae"][-1], 3), "of", round(float(np.abs(y).mean()), 3))
assert sum("batch_normalization" in line for line in lines) >= 3
assert history.history["val_mae"][-1] < 0.85 * np.abs(y - y.mean()).mean()
assert history.history["loss"][-1] < history.history["loss"][0] / 2
