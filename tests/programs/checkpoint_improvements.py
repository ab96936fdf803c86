"""Weights are kept whenever the validation improves, under names that say how well; the best are
taken back."""

import os
import tempfile

import numpy as np

from corereg.callbacks import EarlyStopping, ModelCheckpoint
from corereg.layers import Dense
from corereg.models import Sequential, load_model

rng = np.random.default_rng(15)
X = rng.normal(size=(400, 8))
Y = (X[:, 0] * X[:, 1] > 0).astype(float)


def create_model():
    model = Sequential()
    model.add(Dense(12, input_dim=8, kernel_initializer="random_uniform", activation="relu"))
    model.add(Dense(8, kernel_initializer="he_uniform", activation="relu"))
    model.add(Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    return model


with tempfile.TemporaryDirectory() as folder:
    filepath = os.path.join(folder, "weights-improvement-{epoch:02d}-{val_accuracy:.2f}.corereg")
    checkpoint = ModelCheckpoint(
        filepath, monitor="val_accuracy", verbose=0, save_best_only=True, mode="max"
    )
    best = ModelCheckpoint(
        os.path.join(folder, "weights.best.corereg"), monitor="val_accuracy", save_best_only=True
    )
    es = EarlyStopping(monitor="val_accuracy", patience=12, verbose=0)
    history = create_model().fit(
        X,
        Y,
        validation_split=0.33,
        epochs=30,
        batch_size=10,
        callbacks=[checkpoint, best, es],
        verbose=0,
    )
    names = sorted(os.listdir(folder))
    print(len(names) - 1, "improvements, the last:", names[-2])
    model = load_model(os.path.join(folder, "weights.best.corereg"))
    fresh = create_model()
    fresh.load_weights(os.path.join(folder, names[-2]))
    scores = model.evaluate(X[268:], Y[268:], verbose=0)
    again = fresh.evaluate(X[268:], Y[268:], verbose=0)
print("%s: %.2f%%" % (model.metrics_names[1], scores[1] * 100))
assert scores == again
assert np.isclose(scores[1], max(history.history["val_accuracy"]))
assert len(names) >= 3
