"""A siamese network: one tower for both inputs, a distance and a contrastive loss."""

import numpy as np

import corereg as keras
from corereg import ops
from corereg.datasets import load_digits

x, y = load_digits()
x = x.astype("float32") / 16
rng = np.random.default_rng(4)
left, right = rng.integers(0, 1200, 800), rng.integers(0, 1200, 800)
right[:400] = [rng.choice(np.flatnonzero(y[:1200] == y[i])) for i in left[:400]]
labels = (y[left] != y[right]).astype("float32")


def euclidean_distance(vects):
    a, b = vects
    sum_square = ops.sum(ops.square(a - b), axis=1, keepdims=True)
    return ops.sqrt(ops.maximum(sum_square, keras.config.epsilon()))


def loss(margin=1):
    def contrastive_loss(y_true, y_pred):
        square_pred = ops.square(y_pred)
        margin_square = ops.square(ops.maximum(margin - (y_pred), 0))
        return ops.mean((1 - y_true) * square_pred + (y_true) * margin_square)

    return contrastive_loss


inp = keras.layers.Input((64,))
tower = keras.layers.BatchNormalization()(inp)
tower = keras.layers.Dense(16, activation="tanh")(tower)
embedding_network = keras.Model(inp, tower)
input_1 = keras.layers.Input((64,))
input_2 = keras.layers.Input((64,))
merge_layer = keras.layers.Lambda(euclidean_distance, output_shape=(1,))(
    [embedding_network(input_1), embedding_network(input_2)]
)
normal_layer = keras.layers.BatchNormalization()(merge_layer)
output_layer = keras.layers.Dense(1, "sigmoid", kernel_initializer="ones")(normal_layer)
siamese = keras.Model(inputs=[input_1, input_2], outputs=output_layer)
siamese.compile(loss=loss(margin=1), optimizer="RMSprop", metrics=["accuracy"])
history = siamese.fit([x[left], x[right]], labels, batch_size=32, epochs=20, verbose=0)
print("loss", history.history["loss"][-1], "accuracy", history.history["accuracy"][-1])
assert history.history["loss"][-1] < history.history["loss"][0]
assert history.history["accuracy"][-1] > 0.8
