"""Pieces of news of many topics, with one-hot labels and with integers, as in a well-known book."""

import copy
import os
import tempfile

import numpy as np

import corereg as keras
from corereg import layers
from corereg.datasets import reuters
from corereg.utils import to_categorical

rng = np.random.default_rng(8)
topics = rng.integers(0, 46, 900)
texts = np.empty(900, dtype=object)
for i, topic in enumerate(topics):
    texts[i] = [*rng.integers(1, 60, 10).tolist(), 60 + int(topic), 60 + int(topic)]

with tempfile.TemporaryDirectory() as folder:
    np.savez(os.path.join(folder, "reuters.npz"), x=texts, y=topics)
    (train_data, train_labels), (test_data, test_labels) = reuters.load_data(
        path=os.path.join(folder, "reuters.npz"), num_words=120
    )
print(len(train_data), len(test_data), reuters.get_label_names()[train_labels[0]])
assert (len(train_data), len(test_data)) == (720, 180)


def vectorize_sequences(sequences, dimension=120):
    results = np.zeros((len(sequences), dimension))
    for i, sequence in enumerate(sequences):
        for j in sequence:
            results[i, j] = 1.0
    return results


x_train, x_test = vectorize_sequences(train_data), vectorize_sequences(test_data)


def build(loss):
    model = keras.Sequential(
        [
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(46, activation="softmax"),
        ]
    )
    model.compile(optimizer=keras.optimizers.RMSprop(3e-3), loss=loss, metrics=["accuracy"])
    return model


model = build("categorical_crossentropy")
model.fit(x_train, to_categorical(train_labels), epochs=16, batch_size=64, verbose=0)
one_hot = model.evaluate(x_test, to_categorical(test_labels, 46), verbose=0)
model = build("sparse_categorical_crossentropy")
model.fit(x_train, train_labels, epochs=16, batch_size=64, verbose=0)
integers = model.evaluate(x_test, test_labels, verbose=0)
predictions = model.predict(x_test, verbose=0)

test_labels_copy = copy.copy(test_labels)
np.random.default_rng(0).shuffle(test_labels_copy)
chance = np.mean(test_labels == test_labels_copy)
print(f"one-hot {one_hot[1]:.2f}, integers {integers[1]:.2f}, by chance {chance:.2f}")
assert min(one_hot[1], integers[1]) > chance + 0.5
assert predictions.shape == (180, 46)
assert np.allclose(predictions.sum(axis=1), 1, atol=1e-5)
