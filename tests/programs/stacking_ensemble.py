"""Models are saved, loaded, frozen and put together in one that learns how to trust them."""

import os
import tempfile

import numpy as np

import corereg as keras
from corereg.layers import Concatenate, Dense
from corereg.models import Model, Sequential, load_model
from corereg.utils import to_categorical

rng = np.random.default_rng(2)
centres = np.array([[-1.0, 0], [1, 0], [0, 1.2]])
y = rng.integers(0, 3, 700)
X = centres[y] + rng.normal(scale=0.7, size=(700, 2))
trainX, testX, trainy, testy = X[:100], X[100:], to_categorical(y[:100]), to_categorical(y[100:])


def fit_model(trainX, trainy):
    model = Sequential()
    model.add(Dense(25, input_dim=2, activation="relu"))
    model.add(Dense(3, activation="softmax"))
    model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(trainX, trainy, epochs=25, batch_size=16, verbose=0)
    return model


def define_stacked_model(members):
    for i, model in enumerate(members):
        for layer in model.layers:
            layer.trainable = False
            layer.name = "ensemble_" + str(i + 1) + "_" + layer.name
    ensemble_visible = [model.inputs[0] for model in members]
    merge = Concatenate()([model.outputs[0] for model in members])
    hidden = Dense(10, activation="relu")(merge)
    output = Dense(3, activation="softmax")(hidden)
    model = Model(inputs=ensemble_visible, outputs=output)
    model.compile(
        loss="categorical_crossentropy",
        optimizer=keras.optimizers.Adam(0.01),
        metrics=["accuracy"],
    )
    return model


with tempfile.TemporaryDirectory() as folder:
    for i in range(3):
        fit_model(trainX, trainy).save(os.path.join(folder, f"model_{i + 1}.corereg"))
    members = [load_model(os.path.join(folder, f"model_{i + 1}.corereg")) for i in range(3)]
singles = [model.evaluate(testX, testy, verbose=0)[1] for model in members]
before = [model.get_weights()[0].copy() for model in members]
stacked_model = define_stacked_model(members)
stacked_model.fit([trainX] * 3, trainy, epochs=40, verbose=0)
yhat = np.argmax(stacked_model.predict([testX] * 3, verbose=0), axis=1)
acc = np.mean(yhat == y[100:])
print("singles", np.round(singles, 3), "Stacked Test Accuracy: %.3f" % acc)
assert acc > np.mean(singles) - 0.03
assert len(stacked_model.trainable_weights) == 4
for model, kernel in zip(members, before, strict=True):
    assert np.array_equal(model.get_weights()[0], kernel)
