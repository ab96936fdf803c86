"""Two moons, few rows and a wide network: early stopping, the best model kept, L2 and noise."""

import os
import tempfile

import numpy as np

from corereg.callbacks import EarlyStopping, ModelCheckpoint
from corereg.layers import Dense, GaussianNoise
from corereg.models import Sequential, load_model
from corereg.regularizers import l2

rng = np.random.default_rng(1)
half = np.pi * rng.random(200)
y = np.arange(200) % 2
X = np.stack([np.cos(half), np.sin(half)], axis=1)
X[y == 1] = [1.0, 0.5] - X[y == 1]
X += rng.normal(scale=0.2, size=X.shape)
trainX, testX, trainy, testy = X[:60], X[60:], y[:60], y[60:]


def fit(path, noise=0.0, penalty=None):
    model = Sequential()
    model.add(Dense(200, input_dim=2, activation="relu", kernel_regularizer=penalty))
    if noise:
        model.add(GaussianNoise(noise))
    model.add(Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    es = EarlyStopping(monitor="val_loss", mode="min", verbose=0, patience=15)
    mc = ModelCheckpoint(path, monitor="val_accuracy", mode="max", save_best_only=True)
    history = model.fit(
        trainX,
        trainy,
        validation_data=(testX, testy),
        epochs=30,
        verbose=0,
        callbacks=[es, mc],
    )
    saved_model = load_model(path)
    _, train_acc = saved_model.evaluate(trainX, trainy, verbose=0)
    _, test_acc = saved_model.evaluate(testX, testy, verbose=0)
    assert np.isclose(test_acc, max(history.history["val_accuracy"]))
    return len(history.epoch), train_acc, test_acc


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "best_model.corereg")
    for name, options in {
        "plain": {},
        "L2": {"penalty": l2(0.001)},
        "noise": {"noise": 0.1},
    }.items():
        epochs, train_acc, test_acc = fit(path, **options)
        print("%s: %d epochs, Train: %.3f, Test: %.3f" % (name, epochs, train_acc, test_acc))
        assert test_acc > 0.8
