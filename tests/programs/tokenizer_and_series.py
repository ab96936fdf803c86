"""Texts by a Tokenizer, as rows of marks and as numbers for an embedding; a series by a generator
of windows."""

import numpy as np

from corereg.layers import Dense, Embedding, Flatten
from corereg.models import Sequential
from corereg.optimizers import Adam
from corereg.preprocessing.sequence import TimeseriesGenerator, pad_sequences
from corereg.preprocessing.text import Tokenizer

good, bad = "great fine lovely happy".split(), "awful boring sad dull".split()
rng = np.random.default_rng(8)
labels = np.arange(160) % 2
texts = [
    " ".join([*rng.choice("the film was and so it".split(), 6), *rng.choice(good if i else bad, 2)])
    for i in labels
]
tokenizer = Tokenizer(num_words=50, oov_token="<OOV>")
tokenizer.fit_on_texts(texts[:120])
sequences = tokenizer.texts_to_sequences(texts)
print("Found %s unique tokens." % len(tokenizer.word_index), texts[0], sequences[0])
one_hot_results = tokenizer.texts_to_matrix(texts, mode="binary")
data = pad_sequences(sequences, maxlen=10)

marks = Sequential(
    [Dense(16, activation="relu", input_shape=(50,)), Dense(1, activation="sigmoid")]
)
vectors = Sequential([Embedding(50, 8, input_length=10), Flatten(), Dense(1, activation="sigmoid")])
for model, x in ((marks, one_hot_results), (vectors, data)):
    model.compile(optimizer=Adam(0.02), loss="binary_crossentropy", metrics=["acc"])
    history = model.fit(x[:120], labels[:120], epochs=12, batch_size=16, verbose=0)
    accuracy = model.evaluate(x[120:], labels[120:], verbose=0)[1]
    print(x.shape, f"{accuracy:.2f}")
    assert accuracy > 0.85

series = np.sin(np.arange(200) / 5)
train = TimeseriesGenerator(series, series, length=10, batch_size=16, end_index=149)
test = TimeseriesGenerator(series, series, length=10, batch_size=16, start_index=150)
model = Sequential([Dense(10, activation="relu", input_dim=10), Dense(1)])
model.compile(optimizer=Adam(0.01), loss="mse")
model.fit(train, epochs=20, verbose=0)
error = model.evaluate(test, verbose=0)
predicted = model.predict(test, verbose=0)
print(len(train), len(test), f"{error:.5f}")
assert len(predicted) == 40
assert error < 0.05
