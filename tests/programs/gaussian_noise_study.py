"""Noise at the input, between layers and before the activation."""

import numpy as np

from corereg.layers import Activation, Dense, GaussianDropout, GaussianNoise
from corereg.models import Sequential

rng = np.random.default_rng(3)
X = rng.normal(size=(200, 2))
y = (X[:, 0] * X[:, 1] > 0).astype(int)

model = Sequential()
model.add(GaussianNoise(0.01, input_shape=(2,)))
model.add(Dense(100))
model.add(GaussianNoise(0.1))
model.add(Activation("relu"))
model.add(GaussianDropout(0.1))
model.add(Dense(1, activation="sigmoid"))
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(X[:100], y[:100], epochs=100, verbose=0, batch_size=16)
train = model.evaluate(X[:100], y[:100], verbose=0)
test = model.evaluate(X[100:], y[100:], verbose=0)
print("Train: %.3f, Test: %.3f" % (train[1], test[1]))
assert test[1] > 0.75
assert train == model.evaluate(X[:100], y[:100], verbose=0)
