"""The oldest example: two inputs and a gate, learned by four rows, and weights looked at."""

import numpy as np

from corereg.layers import Activation, Dense
from corereg.models import Sequential
from corereg.optimizers import Adam

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float)
found = {}
for name, y in {"xor": [[0], [1], [1], [0]], "and": [[0], [0], [0], [1]]}.items():
    model = Sequential()
    model.add(Dense(16, input_dim=2))
    model.add(Activation("tanh"))
    model.add(Dense(1))
    model.add(Activation("sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer=Adam(0.05), metrics=["binary_accuracy"])
    model.fit(X, np.array(y), batch_size=1, epochs=150, verbose=0)
    found[name] = model.predict(X, verbose=0)
    print(name, found[name].round().ravel(), model.evaluate(X, np.array(y), verbose=0))
    assert found[name].round().astype(int).tolist() == y
for weight in model.weights:
    print(weight.name, weight.shape)
assert [weight.shape for weight in model.weights] == [(2, 16), (16,), (16, 1), (1,)]
