"""Wrong labels: smoothing, a loss that trusts the model a little, weights of rows, and early
stopping, beside plain training."""

import numpy as np

import corereg as keras
from corereg import layers, ops
from corereg.datasets import load_digits

x, y = load_digits()
x = x / 16
rng = np.random.default_rng(3)
train_x, test_x, clean, test_y = x[:700], x[700:1300], y[:700], y[700:1300]
noisy = np.where(rng.random(700) < 0.3, rng.integers(0, 10, 700), clean)
one_hot = keras.utils.to_categorical(noisy, 10)


class BootstrappedCrossentropy(keras.losses.Loss):
    def __init__(self, beta=0.8, name="bootstrapped"):
        super().__init__(name=name)
        self.beta = beta

    def call(self, y_true, y_pred):
        y_pred = ops.clip(y_pred, 1e-7, 1.0)
        mixed = self.beta * y_true + (1 - self.beta) * ops.stop_gradient(y_pred)
        return -ops.sum(mixed * ops.log(y_pred), axis=-1)


def accuracy(loss, **options):
    model = keras.Sequential(
        [
            layers.Input((64,)),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.005), loss, metrics=["accuracy"])
    model.fit(train_x, one_hot, batch_size=50, verbose=0, **{"epochs": 25, **options})
    return model.evaluate(test_x, keras.utils.to_categorical(test_y), verbose=0)[1]


smoothed = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)
stop = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
found = {
    "plain": accuracy("categorical_crossentropy"),
    "smoothing": accuracy(smoothed),
    "bootstrap": accuracy(BootstrappedCrossentropy(0.7)),
    "known rows": accuracy("categorical_crossentropy", sample_weight=(noisy == clean) + 0.05),
    "stopping": accuracy("categorical_crossentropy", validation_split=0.2, callbacks=[stop]),
}
print({name: round(value, 3) for name, value in found.items()})
assert found["known rows"] > found["plain"] + 0.03
assert max(found["smoothing"], found["bootstrap"], found["stopping"]) > found["plain"]
