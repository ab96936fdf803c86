"""A loop over train_on_batch and test_on_batch, with reset_metrics between epochs."""

import numpy as np

import corereg as keras

rng = np.random.default_rng(11)
x = rng.normal(size=(320, 5)).astype("float32")
y = (x.sum(axis=1) > 0).astype("int32")
model = keras.Sequential([keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(2)])
model.compile(
    optimizer=keras.optimizers.Adam(0.05),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
for epoch in range(4):
    model.reset_metrics()
    for start in range(0, 320, 32):
        logs = model.train_on_batch(x[start : start + 32], y[start : start + 32], return_dict=True)
    print(f"epoch {epoch}: {logs}")
loss, accuracy = model.test_on_batch(x, y)
logits = model.predict_on_batch(x)
print(loss, accuracy, model.metrics_names)
assert logits.shape == (320, 2)
assert accuracy > 0.9
