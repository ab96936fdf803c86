"""The first network of many books: images of digits, reshaped, and two dense layers."""

import os
import tempfile

import numpy as np

import corereg as keras
from corereg import layers
from corereg.datasets import load_digits, mnist

small, digits = load_digits()
images = np.kron(small.reshape(-1, 8, 8), np.ones((3, 3)))  # 24 x 24 of 8 x 8 pixels
images = np.pad(images * 15, ((0, 0), (2, 2), (2, 2))).astype("uint8")

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "mnist.npz")
    np.savez(
        path,
        x_train=images[:1200],
        y_train=digits[:1200].astype("uint8"),
        x_test=images[1200:1500],
        y_test=digits[1200:1500].astype("uint8"),
    )
    (train_images, train_labels), (test_images, test_labels) = mnist.load_data(path)
print(train_images.ndim, train_images.shape, train_images.dtype)

model = keras.Sequential(
    [layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")]
)
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
train_images = train_images.reshape((len(train_images), 28 * 28)).astype("float32") / 255
test_images = test_images.reshape((len(test_images), 28 * 28)).astype("float32") / 255
model.fit(train_images, train_labels, epochs=5, batch_size=64, verbose=0)

test_digits = test_images[0:10]
predictions = model.predict(test_digits, verbose=0)
print(predictions[0].argmax(), predictions[0][predictions[0].argmax()], test_labels[0])
test_loss, test_acc = model.evaluate(test_images, test_labels, verbose=0)
print(f"test_acc: {test_acc}")
assert test_acc > 0.8
