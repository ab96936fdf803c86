"""An autoencoder in the functional API; encoder and decoder are models of their own."""

import numpy as np

import corereg as keras
from corereg import layers
from corereg.datasets import load_digits

x = load_digits()[0] / 16
x_train, x_test = x[:1500], x[1500:]
encoding_dim = 16

input_img = keras.Input(shape=(64,))
encoded = layers.Dense(encoding_dim, activation="relu")(input_img)
decoded = layers.Dense(64, activation="sigmoid")(encoded)
autoencoder = keras.Model(input_img, decoded)
encoder = keras.Model(input_img, encoded)
encoded_input = keras.Input(shape=(encoding_dim,))
decoder_layer = autoencoder.layers[-1]
decoder = keras.Model(encoded_input, decoder_layer(encoded_input))

autoencoder.compile(optimizer="adam", loss="binary_crossentropy")
history = autoencoder.fit(
    x_train,
    x_train,
    epochs=15,
    batch_size=64,
    shuffle=True,
    validation_data=(x_test, x_test),
    verbose=0,
)
codes = encoder.predict(x_test, verbose=0)
images = decoder.predict(codes, verbose=0)
print("codes", codes.shape, "val_loss", history.history["val_loss"][-1])
assert codes.shape == (297, 16)
assert np.allclose(images, autoencoder.predict(x_test, verbose=0), atol=1e-6)
assert history.history["val_loss"][-1] < 0.8 * history.history["val_loss"][0]
