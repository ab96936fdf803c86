"""Windows of a time series: a baseline, a linear and a dense model, several steps at once, and a
network that predicts the difference, as in the tutorial on time series."""

import numpy as np

import corereg as keras
from corereg import ops

hours = np.arange(700)
rng = np.random.default_rng(9)
series = np.sin(2 * np.pi * hours / 24) + 0.5 * np.sin(2 * np.pi * hours / 7)
data = np.stack([series + rng.normal(scale=0.05, size=700), np.cos(2 * np.pi * hours / 24)], axis=1)
train_df, val_df = data[:500].astype("float32"), data[500:].astype("float32")


def windows(values, input_width, label_width):
    total = input_width + label_width
    rows = np.lib.stride_tricks.sliding_window_view(values, total, axis=0).transpose(0, 2, 1)
    return rows[:, :input_width], rows[:, input_width:, :1]


class Baseline(keras.Model):
    """Says that nothing changes."""

    def call(self, inputs):
        return inputs[:, -1:, :1]


class ResidualWrapper(keras.Model):
    """Adds what the model inside says to the last value."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def call(self, inputs, training=None):
        return inputs[:, -1:, :1] + self.model(inputs, training=training)


def compile_and_fit(model, width, steps=1, epochs=10):
    model.compile(
        loss=keras.losses.MeanSquaredError(),
        optimizer=keras.optimizers.Adam(0.01),
        metrics=[keras.metrics.MeanAbsoluteError()],
    )
    stop = keras.callbacks.EarlyStopping(monitor="val_loss", patience=2, mode="min")
    validation = windows(val_df, width, steps)
    model.fit(
        *windows(train_df, width, steps),
        epochs=epochs,
        validation_data=validation,
        callbacks=[stop],
        verbose=0,
    )
    return model.evaluate(*validation, verbose=0, return_dict=True)["mean_absolute_error"]


layers = keras.layers
performance = {}
baseline = Baseline()
baseline.compile(loss="mse", metrics=["mae"])
performance["Baseline"] = baseline.evaluate(*windows(val_df, 1, 1), verbose=0, return_dict=True)[
    "mae"
]
dense = keras.Sequential(
    [
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(1),
        layers.Reshape([1, -1]),
    ]
)
performance["Dense"] = compile_and_fit(dense, 24)
multi_step = keras.Sequential(
    [
        layers.Lambda(lambda x: x[:, -12:, :]),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(6, kernel_initializer="zeros"),
        layers.Reshape([6, 1]),
    ]
)
performance["Multi step"] = compile_and_fit(multi_step, 24, steps=6)
residual = ResidualWrapper(
    keras.Sequential(
        [
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, kernel_initializer=keras.initializers.zeros()),
            layers.Reshape([1, 1]),
        ]
    )
)
performance["Residual"] = compile_and_fit(residual, 24)
for name, value in performance.items():
    print(f"{name:12s}: {value:0.4f}")
assert performance["Dense"] < performance["Baseline"]
assert performance["Residual"] < performance["Baseline"]
x, y = windows(val_df, 24, 6)
assert ops.shape(multi_step(x[:5])) == (5, 6, 1)
