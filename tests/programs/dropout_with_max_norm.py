"""Dropout as its paper advises: in the visible layer and the hidden ones, a large rate and
momentum, weights of limited norm; folds made by hand."""

import numpy as np

from corereg.constraints import MaxNorm
from corereg.layers import Dense, Dropout
from corereg.models import Sequential
from corereg.optimizers import SGD

rng = np.random.default_rng(60)
labels = np.array(["M", "R"] * 104)
X = rng.normal(size=(208, 60)) + (labels == "M")[:, None] * np.linspace(0, 0.8, 60)
classes, encoded_Y = np.unique(labels, return_inverse=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)


def create_visible():
    model = Sequential()
    model.add(Dropout(0.2, input_shape=(60,)))
    model.add(Dense(60, activation="relu", kernel_constraint=MaxNorm(3)))
    model.add(Dense(30, activation="relu", kernel_constraint=MaxNorm(3)))
    model.add(Dense(1, activation="sigmoid"))
    sgd = SGD(learning_rate=0.1, momentum=0.9)
    model.compile(loss="binary_crossentropy", optimizer=sgd, metrics=["accuracy"])
    return model


def create_hidden():
    model = Sequential()
    model.add(Dense(60, input_shape=(60,), activation="relu", kernel_constraint=MaxNorm(3)))
    model.add(Dropout(0.2))
    model.add(Dense(30, activation="relu", kernel_constraint=MaxNorm(3)))
    model.add(Dropout(0.2))
    model.add(Dense(1, activation="sigmoid"))
    sgd = SGD(learning_rate=0.1, momentum=0.9)
    model.compile(loss="binary_crossentropy", optimizer=sgd, metrics=["accuracy"])
    return model


for name, create in (("Visible", create_visible), ("Hidden", create_hidden)):
    scores = []
    folds = rng.permutation(208) % 5
    for fold in range(5):
        model = create()
        model.fit(X[folds != fold], encoded_Y[folds != fold], epochs=15, batch_size=16, verbose=0)
        scores.append(model.evaluate(X[folds == fold], encoded_Y[folds == fold], verbose=0)[1])
        kernel = next(one for one in model.layers if isinstance(one, Dense)).get_weights()[0]
        assert np.linalg.norm(kernel, axis=0).max() < 3.001
    print("%s: %.2f%% (%.2f%%)" % (name, np.mean(scores) * 100, np.std(scores) * 100))
    assert np.mean(scores) > 0.85
