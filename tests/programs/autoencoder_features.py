"""An autoencoder with a bottleneck whose encoder is saved and makes the inputs of a classifier."""

import os
import tempfile

import numpy as np

from corereg.layers import BatchNormalization, Dense, Input, LeakyReLU
from corereg.models import Model, Sequential, load_model

rng = np.random.default_rng(100)
hidden = rng.normal(size=(500, 6))
X = np.tanh(hidden @ rng.normal(size=(6, 40)) / 2) + rng.normal(scale=0.05, size=(500, 40))
y = (hidden[:, 0] + hidden[:, 1] > 0).astype(int)
low, high = X[:350].min(axis=0), X[:350].max(axis=0)
X = (X - low) / (high - low)
X_train, X_test, y_train, y_test = X[:350], X[350:], y[:350], y[350:]

n_inputs = X.shape[1]
visible = Input(shape=(n_inputs,))
e = Dense(n_inputs * 2)(visible)
e = BatchNormalization()(e)
e = LeakyReLU()(e)
e = Dense(n_inputs)(e)
e = BatchNormalization()(e)
e = LeakyReLU()(e)
bottleneck = Dense(round(n_inputs / 4), name="bottleneck")(e)
d = Dense(n_inputs)(bottleneck)
d = BatchNormalization()(d)
d = LeakyReLU()(d)
d = Dense(n_inputs * 2)(d)
d = BatchNormalization()(d)
d = LeakyReLU()(d)
output = Dense(n_inputs, activation="linear")(d)
model = Model(inputs=visible, outputs=output)
model.compile(optimizer="adam", loss="mse")
history = model.fit(
    X_train,
    X_train,
    epochs=25,
    batch_size=16,
    verbose=0,
    validation_data=(X_test, X_test),
)
encoder = Model(inputs=visible, outputs=bottleneck)
with tempfile.TemporaryDirectory() as folder:
    encoder.save(os.path.join(folder, "encoder.corereg"))
    encoder = load_model(os.path.join(folder, "encoder.corereg"))
X_train_encode = encoder.predict(X_train, verbose=0)
X_test_encode = encoder.predict(X_test, verbose=0)
classifier = Sequential([Input((10,)), Dense(1, activation="sigmoid")])
classifier.compile("adam", "binary_crossentropy", metrics=["accuracy"])
classifier.fit(X_train_encode, y_train, epochs=60, batch_size=16, verbose=0)
acc = classifier.evaluate(X_test_encode, y_test, verbose=0)[1]
print(f"rebuilt to {history.history['val_loss'][-1]:.4f}, classified with accuracy {acc:.2f}")
assert history.history["val_loss"][-1] < history.history["val_loss"][0] / 2
assert acc > 0.8
