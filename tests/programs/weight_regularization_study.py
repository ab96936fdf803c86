"""Many strengths of a penalty in a loop, and the size of the weights that each leaves."""

import numpy as np

from corereg.layers import Dense
from corereg.models import Sequential
from corereg.regularizers import l1, l1_l2, l2

rng = np.random.default_rng(1)
X = rng.normal(size=(100, 2))
y = (np.hypot(X[:, 0], X[:, 1]) > 1.1).astype(int)
n_train = 60
norms = {}
for label, penalty in {
    "none": None,
    "l2 weak": l2(1e-4),
    "l2 strong": l2(1e-1),
    "l1": l1(0.01),
    "both": l1_l2(l1=0.01, l2=0.01),
    "by name": "l2",
}.items():
    model = Sequential()
    model.add(Dense(100, input_dim=2, activation="relu", kernel_regularizer=penalty))
    model.add(Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(X[:n_train], y[:n_train], epochs=60, verbose=0)
    _, train_acc = model.evaluate(X[:n_train], y[:n_train], verbose=0)
    _, test_acc = model.evaluate(X[n_train:], y[n_train:], verbose=0)
    norms[label] = np.linalg.norm(model.layers[0].get_weights()[0])
    print(f"{label:>10}: train {train_acc:.3f}, test {test_acc:.3f}, norm {norms[label]:.3f}")
assert norms["l2 strong"] < 0.5 * norms["none"]
assert norms["l1"] < norms["none"]
assert norms["l2 weak"] > norms["by name"]
