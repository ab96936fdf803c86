"""Reviews of films as vectors of zeros and ones, as in the first project of a well-known book."""

import os
import tempfile

import numpy as np

from corereg import layers, models
from corereg.datasets import imdb

rng = np.random.default_rng(3)


def reviews(rows):
    labels = rng.integers(0, 2, rows)
    texts = np.empty(rows, dtype=object)
    for i, label in enumerate(labels):
        words = rng.integers(1, 90, rng.integers(20, 60))
        texts[i] = [int(w) for w in words if w % 6 != 1 - label]  # each class lacks some words
    return texts, labels


with tempfile.TemporaryDirectory() as folder:  # in the place of the true file, which is larger
    path = os.path.join(folder, "imdb.npz")
    (x, y), (x2, y2) = reviews(500), reviews(200)
    np.savez(path, x_train=x, y_train=y, x_test=x2, y_test=y2)
    (train_data, train_labels), (test_data, test_labels) = imdb.load_data(path, num_words=80)

print(train_data[0][:5], train_labels[0])
assert max(max(sequence) for sequence in train_data) == 79


def vectorize_sequences(sequences, dimension=80):
    results = np.zeros((len(sequences), dimension))
    for i, sequence in enumerate(sequences):
        results[i, sequence] = 1.0
    return results


x_train = vectorize_sequences(train_data)
x_test = vectorize_sequences(test_data)
y_train = np.asarray(train_labels).astype("float32")
y_test = np.asarray(test_labels).astype("float32")

model = models.Sequential()
model.add(layers.Dense(16, activation="relu", input_shape=(80,)))
model.add(layers.Dense(16, activation="relu"))
model.add(layers.Dense(1, activation="sigmoid"))
model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])

x_val, partial_x_train = x_train[:150], x_train[150:]
y_val, partial_y_train = y_train[:150], y_train[150:]
history = model.fit(
    partial_x_train,
    partial_y_train,
    epochs=20,
    batch_size=64,
    validation_data=(x_val, y_val),
    verbose=0,
)
history_dict = history.history
print(sorted(history_dict))
epochs = range(1, len(history_dict["accuracy"]) + 1)
assert len(epochs) == 20
results = model.evaluate(x_test, y_test, verbose=0)
print(results, model.predict(x_test, verbose=0)[:3].ravel())
assert results[1] > 0.9
