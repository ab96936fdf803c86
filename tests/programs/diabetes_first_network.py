"""A first network: eight measurements of a patient, ill or not (in the manner of Pima)."""

import numpy as np

from corereg.layers import Dense
from corereg.models import Sequential

rng = np.random.default_rng(7)
dataset = rng.normal(size=(400, 9))
dataset[:, 8] = dataset[:, 1] + 0.5 * dataset[:, 5] > 0
X = dataset[:, 0:8]
y = dataset[:, 8]

model = Sequential()
model.add(Dense(12, input_shape=(8,), activation="relu"))
model.add(Dense(8, activation="relu"))
model.add(Dense(1, activation="sigmoid"))
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
model.fit(X, y, epochs=40, batch_size=10, verbose=0)

_, accuracy = model.evaluate(X, y)
print("Accuracy: %.2f" % (accuracy * 100))
predictions = (model.predict(X) > 0.5).astype(int)
for i in range(5):
    print(f"{X[i].round(2).tolist()} => {predictions[i][0]} (expected {y[i]:.0f})")
assert accuracy > 0.9
assert np.isclose(np.mean(predictions[:, 0] == y), accuracy)
