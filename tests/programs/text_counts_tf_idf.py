"""Short texts as binary marks, counts, shares and TF-IDF of their words, one network for each."""

import re
from collections import Counter

import numpy as np

import corereg as keras
from corereg import layers

rng = np.random.default_rng(6)
good = "great fine lovely happy wonderful".split()
bad = "awful boring sad dull terrible".split()
both = "the film was a story of two people and their dog in town".split()
docs, labels = [], []
for i in range(240):
    words = [*rng.choice(good if i % 2 else bad, 2), *rng.choice(both, 8)]
    docs.append(" ".join(rng.permutation(words)).capitalize() + ".")
    labels.append(i % 2)
labels = np.array(labels)


def clean_doc(doc):
    return [word for word in re.findall(r"[a-z]+", doc.lower()) if len(word) > 1]


vocab = Counter()
for doc in docs[:180]:
    vocab.update(clean_doc(doc))
tokens = [word for word, count in vocab.most_common() if count >= 2]
index = {word: i for i, word in enumerate(tokens)}


def texts_to_matrix(docs, mode):
    counts = np.zeros((len(docs), len(tokens)))
    for row, doc in enumerate(docs):
        for word in clean_doc(doc):
            if word in index:
                counts[row, index[word]] += 1
    if mode == "binary":
        return (counts > 0).astype("float32")
    if mode == "freq":
        return counts / counts.sum(axis=1, keepdims=True)
    if mode == "tfidf":
        known = (counts > 0).sum(axis=0)
        idf = np.log(1 + len(docs) / (1 + known))
        return np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0) * idf
    return counts


scores = {}
for mode in ("binary", "count", "tfidf", "freq"):
    Xtrain, Xtest = texts_to_matrix(docs[:180], mode), texts_to_matrix(docs[180:], mode)
    model = keras.Sequential()
    model.add(layers.Dense(20, input_shape=(Xtrain.shape[1],), activation="relu"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(
        loss="binary_crossentropy", optimizer=keras.optimizers.Adam(0.01), metrics=["accuracy"]
    )
    model.fit(Xtrain, labels[:180], epochs=15, verbose=0)
    _, scores[mode] = model.evaluate(Xtest, labels[180:], verbose=0)
print(len(tokens), scores)
assert min(scores.values()) > 0.9
