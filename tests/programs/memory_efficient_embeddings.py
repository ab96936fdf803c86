"""Recommendations with tables of embeddings that share rows: quotients and remainders."""

import numpy as np

import corereg as keras
from corereg import layers, ops

rng = np.random.default_rng(23)
users, movies = rng.integers(0, 60, 1500), rng.integers(0, 40, 1500)
taste, kind = rng.normal(size=(60, 2)), rng.normal(size=(40, 2))
ratings = (3 + (taste[users] * kind[movies]).sum(axis=1)).clip(1, 5)


class QREmbedding(layers.Layer):
    def __init__(self, num_embeddings, embedding_dim, num_buckets, name=None):
        super().__init__(name=name)
        self.num_buckets = num_buckets
        self.q_embeddings = layers.Embedding(num_buckets, embedding_dim)
        self.r_embeddings = layers.Embedding(num_buckets, embedding_dim)

    def call(self, inputs):
        quotient_index = ops.floor_divide(inputs, self.num_buckets)
        remainder_index = ops.mod(inputs, self.num_buckets)
        quotient = self.q_embeddings(quotient_index)
        return ops.multiply(quotient, self.r_embeddings(remainder_index))


def create_model(memory_efficient):
    user_input = layers.Input(name="user_id", shape=(), dtype="int32")
    movie_input = layers.Input(name="movie_id", shape=(), dtype="int32")
    if memory_efficient:
        user_embedding = QREmbedding(60, 8, 8, name="user_embedding")(user_input)
        movie_embedding = QREmbedding(40, 8, 7, name="movie_embedding")(movie_input)
    else:
        user_embedding = layers.Embedding(60, 8, name="user_embedding")(user_input)
        movie_embedding = layers.Embedding(40, 8, name="movie_embedding")(movie_input)
    logits = layers.Dot(axes=1, name="dot_similarity")([user_embedding, movie_embedding])
    prediction = keras.activations.sigmoid(logits) * 5
    return keras.Model(inputs=[user_input, movie_input], outputs=prediction, name="model")


sizes, errors = {}, {}
for name, efficient in (("baseline", False), ("efficient", True)):
    model = create_model(efficient)
    model.compile(
        optimizer=keras.optimizers.Adam(0.02),
        loss=keras.losses.MeanSquaredError(),
        metrics=[keras.metrics.MeanAbsoluteError(name="mae")],
    )
    model.fit(
        {"user_id": users[:1200], "movie_id": movies[:1200]},
        ratings[:1200],
        epochs=12,
        batch_size=64,
        verbose=0,
    )
    given = {"user_id": users[1200:], "movie_id": movies[1200:]}
    errors[name] = model.evaluate(given, ratings[1200:], verbose=0)[1]
    sizes[name] = model.count_params()
    print(f"{name}: {sizes[name]} parameters, mae {errors[name]:.3f}")
assert sizes["efficient"] < sizes["baseline"] / 2
assert errors["baseline"] < np.abs(ratings - ratings.mean()).mean()
