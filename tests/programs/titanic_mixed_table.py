"""A table with words and numbers: lookup and normalization layers inside the model."""

import numpy as np

import corereg as keras
from corereg import layers

rng = np.random.default_rng(0)
n = 300
table = {
    "sex": rng.choice(["male", "female"], n),
    "deck": rng.choice(["A", "B", "C", "unknown"], n),
    "age": rng.uniform(1, 80, n).astype("float32"),
    "fare": rng.exponential(30, n).astype("float32"),
}
survived = ((table["sex"] == "female") | (table["age"] < 12)).astype("float32")

inputs, encoded = {}, []
for name in ("age", "fare"):
    inputs[name] = keras.Input(shape=(1,), name=name)
    normalize = layers.Normalization(axis=None)
    normalize.adapt(table[name])
    encoded.append(normalize(inputs[name]))
for name in ("sex", "deck"):
    inputs[name] = keras.Input(shape=(1,), name=name, dtype="string")
    lookup = layers.StringLookup(vocabulary=np.unique(table[name]), output_mode="one_hot")
    encoded.append(lookup(inputs[name]))

x = layers.concatenate(encoded)
x = layers.Dense(32, activation="relu")(x)
x = layers.Dropout(0.2)(x)
output = layers.Dense(1, activation="sigmoid")(x)
model = keras.Model(inputs, output)
model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])

features = {name: values.reshape(-1, 1) for name, values in table.items()}
history = model.fit(features, survived, epochs=30, batch_size=32, verbose=0)
print("accuracy", history.history["accuracy"][-1])
sample = {name: values[:1] for name, values in features.items()}
print("chance of survival", model.predict(sample, verbose=0)[0, 0])
assert history.history["accuracy"][-1] > 0.9
