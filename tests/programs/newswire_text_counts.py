"""Newswire topics from raw texts: TF-IDF counts of words and pairs, in a model that takes texts."""

import numpy as np

import corereg as keras
from corereg import layers

rng = np.random.default_rng(11)
SUBJECTS = {
    "grain": "wheat maize harvest tonnes export crop acreage silo farmers drought",
    "oil": "crude barrel refinery opec output pipeline drilling brent tanker rig",
    "money": "dollar yen bank rate treasury deposit currency intervention bills fed",
    "metal": "copper zinc smelter ore mine ingot lme alloy nickel tonnes",
    "earnings": "profit dividend quarter shares net loss revenue cts record split",
}
COMMON = "the a of to in said will it and for on last year would new market up down".split()


def newswire(topic):
    own = SUBJECTS[topic].split()
    words = [
        str(rng.choice(own)) if rng.random() < 0.25 else str(rng.choice(COMMON))
        for _ in range(rng.integers(12, 40))
    ]
    words[0] = words[0].capitalize()
    return " ".join(words).replace(" said ", ", said: ") + "."


names = sorted(SUBJECTS)
labels = rng.integers(0, len(names), 600)
texts = np.array([newswire(names[label]) for label in labels])
train, test = slice(0, 450), slice(450, None)

vectorize = layers.TextVectorization(max_tokens=400, ngrams=2, output_mode="tf_idf")
vectorize.adapt(texts[train])
assert vectorize.vocabulary_size() == 400
print(vectorize.get_vocabulary()[:8])

inputs = keras.Input(shape=(1,), dtype="string", name="text")
x = vectorize(inputs)
x = layers.Dense(32, activation="relu", kernel_regularizer="l2")(x)
x = layers.Dropout(0.5)(x)
outputs = layers.Dense(len(names), activation="softmax")(x)
model = keras.Model(inputs, outputs)
model.compile(
    optimizer=keras.optimizers.Adam(0.01),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    texts[train],
    labels[train],
    epochs=12,
    validation_data=(texts[test], labels[test]),
    verbose=0,
)
print({key: round(values[-1], 3) for key, values in history.history.items()})
assert history.history["val_accuracy"][-1] > 0.85

news = ["Opec cuts crude output, tanker rates up!", "Bank raises rate as the dollar falls"]
found = model.predict(np.array(news), verbose=0).argmax(axis=1)
print([names[i] for i in found])
assert [names[i] for i in found] == ["oil", "money"]

# The same texts as sequences of numbers, for an embedding.
sequences = layers.TextVectorization(max_tokens=200, output_sequence_length=30)
sequences.adapt(texts[train])
averaged = keras.Sequential(
    [
        sequences,
        layers.Embedding(sequences.vocabulary_size(), 16, mask_zero=True),
        layers.GlobalAveragePooling1D(),
        layers.Dense(len(names), activation="softmax"),
    ]
)
averaged.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
averaged.optimizer.learning_rate = 0.02
averaged.fit(texts[train], labels[train], epochs=15, verbose=0)
accuracy = averaged.evaluate(texts[test], labels[test], verbose=0)[1]
print("averaged embeddings:", round(accuracy, 3))
assert accuracy > 0.85
