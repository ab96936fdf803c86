"""Two circles and a deep network: tanh of 2008 beside ReLU, with the weights' sizes on the way."""

import numpy as np

from corereg.initializers import RandomUniform
from corereg.layers import Dense
from corereg.models import Sequential
from corereg.optimizers import SGD

rng = np.random.default_rng(1)
angle = rng.uniform(0, 2 * np.pi, 600)
y = np.arange(600) % 2
X = np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.where(y, 0.5, 1.0)[:, None]
X = X + rng.normal(scale=0.05, size=X.shape)
X = 2 * (X - X.min(axis=0)) / (X.max(axis=0) - X.min(axis=0)) - 1
trainX, testX, trainy, testy = X[:400], X[400:], y[:400], y[400:]


def build(activation, init, depth):
    model = Sequential()
    model.add(Dense(5, input_dim=2, activation=activation, kernel_initializer=init))
    for _ in range(depth):
        model.add(Dense(5, activation=activation, kernel_initializer=init))
    model.add(Dense(1, activation="sigmoid", kernel_initializer=init))
    opt = SGD(learning_rate=0.05, momentum=0.9)
    model.compile(loss="binary_crossentropy", optimizer=opt, metrics=["accuracy"])
    return model


accuracy, moved = {}, {}
for name, model in {
    "tanh": build("tanh", RandomUniform(minval=0, maxval=0.1), depth=4),
    "relu": build("relu", "he_uniform", depth=4),
}.items():
    first = model.layers[0].get_weights()[0].copy()
    model.fit(trainX, trainy, validation_data=(testX, testy), epochs=40, batch_size=20, verbose=0)
    _, train_acc = model.evaluate(trainX, trainy, verbose=0)
    _, accuracy[name] = model.evaluate(testX, testy, verbose=0)
    moved[name] = np.abs(model.layers[0].get_weights()[0] - first).mean()
    print("%s: Train: %.3f, Test: %.3f" % (name, train_acc, accuracy[name]), moved[name])
assert accuracy["relu"] > 0.9 > 0.7 > accuracy["tanh"]
assert moved["relu"] > moved["tanh"]
