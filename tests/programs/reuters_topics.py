"""Short texts of several topics: an embedding, the average over words, and top-3 accuracy."""

import numpy as np

import corereg as keras
from corereg import layers
from corereg.utils import pad_sequences

rng = np.random.default_rng(6)
topics = rng.integers(0, 8, 400)
texts = [
    np.where(rng.random(length) < 0.5, rng.integers(1, 100, length), 100 + topic)
    for topic, length in zip(topics, rng.integers(5, 30, 400), strict=True)
]
x = pad_sequences(texts, maxlen=20, padding="post", truncating="post")

model = keras.Sequential(
    [
        layers.Embedding(input_dim=120, output_dim=16, input_length=20),
        layers.GlobalAveragePooling1D(),
        layers.Dense(32, activation="relu"),
        layers.Dense(8, activation="softmax"),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(0.02),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=3, name="top_3")],
)
history = model.fit(x, topics, epochs=10, batch_size=32, validation_split=0.2, verbose=2)
print(model.evaluate(x[320:], topics[320:], verbose=0))
assert model.layers[0].get_weights()[0].shape == (120, 16)
assert history.history["val_accuracy"][-1] > 0.8
assert history.history["val_top_3"][-1] >= history.history["val_accuracy"][-1]
