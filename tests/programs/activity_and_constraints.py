"""Max-norm constraints with dropout on the visible layer, and a constraint of one's own."""

import numpy as np

import corereg as keras
from corereg.constraints import MaxNorm
from corereg.layers import Dense, Dropout, Input
from corereg.models import Sequential
from corereg.optimizers import SGD

rng = np.random.default_rng(5)
X = rng.normal(size=(208, 60))
Y = (X[:, :5].sum(axis=1) > 0).astype(int)


class CenterAround(keras.constraints.Constraint):
    def __init__(self, ref_value):
        self.ref_value = ref_value

    def __call__(self, w):
        return w - keras.ops.mean(w) + self.ref_value


def create_model():
    model = Sequential()
    model.add(Input(shape=(60,)))
    model.add(Dropout(0.2))
    model.add(Dense(60, activation="relu", kernel_constraint=MaxNorm(3)))
    model.add(Dense(30, activation="relu", kernel_constraint=MaxNorm(max_value=0.5, axis=0)))
    model.add(Dense(1, activation="sigmoid", kernel_constraint=CenterAround(0.25)))
    sgd = SGD(learning_rate=0.1, momentum=0.9)
    model.compile(loss="binary_crossentropy", optimizer=sgd, metrics=["accuracy"])
    return model


model = create_model()
model.fit(X, Y, epochs=30, batch_size=16, verbose=0)
norms = np.linalg.norm(model.layers[2].get_weights()[0], axis=0)
print("largest norm", norms.max(), "accuracy", model.evaluate(X, Y, verbose=0)[1])
assert norms.max() <= 0.5 + 1e-5
assert np.isclose(model.layers[-1].kernel.numpy().mean(), 0.25, atol=1e-5)
assert model.evaluate(X, Y, verbose=0)[1] > 0.9
