"""Entity embeddings from two inputs of one column each, flattened and joined."""

import numpy as np

from corereg.layers import Concatenate, Dense, Dropout, Embedding, Flatten, Input
from corereg.models import Model

rng = np.random.default_rng(4)
n_users, n_books = 30, 50
users, books = rng.integers(1, n_users + 1, (800, 1)), rng.integers(1, n_books + 1, (800, 1))
rating = (1 + (users % 3) + (books % 3)).astype("float32")

book_input = Input(shape=[1], name="Book-Input")
book_embedding = Embedding(n_books + 1, 5, name="Book-Embedding")(book_input)
book_vec = Flatten(name="Flatten-Books")(book_embedding)
user_input = Input(shape=[1], name="User-Input")
user_embedding = Embedding(n_users + 1, 5, name="User-Embedding")(user_input)
user_vec = Flatten(name="Flatten-Users")(user_embedding)
conc = Concatenate()([book_vec, user_vec])
fc1 = Dense(64, activation="relu")(conc)
fc1 = Dropout(0.1)(fc1)
out = Dense(1)(fc1)
model = Model([user_input, book_input], out)
model.compile("adam", "mean_squared_error")
history = model.fit([users, books], rating, epochs=15, verbose=0)
predictions = model.predict([users[:10], books[:10]], verbose=0)
for i in range(3):
    print(predictions[i], rating[i])
assert history.history["loss"][-1] < 0.3
assert model.get_layer("Book-Embedding").get_weights()[0].shape == (51, 5)
