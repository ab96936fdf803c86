"""Monte Carlo dropout: many predictions with training=True, and a layer that is always on."""

import numpy as np

import corereg as keras
from corereg.datasets import load_digits

X, y = load_digits()
X = X / 16


class MCDropout(keras.layers.Dropout):
    def call(self, inputs, training=None):
        return super().call(inputs, training=True)


keras.utils.set_random_seed(42)
model = keras.models.Sequential(
    [
        keras.layers.Input((64,)),
        keras.layers.Dropout(rate=0.2),
        keras.layers.Dense(50, activation="relu", kernel_initializer="he_normal"),
        keras.layers.Dropout(rate=0.2),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(loss="sparse_categorical_crossentropy", optimizer="nadam", metrics=["accuracy"])
model.fit(X[:1000], y[:1000], epochs=8, verbose=0)
y_probas = np.stack([model(X[1000:1050], training=True) for sample in range(30)])
y_proba, y_std = y_probas.mean(axis=0), y_probas.std(axis=0)
print(y_proba[0].round(2), y_std[0].round(2))
assert y_std.max() > 0.01

mc_model = keras.models.Sequential(
    [
        MCDropout(layer.rate) if isinstance(layer, keras.layers.Dropout) else layer
        for layer in model.layers
    ]
)
mc_model.set_weights(model.get_weights())
again = np.mean([mc_model.predict(X[1000:1050], verbose=0) for sample in range(30)], axis=0)
print("accuracy", np.mean(again.argmax(axis=1) == y[1000:1050]))
assert np.abs(again - y_proba).max() < 0.4
assert np.mean(again.argmax(axis=1) == y[1000:1050]) > 0.8
