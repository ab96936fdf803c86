"""Small colour images in a file of CIFAR's form: their pixels, beside counts of their colours."""

import os
import pickle
import tempfile

import numpy as np

import corereg as keras
from corereg import layers
from corereg.datasets import cifar10

rng = np.random.default_rng(10)
tints = rng.uniform(60, 190, size=(10, 3, 1))


def batch(rows):
    labels = rng.integers(0, 10, rows)
    data = tints[labels] + rng.normal(scale=30, size=(rows, 3, 1024))
    return {
        b"data": data.clip(0, 255).astype("uint8").reshape(rows, 3072),
        b"labels": labels.tolist(),
    }


with tempfile.TemporaryDirectory() as home:  # in the place of the true files, which are larger
    folder = os.path.join(home, "datasets", "cifar-10-batches-py")
    os.makedirs(folder)
    for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"):
        with open(os.path.join(folder, name), "wb") as file:
            pickle.dump(batch(40), file, protocol=4)
    before = os.environ.get("KERAS_HOME")
    os.environ["KERAS_HOME"] = home
    (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    if before is None:
        del os.environ["KERAS_HOME"]
    else:
        os.environ["KERAS_HOME"] = before
print(x_train.shape, y_train.shape, x_train.dtype)
assert x_train.shape == (200, 32, 32, 3)
y_train, y_test = (keras.utils.to_categorical(one, 10) for one in (y_train, y_test))


def histograms(images):
    counts = [
        np.histogram(one, bins=8, range=(0, 256))[0]
        for one in images.transpose(0, 3, 1, 2).reshape(-1, 1024)
    ]
    return np.array(counts).reshape(len(images), 24) / 1024


def accuracy(x, x_test, rate):
    model = keras.Sequential()
    model.add(layers.Flatten(input_shape=x.shape[1:]))
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dropout(0.1))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(keras.optimizers.Adam(rate), "categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y_train, batch_size=30, epochs=10, verbose=0)
    return model.evaluate(x_test, y_test, verbose=0)[1]


x_train_scaled = (x_train.astype("float32") - x_train.mean()) / x_train.std()
x_test_scaled = (x_test.astype("float32") - x_train.mean()) / x_train.std()
pixels = accuracy(x_train_scaled, x_test_scaled, 0.001)
colours = accuracy(histograms(x_train), histograms(x_test), 0.02)
print(f"pixels {pixels:.2f}, counts of colours {colours:.2f}")
assert colours > 0.8
assert pixels > 0.6
