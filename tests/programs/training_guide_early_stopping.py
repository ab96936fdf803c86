"""EarlyStopping and ModelCheckpoint: the weights of the best epoch are kept and found again."""

import os
import tempfile

import numpy as np

import corereg as keras
from corereg.callbacks import EarlyStopping, ModelCheckpoint

rng = np.random.default_rng(2)
X = rng.normal(size=(90, 12))
y = (X[:, 0] * X[:, 1] + 0.3 * rng.normal(size=90) > 0).astype(int)
trainX, testX, trainy, testy = X[:40], X[40:], y[:40], y[40:]

model = keras.Sequential()
model.add(keras.layers.Dense(100, input_dim=12, activation="relu"))
model.add(keras.layers.Dense(1, activation="sigmoid"))
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "best_model.corereg")
    es = EarlyStopping(monitor="val_loss", mode="min", verbose=1, patience=20)
    mc = ModelCheckpoint(path, monitor="val_accuracy", mode="max", verbose=1, save_best_only=True)
    history = model.fit(
        trainX, trainy, validation_data=(testX, testy), epochs=200, verbose=0, callbacks=[es, mc]
    )
    saved_model = keras.models.load_model(path)
_, train_acc = saved_model.evaluate(trainX, trainy, verbose=0)
_, test_acc = saved_model.evaluate(testX, testy, verbose=0)
print("Train: %.3f, Test: %.3f, stopped at %d" % (train_acc, test_acc, es.stopped_epoch))
assert 20 <= es.stopped_epoch < 199
assert len(history.history["loss"]) == es.stopped_epoch + 1
assert np.isclose(test_acc, max(history.history["val_accuracy"]))
