"""A deep self-normalizing network: selu, lecun_normal and AlphaDropout."""

import numpy as np

import corereg as keras
from corereg.datasets import load_digits

X, y = load_digits()
pixel_means = X.mean(axis=0, keepdims=True)
pixel_stds = X.std(axis=0, keepdims=True) + 1e-6
X = (X - pixel_means) / pixel_stds
model = keras.models.Sequential()
model.add(keras.layers.Input(shape=[64]))
for layer in range(8):
    model.add(keras.layers.Dense(32, activation="selu", kernel_initializer="lecun_normal"))
model.add(keras.layers.AlphaDropout(rate=0.1))
model.add(keras.layers.Dense(10, activation="softmax"))
optimizer = keras.optimizers.SGD(learning_rate=5e-3, momentum=0.9, nesterov=True, clipvalue=1.0)
model.compile(loss="sparse_categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
history = model.fit(X[:1200], y[:1200], epochs=8, validation_data=(X[1200:], y[1200:]), verbose=0)
hidden = keras.Model(model.inputs, model.layers[6].output).predict(X[:200], verbose=0)
print("val_accuracy", history.history["val_accuracy"][-1], "std of layer 7", hidden.std())
assert history.history["val_accuracy"][-1] > 0.8
assert 0.4 < hidden.std() < 2.5
assert np.isfinite(history.history["loss"]).all()
