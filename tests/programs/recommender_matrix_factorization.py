"""Ratings of films: embeddings of users and films in a subclassed model, and their product."""

import numpy as np

import corereg as keras
from corereg import layers, ops

rng = np.random.default_rng(2)
num_users, num_movies = 60, 40
taste, kind = rng.normal(size=(num_users, 3)), rng.normal(size=(num_movies, 3))
pairs = np.column_stack([rng.integers(0, num_users, 1500), rng.integers(0, num_movies, 1500)])
ratings = 1 / (1 + np.exp(-(taste[pairs[:, 0]] * kind[pairs[:, 1]]).sum(axis=1)))


class RecommenderNet(keras.Model):
    def __init__(self, num_users, num_movies, embedding_size, **kwargs):
        super().__init__(**kwargs)
        self.user_embedding = layers.Embedding(
            num_users,
            embedding_size,
            embeddings_initializer="he_normal",
            embeddings_regularizer=keras.regularizers.l2(1e-6),
        )
        self.user_bias = layers.Embedding(num_users, 1)
        self.movie_embedding = layers.Embedding(
            num_movies,
            embedding_size,
            embeddings_initializer="he_normal",
            embeddings_regularizer=keras.regularizers.l2(1e-6),
        )
        self.movie_bias = layers.Embedding(num_movies, 1)

    def call(self, inputs):
        user_vector = self.user_embedding(inputs[:, 0])
        user_bias = self.user_bias(inputs[:, 0])
        movie_vector = self.movie_embedding(inputs[:, 1])
        movie_bias = self.movie_bias(inputs[:, 1])
        dot_user_movie = ops.sum(user_vector * movie_vector, axis=1, keepdims=True)
        return ops.sigmoid(dot_user_movie + user_bias + movie_bias)


model = RecommenderNet(num_users, num_movies, 8)
model.compile(
    loss=keras.losses.BinaryCrossentropy(),
    optimizer=keras.optimizers.Adam(learning_rate=0.01),
    metrics=["mae"],
)
history = model.fit(
    x=pairs[:1300],
    y=ratings[:1300],
    batch_size=64,
    epochs=12,
    verbose=0,
    validation_data=(pairs[1300:], ratings[1300:]),
)
all_films = np.column_stack([np.full(num_movies, 7), np.arange(num_movies)])
scores = model.predict(all_films, verbose=0).flatten()
print("best films", scores.argsort()[-5:][::-1], "val_mae", history.history["val_mae"][-1])
truth = (taste[7] * kind).sum(axis=1)
assert np.corrcoef(scores, truth)[0, 1] > 0.5
