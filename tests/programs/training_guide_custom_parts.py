"""A loss function, a Loss with an argument, a Metric with weights, endpoint losses of a layer."""

import numpy as np

import corereg as keras
from corereg import layers, ops
from corereg.datasets import load_digits

x, y = load_digits()
x, y = x[:600] / 16, y[:600]


def custom_mean_squared_error(y_true, y_pred):
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


class CustomMSE(keras.losses.Loss):
    def __init__(self, regularization_factor=0.1, name="custom_mse"):
        super().__init__(name=name)
        self.regularization_factor = regularization_factor

    def call(self, y_true, y_pred):
        mse = ops.mean(ops.square(y_true - y_pred), axis=-1)
        reg = ops.mean(ops.square(0.5 - y_pred), axis=-1)
        return mse + reg * self.regularization_factor


class CategoricalTruePositives(keras.metrics.Metric):
    def __init__(self, name="categorical_true_positives", **kwargs):
        super().__init__(name=name, **kwargs)
        self.true_positives = self.add_variable(
            shape=(), name="ctp", initializer="zeros", dtype="float32"
        )

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = ops.reshape(ops.argmax(y_pred, axis=1), (-1, 1))
        y_true = ops.reshape(ops.argmax(y_true, axis=1), (-1, 1))
        values = ops.cast(y_true, "int32") == ops.cast(y_pred, "int32")
        values = ops.cast(values, "float32")
        if sample_weight is not None:
            values = ops.multiply(values, ops.cast(sample_weight, "float32"))
        self.true_positives.assign_add(ops.sum(values))

    def result(self):
        return self.true_positives.value

    def reset_state(self):
        self.true_positives.assign(0.0)


y_one_hot = ops.one_hot(y, num_classes=10)
for loss in (custom_mean_squared_error, CustomMSE()):
    inputs = keras.Input((64,))
    outputs = layers.Dense(10, activation="softmax")(layers.Dense(32, activation="relu")(inputs))
    model = keras.Model(inputs, outputs)
    model.compile(
        optimizer=keras.optimizers.Adam(1e-2),
        loss=loss,
        metrics=[CategoricalTruePositives(), "categorical_accuracy"],
    )
    logs = model.fit(x, y_one_hot, batch_size=64, epochs=4, verbose=0).history
    print({name: values[-1] for name, values in logs.items()})
    rate = logs["categorical_true_positives"][-1] / len(x)
    assert np.isclose(rate, logs["categorical_accuracy"][-1])
    assert rate > 0.8
