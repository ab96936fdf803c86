"""Reviews as multi-hot vectors of words: how a network overfits, and what L2 and Dropout do."""

import numpy as np

from corereg import layers, models, regularizers

rng = np.random.default_rng(5)
NUM_WORDS = 300
sentiment = rng.normal(size=NUM_WORDS)
reviews = [rng.integers(0, NUM_WORDS, rng.integers(20, 60)) for _ in range(400)]
labels = np.array([sentiment[words].sum() > 0 for words in reviews]).astype("float32")


def vectorize_sequences(sequences, dimension=NUM_WORDS):
    results = np.zeros((len(sequences), dimension))
    for i, sequence in enumerate(sequences):
        results[i, sequence] = 1.0
    return results


x = vectorize_sequences(reviews)
results = {}
for name in ("plain", "l2", "dropout"):
    penalty = regularizers.l2(0.002) if name == "l2" else None
    model = models.Sequential()
    model.add(layers.Input((NUM_WORDS,)))
    for _ in range(2):
        model.add(layers.Dense(16, kernel_regularizer=penalty, activation="relu"))
        if name == "dropout":
            model.add(layers.Dropout(0.5))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["acc"])
    history = model.fit(
        x[:300],
        labels[:300],
        epochs=20,
        batch_size=64,
        validation_data=(x[300:], labels[300:]),
        verbose=0,
    )
    results[name] = {key: values[-1] for key, values in history.history.items()}
    print(name, {key: round(value, 3) for key, value in results[name].items()})
assert results["plain"]["acc"] > 0.95
assert results["plain"]["loss"] < results["dropout"]["loss"]
gaps = {name: result["val_loss"] - result["loss"] for name, result in results.items()}
assert gaps["dropout"] < gaps["plain"]
