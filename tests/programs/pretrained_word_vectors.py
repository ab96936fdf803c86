"""Reviews through an embedding whose vectors are given and stay, as those of a large corpus."""

import numpy as np

from corereg.layers import Dense, Embedding, Flatten
from corereg.models import Sequential
from corereg.optimizers import Adam
from corereg.utils import pad_sequences

docs = [
    *("Well done!", "Good work", "Great effort", "nice work", "Excellent!"),
    *("Weak", "Poor effort!", "not good", "poor work", "Could have done better."),
]
labels = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])


def text_to_words(text):
    return "".join(c.lower() if c.isalpha() else " " for c in text).split()


word_index = {}
for doc in docs:
    for word in text_to_words(doc):
        word_index.setdefault(word, len(word_index) + 1)
vocab_size, max_length = len(word_index) + 1, 4
encoded_docs = [[word_index[word] for word in text_to_words(doc)] for doc in docs]
padded_docs = pad_sequences(encoded_docs, maxlen=max_length, padding="post")
print(padded_docs)

rng = np.random.default_rng(50)
embeddings_index = {word: rng.normal(size=10) for word in word_index}
embedding_matrix = np.zeros((vocab_size, 10))
for word, i in word_index.items():
    embedding_vector = embeddings_index.get(word)
    if embedding_vector is not None:
        embedding_matrix[i] = embedding_vector

model = Sequential()
e = Embedding(vocab_size, 10, weights=[embedding_matrix], input_length=max_length, trainable=False)
model.add(e)
model.add(Flatten())
model.add(Dense(1, activation="sigmoid"))
model.compile(optimizer=Adam(0.05), loss="binary_crossentropy", metrics=["acc"])
model.summary()
model.fit(padded_docs, labels, epochs=100, verbose=0)
loss, accuracy = model.evaluate(padded_docs, labels, verbose=0)
print("Accuracy: %f" % (accuracy * 100))
assert accuracy == 1
assert np.allclose(e.get_weights()[0], embedding_matrix)
assert len(model.trainable_weights) == 2
