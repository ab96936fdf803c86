"""Feature selection: which pixels does a network need?

    python docs/examples/feature_selection.py

`GradualPruning` by rows takes inputs away while the network trains. `compact` makes a network of
what is left, which names the inputs that it needs.
"""

import numpy as np

import corereg
from corereg import pruning
from corereg.callbacks import GradualPruning
from corereg.datasets import load_digits
from corereg.layers import Dense, Input
from corereg.models import Sequential

x, y = load_digits()
x /= 16
train, test = slice(1200), slice(1200, None)
KEPT = 20  # pixels of 64

corereg.set_random_seed(0)
model = Sequential([Input((64,)), Dense(64, "relu"), Dense(32, "relu"), Dense(10, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x[train], y[train], epochs=20, verbose=0)
print(f"all 64 pixels: {model.evaluate(x[test], y[test], verbose=0)[1]:.1%} right")

first = model.layers[0]
cut = GradualPruning(
    1 - KEPT / 64, scope="rows", layers=[first], feature_scale=x[train].std(0), end=30
)
model.fit(x[train], y[train], epochs=60, verbose=0, callbacks=[cut])
print(f"{KEPT} pixels: {model.evaluate(x[test], y[test], verbose=0)[1]:.1%} right")

small = pruning.compact(model)
print(f"{model.count_params():,} parameters became {small.count_params():,}; kept are:")
kept = np.abs(first.kernel.numpy()).sum(1) > 0
for row in kept.reshape(8, 8):
    print("   " + " ".join("#" if one else "." for one in row))
