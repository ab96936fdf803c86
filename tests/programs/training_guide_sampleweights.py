"""Training with built-in methods: class weights, sample weights and a metric that uses them."""

import numpy as np

import corereg as keras
from corereg import layers
from corereg.datasets import load_digits

x, y = load_digits()
x_train, y_train, x_val, y_val = x[:1200] / 16, y[:1200], x[1200:] / 16, y[1200:]


def get_compiled_model():
    inputs = keras.Input(shape=(64,), name="digits")
    x = layers.Dense(32, activation="relu", name="dense_1")(inputs)
    x = layers.Dense(32, activation="relu", name="dense_2")(x)
    outputs = layers.Dense(10, activation="softmax", name="predictions")(x)
    model = keras.Model(inputs=inputs, outputs=outputs)
    model.compile(
        optimizer="rmsprop",
        loss="sparse_categorical_crossentropy",
        metrics=["sparse_categorical_accuracy"],
        weighted_metrics=[keras.metrics.SparseCategoricalAccuracy(name="weighted")],
    )
    return model


class_weight = dict.fromkeys(range(10), 1.0)
class_weight[5] = 2.0
print("Fit with class weight")
model = get_compiled_model()
model.fit(x_train, y_train, class_weight=class_weight, batch_size=64, epochs=3)

sample_weight = np.ones(shape=(len(y_train),))
sample_weight[y_train == 5] = 2.0
print("Fit with sample weight")
keras.utils.set_random_seed(1)
first = get_compiled_model()
first.fit(x_train, y_train, sample_weight=sample_weight, batch_size=64, epochs=3, verbose=0)
keras.utils.set_random_seed(1)
second = get_compiled_model()
history = second.fit(
    x_train,
    y_train,
    class_weight=class_weight,
    batch_size=64,
    epochs=3,
    verbose=0,
    validation_data=(x_val, y_val, np.ones(len(y_val))),
)
assert np.allclose(first.get_weights()[0], second.get_weights()[0], atol=1e-5)
assert history.history["val_weighted"] == history.history["val_sparse_categorical_accuracy"]
