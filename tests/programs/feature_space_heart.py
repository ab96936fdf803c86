"""Heart disease from a table of numbers and words: FeatureSpace, two models that share layers."""

import os
import tempfile

import numpy as np

import corereg as keras
from corereg import layers
from corereg.utils import FeatureSpace

rng = np.random.default_rng(0)
rows = 400
table = {
    "sex": rng.integers(0, 2, rows),
    "cp": rng.integers(0, 5, rows),
    "thal": rng.choice(["fixed", "normal", "reversible"], rows),
    "age": rng.integers(29, 78, rows).astype("float32"),
    "chol": rng.normal(245, 50, rows).astype("float32"),
    "oldpeak": rng.exponential(1.0, rows).astype("float32"),
    "slope": rng.integers(1, 4, rows).astype("float32"),
}
risk = 2.0 * (table["thal"] == "reversible") + (table["age"] > 55) + (table["cp"] == 4)
target = (risk + rng.normal(0, 0.3, rows) > 1.5).astype("float32")


def batches(part, size=32):
    """Pairs of a dict of columns and targets, as a data set of TensorFlow gives them."""
    for i in range(0, len(part), size):
        chosen = part[i : i + size]
        yield {name: values[chosen] for name, values in table.items()}, target[chosen]


training, validation = np.arange(320), np.arange(320, rows)

feature_space = FeatureSpace(
    features={
        "sex": "integer_categorical",
        "cp": "integer_categorical",
        "thal": "string_categorical",
        "age": "float_discretized",
        "chol": "float_normalized",
        "oldpeak": FeatureSpace.float_rescaled(scale=0.5),
        "slope": "float_normalized",
    },
    crosses=[("sex", "age"), ("thal", "cp")],
    crossing_dim=32,
    output_mode="concat",
)
feature_space.adapt([columns for columns, _ in batches(training)])
for columns, _ in batches(training):
    print("encoded", feature_space(columns).shape)
    break

encoded = [(feature_space(columns), y) for columns, y in batches(training)]
checked = [(feature_space(columns), y) for columns, y in batches(validation)]
dict_inputs = feature_space.get_inputs()
encoded_features = feature_space.get_encoded_features()
x = layers.Dense(32, activation="relu")(encoded_features)
x = layers.Dropout(0.5)(x)
predictions = layers.Dense(1, activation="sigmoid")(x)
training_model = keras.Model(inputs=encoded_features, outputs=predictions)
training_model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
inference_model = keras.Model(inputs=dict_inputs, outputs=predictions)

training_model.fit(encoded, epochs=20, validation_data=checked, verbose=0)
accuracy = training_model.evaluate(checked, verbose=0)[1]
print("accuracy", accuracy)
assert accuracy > 0.8

sample = {
    "sex": 1,
    "cp": 4,
    "thal": "reversible",
    "age": 68.0,
    "chol": 233.0,
    "oldpeak": 2.3,
    "slope": 3.0,
}
input_dict = {name: keras.ops.convert_to_tensor([value]) for name, value in sample.items()}
chance = inference_model.predict(input_dict, verbose=0)[0, 0]
print(f"chance of disease {100 * chance:.1f} %")
assert chance > 0.5

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "space.corereg")
    feature_space.save(path)
    loaded = keras.models.load_model(path)
    columns, _ = next(batches(validation))
    assert np.array_equal(loaded(columns).numpy(), feature_space(columns).numpy())
