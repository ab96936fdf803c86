"""Deep and cross network over categorical features, with a cross layer of its own."""

import numpy as np

import corereg as keras
from corereg import layers

rng = np.random.default_rng(10)
n = 400
CATEGORIES = {"soil": ["clay", "loam", "sand"], "area": ["north", "south"]}
data = {name: rng.choice(words, (n, 1)) for name, words in CATEGORIES.items()}
data["slope"] = rng.uniform(0, 30, (n, 1))
target = ((data["soil"] == "clay") & (data["slope"] > 10)).astype(int) + (data["area"] == "south")


@keras.utils.register_keras_serializable(package="example")
class Cross(layers.Layer):
    def build(self, input_shape):
        x0_shape = input_shape[0]
        self.dense = layers.Dense(x0_shape[-1])
        self.dense.build(x0_shape)
        self.built = True

    def call(self, inputs):
        x0, x = inputs
        return x0 * self.dense(x) + x


inputs = {}
encoded = []
for name, words in CATEGORIES.items():
    inputs[name] = layers.Input(name=name, shape=(1,), dtype="string")
    index = layers.StringLookup(vocabulary=words, mask_token=None, num_oov_indices=0)(inputs[name])
    encoded.append(layers.Flatten()(layers.Embedding(input_dim=len(words), output_dim=4)(index)))
inputs["slope"] = layers.Input(name="slope", shape=(1,), dtype="float32")
encoded.append(layers.BatchNormalization()(inputs["slope"]))
x0 = layers.concatenate(encoded)
cross = x0
for _ in range(2):
    cross = Cross()([x0, cross])
deep = x0
for units in (16, 16):
    deep = layers.Dense(units)(deep)
    deep = layers.BatchNormalization()(deep)
    deep = layers.ReLU()(deep)
    deep = layers.Dropout(0.1)(deep)
merged = layers.concatenate([cross, deep])
outputs = layers.Dense(units=3, activation="softmax")(merged)
model = keras.Model(inputs=inputs, outputs=outputs)
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.01),
    loss=keras.losses.SparseCategoricalCrossentropy(),
    metrics=[keras.metrics.SparseCategoricalAccuracy()],
)
history = model.fit(data, target, epochs=20, batch_size=32, verbose=0)
print("accuracy", history.history["sparse_categorical_accuracy"][-1])
assert history.history["sparse_categorical_accuracy"][-1] > 0.85
