"""Three kinds of wine: one-hot targets, a confusion table and a report by class."""

import numpy as np

from corereg.layers import BatchNormalization, Dense, Dropout, Input
from corereg.models import Sequential
from corereg.utils import to_categorical

rng = np.random.default_rng(4)
labels = rng.integers(0, 3, 178)
features = rng.normal(size=(178, 13)) + labels[:, None] * np.linspace(0.2, 1.2, 13)
order = rng.permutation(178)
train, test = order[:140], order[140:]
y = to_categorical(labels, num_classes=3)

model = Sequential(
    [
        Input(shape=(13,)),
        Dense(32, activation="relu", kernel_initializer="he_uniform"),
        BatchNormalization(),
        Dropout(0.3),
        Dense(16, activation="relu"),
        Dense(3, activation="softmax"),
    ],
    name="wine",
)
model.summary()
model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
model.fit(features[train], y[train], epochs=100, batch_size=16, validation_split=0.1, verbose=0)
loss, acc = model.evaluate(features[test], y[test], verbose=0)
guess = np.argmax(model.predict(features[test], verbose=0), axis=-1)
table = np.zeros((3, 3), int)
np.add.at(table, (labels[test], guess), 1)
print(table)
print(f"test loss {loss:.3f}, accuracy {acc:.3f}")
assert table.sum() == 38
assert np.isclose(np.trace(table) / 38, acc)
assert acc > 0.7
