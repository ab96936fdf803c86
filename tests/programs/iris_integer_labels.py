"""Flowers by four lengths: integer labels, a sparse loss, probabilities by a second model."""

import numpy as np

import corereg as keras

rng = np.random.default_rng(0)
kind = np.repeat([0, 1, 2], 50)
centers = np.array([[5.0, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.6, 2.0]])
x = (centers[kind] + rng.normal(scale=0.3, size=(150, 4))).astype("float32")

model = keras.Sequential(
    [
        keras.layers.Dense(10, activation="relu", input_shape=(4,)),
        keras.layers.Dense(10, activation="relu"),
        keras.layers.Dense(3),
    ]
)
model.compile(
    optimizer=keras.optimizers.SGD(learning_rate=0.05, momentum=0.9),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
)
history = model.fit(x, kind, epochs=60, batch_size=32, verbose=0)
probability_model = keras.Sequential([model, keras.layers.Softmax()])
probabilities = probability_model.predict(x[[0, 60, 140]], verbose=0)
print(history.history["acc"][-1], probabilities.round(2))
assert history.history["acc"][-1] > 0.85
assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-6)
assert probabilities.argmax(axis=1).tolist() == [0, 1, 2]
