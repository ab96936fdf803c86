"""The weights of the last epochs, averaged by hand with get_weights and set_weights, and the votes
of their models."""

import numpy as np

from corereg.layers import Dense
from corereg.models import Sequential, clone_model
from corereg.optimizers import SGD
from corereg.utils import to_categorical

rng = np.random.default_rng(5)
centres = np.array([[-1.0, 0], [1, 0], [0, 1.2]])
y = rng.integers(0, 3, 600)
X = centres[y] + rng.normal(scale=0.7, size=(600, 2))
trainX, trainy, testX, testy = X[:200], to_categorical(y[:200]), X[200:], y[200:]

model = Sequential()
model.add(Dense(25, input_dim=2, activation="relu"))
model.add(Dense(3, activation="softmax"))
opt = SGD(learning_rate=0.05, momentum=0.9)
model.compile(loss="categorical_crossentropy", optimizer=opt, metrics=["accuracy"])
members = []
for epoch in range(30):
    model.fit(trainX, trainy, epochs=1, batch_size=16, verbose=0)
    if epoch >= 24:
        copied = clone_model(model)
        copied.set_weights(model.get_weights())
        members.append(copied)


def model_weight_ensemble(members, weights):
    n_layers = len(members[0].get_weights())
    avg_model_weights = []
    for layer in range(n_layers):
        layer_weights = np.array([one.get_weights()[layer] for one in members])
        avg_model_weights.append(np.average(layer_weights, axis=0, weights=weights))
    averaged = clone_model(members[0])
    averaged.set_weights(avg_model_weights)
    averaged.compile(loss="categorical_crossentropy", optimizer=opt, metrics=["accuracy"])
    return averaged


alpha = 2.0
weights = [np.exp(-i / alpha) for i in range(len(members), 0, -1)]
averaged = model_weight_ensemble(members, weights)
single = [np.mean(one.predict(testX, verbose=0).argmax(axis=1) == testy) for one in members]
votes = np.sum([one.predict(testX, verbose=0) for one in members], axis=0)
ensemble = np.mean(np.argmax(votes, axis=1) == testy)
together = averaged.evaluate(testX, to_categorical(testy), verbose=0)[1]
print(f"single {np.mean(single):.3f}, votes {ensemble:.3f}, weights averaged {together:.3f}")
assert ensemble > np.mean(single) - 0.02
assert together > np.mean(single) - 0.02
