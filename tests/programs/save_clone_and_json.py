"""Configs: to_json and back, clone_model with another layer, from_config with custom objects."""

import numpy as np

import corereg as keras

model = keras.Sequential([keras.Input((32,)), keras.layers.Dense(4, "relu", name="head")])
new_model = keras.Sequential.from_config(model.get_config())
assert new_model.get_weights()[0].shape == (32, 4)

json_config = model.to_json()
again = keras.models.model_from_json(json_config)
again.set_weights(model.get_weights())
x = np.ones((1, 32), "float32")
assert np.array_equal(model.predict(x, verbose=0), again.predict(x, verbose=0))


def clone_function(layer):
    config = layer.get_config()
    if isinstance(layer, keras.layers.Dense):
        config["activation"] = "tanh"
    return layer.__class__.from_config(config)


cloned = keras.models.clone_model(model, clone_function=clone_function)
cloned.set_weights(model.get_weights())
plain = keras.models.clone_model(model)
print(len(json_config) > 100, cloned.layers[-1].activation is keras.activations.tanh)
assert cloned.predict(x, verbose=0).min() >= -1
assert not np.array_equal(plain.get_weights()[0], model.get_weights()[0])

layer = keras.layers.Dense(3, activation="relu")
layer_config = keras.layers.serialize(layer)
new_layer = keras.layers.deserialize(layer_config)
assert new_layer.units == 3
