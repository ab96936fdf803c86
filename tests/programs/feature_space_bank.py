"""Who takes a deposit: FeatureSpace with hashing, crosses and a layer of one's own choice, first
as a pipeline before the model, then as the front of the model itself."""

import numpy as np

import corereg as keras
from corereg import layers
from corereg.utils import FeatureSpace

rng = np.random.default_rng(3)
rows = 600
jobs = ["admin.", "blue-collar", "technician", "services", "management", "retired", "student"]
months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
frame = {
    "age": rng.integers(18, 90, rows).astype("float32"),
    "job": rng.choice(jobs, rows),
    "month": rng.choice(months, rows),
    "campaign": rng.integers(1, 12, rows),
    "branch": rng.integers(10_000, 99_999, rows),
    "rate": rng.normal(93.5, 0.6, rows).astype("float32"),
}
chance = 0.1 + 0.5 * np.isin(frame["job"], ["retired", "student"]) + 0.3 * (frame["campaign"] < 4)
bought = (rng.random(rows) < chance).astype("float32")

space = FeatureSpace(
    features={
        "age": FeatureSpace.float_discretized(num_bins=10),
        "job": FeatureSpace.string_categorical(num_oov_indices=0),
        "month": FeatureSpace.string_hashed(num_bins=16),
        "campaign": FeatureSpace.integer_categorical(max_tokens=8),
        "branch": FeatureSpace.integer_hashed(num_bins=20),
        "rate": FeatureSpace.feature(
            dtype="float32", preprocessor=layers.Normalization(axis=None), output_mode="float"
        ),
    },
    crosses=[FeatureSpace.cross(feature_names=("month", "job"), crossing_dim=24)],
    output_mode="concat",
)
space.adapt(frame)
print("columns", space.get_encoded_features().shape[-1])

x = layers.Dense(32, activation="gelu")(space.get_encoded_features())
x = layers.BatchNormalization()(x)
output = layers.Dense(1, activation="sigmoid")(layers.Dropout(0.3)(x))
model = keras.Model(space.get_encoded_features(), output)
model.compile(keras.optimizers.Adam(0.003), "binary_crossentropy", metrics=["accuracy", "auc"])
history = model.fit(space(frame), bought, validation_split=0.2, batch_size=64, epochs=15, verbose=0)
print("area under the curve", history.history["auc"][-1])
assert history.history["auc"][-1] > 0.75

whole = keras.Model(space.get_inputs(), output)
whole.compile(keras.optimizers.Adam(0.001), "binary_crossentropy")
before = whole.evaluate(frame, bought, verbose=0)
whole.fit(frame, bought, batch_size=64, epochs=3, verbose=0)  # texts are looked up once
assert whole.evaluate(frame, bought, verbose=0) < before

fitted = FeatureSpace.from_frame({**frame, "bought": bought}, ignore=["bought"])
features = fitted(frame)
small = keras.Sequential(
    [layers.Dense(16, activation="relu"), layers.Dense(1, activation="sigmoid")]
)
small.compile("adam", "binary_crossentropy", metrics=["accuracy"])
accuracy = small.fit(features, bought, epochs=20, verbose=0).history["accuracy"][-1]
print("accuracy of a space that fits the table", accuracy)
assert accuracy > 0.7
