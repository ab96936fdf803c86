"""Digits under other light: training images of other brightness and contrast, and negatives."""

import numpy as np

import corereg as keras
from corereg import layers
from corereg.datasets import load_digits

x, y = load_digits()
x = (x / 16).reshape(-1, 8, 8, 1)
train, test = slice(0, 600), slice(600, None)


def under_other_light(images, seed):
    """Each image brighter or darker, of less contrast, and half of them negatives."""
    rng = np.random.default_rng(seed)
    shape = (len(images), 1, 1, 1)
    contrast, brightness = rng.uniform(0.5, 1, shape), rng.uniform(-0.3, 0.3, shape)
    mean = images.mean(axis=(1, 2), keepdims=True)
    images = np.clip((images - mean) * contrast + mean + brightness, 0, 1)
    return np.where(rng.random(shape) < 0.5, 1 - images, images)


def build(augmentation):
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            *augmentation,
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


light = [
    layers.RandomInvert((0.5, 0.5), value_range=(0, 1)),
    layers.RandomContrast((0.5, 0.5), value_range=(0, 1)),
    layers.RandomBrightness(0.3, value_range=(0, 1)),
]
results = {}
dark = under_other_light(x[test], seed=3)
for name, augmentation in (("plain", []), ("light", light)):
    model = build(augmentation)
    model.fit(x[train], y[train], epochs=40, batch_size=32, verbose=0)
    results[name] = model.evaluate(dark, y[test], verbose=0)[1]
    print(name, round(results[name], 3))
    assert model.evaluate(x[test], y[test], verbose=0)[1] > 0.8
assert results["light"] > results["plain"] + 0.2
assert model.execution_report()["fit"].mode == "replayed"

# Windows of larger images: a place of its own for each image in training, the middle otherwise.
framed = np.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)))
crop = layers.RandomCrop(10, 10, seed=1)
assert crop(framed[:5], training=True).shape == (5, 10, 10, 1)
middle = layers.CenterCrop(8, 8)(framed[:5]).numpy()
assert np.allclose(middle, x[:5])
