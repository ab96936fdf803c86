"""Linear and logistic regression with L1, L2 and both, along a path of strengths."""

import numpy as np

from corereg.layers import Dense, Input
from corereg.models import Sequential
from corereg.optimizers import Adam
from corereg.regularizers import l1, l1_l2, l2

rng = np.random.default_rng(90)
true = np.zeros(15)
true[:3] = [3.0, -2.0, 1.0]
x = rng.normal(size=(200, 15)).astype("float32")
y = (x @ true + 0.5 * rng.normal(size=200)).astype("float32")


def coefficients(penalty, targets, activation=None, loss="mse"):
    model = Sequential([Input((15,)), Dense(1, activation, kernel_regularizer=penalty)])
    model.compile(Adam(0.05), loss)
    history = model.fit(x, targets, epochs=60, batch_size=50, verbose=0)
    assert history.history["penalty"][-1] <= history.history["loss"][-1]
    return model.layers[0].get_weights()[0].ravel()


path = {strength: coefficients(l1(strength), y) for strength in (0.01, 0.3, 1.0)}
for strength, found in path.items():
    print(f"l1 {strength:5}: {np.round(found[:4], 2)}, small {np.mean(np.abs(found) < 0.02):.2f}")
ridge = coefficients(l2(1.0), y)
both = coefficients(l1_l2(l1=0.1, l2=0.1), y)
print("ridge", np.round(ridge[:4], 2), "both", np.round(both[:4], 2))
sums = [np.abs(found).sum() for found in path.values()]
assert sums == sorted(sums, reverse=True)
assert np.abs(path[0.3][3:]).mean() < np.abs(path[0.01][3:]).mean()
assert np.abs(ridge).sum() < np.abs(path[0.01]).sum()
assert np.abs(path[0.01][:3] - true[:3]).max() < 0.3

labels = (y > 0).astype("float32")
weak = coefficients(l2(1e-4), labels, "sigmoid", "binary_crossentropy")
strong = coefficients(l2(0.1), labels, "sigmoid", "binary_crossentropy")
assert np.linalg.norm(strong) < np.linalg.norm(weak) / 2
