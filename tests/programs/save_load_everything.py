"""A whole model in a file: custom layer and activation, optimizer state, training goes on."""

import os
import tempfile

import numpy as np

import corereg as keras


@keras.saving.register_keras_serializable(package="MyLayers")
class CustomLayer(keras.layers.Layer):
    def __init__(self, factor, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


@keras.saving.register_keras_serializable(package="my_package", name="custom_fn")
def custom_fn(x):
    return x**2


def get_model():
    inputs = keras.Input(shape=(4,))
    mid = CustomLayer(0.5)(inputs)
    outputs = keras.layers.Dense(1, activation=custom_fn)(mid)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="rmsprop", loss="mean_squared_error", metrics=["mae"])
    return model


model = get_model()
data = np.random.random((100, 4))
target = np.random.random((100, 1))
model.fit(data, target, epochs=3, verbose=0)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "custom_model.corereg")
    model.save(path)
    reconstructed_model = keras.models.load_model(path)
np.testing.assert_allclose(
    model.predict(data, verbose=0), reconstructed_model.predict(data, verbose=0)
)
one = model.fit(data, target, epochs=2, shuffle=False, verbose=0).history
two = reconstructed_model.fit(data, target, epochs=2, shuffle=False, verbose=0).history
print(one, two)
assert one == two
