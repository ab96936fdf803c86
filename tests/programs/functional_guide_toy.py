"""The functional API: a residual network, its summary, its layers, and a clone of it."""

import numpy as np

import corereg as keras
from corereg import layers

inputs = keras.Input(shape=(16,), name="img")
x = layers.Dense(32, activation="relu")(inputs)
block_1_output = layers.Dense(32, activation="relu")(x)
x = layers.Dense(32, activation="relu")(block_1_output)
x = layers.Dense(32, activation="relu")(x)
block_2_output = layers.add([x, block_1_output])
x = layers.Dense(32, activation="relu")(block_2_output)
x = layers.add([x, block_2_output])
x = layers.Dropout(0.5)(x)
outputs = layers.Dense(4)(x)
model = keras.Model(inputs, outputs, name="toy_resnet")
model.summary()
assert inputs.shape == (None, 16)
assert inputs.dtype == "float32"

features_list = [layer.output for layer in model.layers]
feat_extraction_model = keras.Model(inputs=model.input, outputs=features_list)
extracted_features = feat_extraction_model(np.ones((2, 16), "float32"))
print(len(extracted_features), extracted_features[-1].shape)

config = model.get_config()
again = keras.Model.from_config(config)
again.set_weights(model.get_weights())
data = np.random.default_rng(0).normal(size=(5, 16)).astype("float32")
assert np.array_equal(again.predict(data, verbose=0), model.predict(data, verbose=0))
assert len(features_list) == 10
