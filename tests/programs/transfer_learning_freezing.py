"""Transfer learning: a trained base is frozen under a new head, then tuned with a small rate."""

import numpy as np

import corereg as keras
from corereg import layers
from corereg.datasets import load_digits

x, y = load_digits()
x = x / 16
low, high = y < 5, y >= 5
base_model = keras.Sequential(
    [
        keras.Input((64,)),
        layers.Dense(48, activation="relu"),
        layers.BatchNormalization(),
        layers.Dense(32, activation="relu"),
    ],
    name="base",
)
pretrained = keras.Sequential([base_model, layers.Dense(5, activation="softmax")])
pretrained.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
pretrained.fit(x[low], y[low], epochs=8, verbose=0)

base_model.trainable = False
inputs = keras.Input(shape=(64,))
features = base_model(inputs, training=False)
outputs = layers.Dense(5, activation="softmax")(layers.Dropout(0.2)(features))
model = keras.Model(inputs, outputs)
model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
before = [w.copy() for w in base_model.get_weights()]
assert len(model.trainable_weights) == 2
model.fit(x[high][:300], y[high][:300] - 5, epochs=25, verbose=0)
assert all(map(np.array_equal, before, base_model.get_weights()))
frozen = model.evaluate(x[high][300:], y[high][300:] - 5, verbose=0)[1]

base_model.trainable = True
model.summary(show_trainable=True)
model.compile(keras.optimizers.Adam(1e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x[high][:300], y[high][:300] - 5, epochs=5, verbose=0)
tuned = model.evaluate(x[high][300:], y[high][300:] - 5, verbose=0)[1]
print(f"frozen {frozen:.3f}, tuned {tuned:.3f}")
assert frozen > 0.7
assert not np.array_equal(before[0], base_model.get_weights()[0])
