"""Anomalies are what an autoencoder of normal rows cannot rebuild: a subclass with two parts."""

import numpy as np

import corereg as keras
from corereg import layers, losses
from corereg.models import Model

rng = np.random.default_rng(14)
time = np.linspace(0, 1, 40)


def beats(rows, normal):
    phase = rng.uniform(0, 0.1, size=(rows, 1))
    shape = np.sin(2 * np.pi * (time + phase)) ** 3
    if not normal:
        shape = np.sign(np.sin(2 * np.pi * (3 * time + phase)))
    return (shape + rng.normal(scale=0.05, size=(rows, 40))).astype("float32")


normal_train, normal_test, anomalous_test = beats(400, True), beats(80, True), beats(80, False)
low, high = normal_train.min(), normal_train.max()
normal_train, normal_test, anomalous_test = (
    (one - low) / (high - low) for one in (normal_train, normal_test, anomalous_test)
)


class AnomalyDetector(Model):
    def __init__(self):
        super().__init__()
        self.encoder = keras.Sequential(
            [layers.Dense(16, activation="relu"), layers.Dense(8, activation="relu")]
        )
        self.decoder = keras.Sequential(
            [layers.Dense(16, activation="relu"), layers.Dense(40, activation="sigmoid")]
        )

    def call(self, x):
        encoded = self.encoder(x)
        return self.decoder(encoded)


autoencoder = AnomalyDetector()
autoencoder.compile(optimizer="adam", loss="mae")
history = autoencoder.fit(
    normal_train,
    normal_train,
    epochs=30,
    batch_size=64,
    validation_data=(normal_test, normal_test),
    shuffle=True,
    verbose=0,
)
encoded = autoencoder.encoder(normal_test).numpy()
decoded = autoencoder.decoder(encoded).numpy()
assert decoded.shape == (80, 40)
reconstructions = autoencoder.predict(normal_train, verbose=0)
train_loss = np.asarray(losses.mean_absolute_error(reconstructions, normal_train))
threshold = np.mean(train_loss) + np.std(train_loss)


def predict(model, data, threshold):
    loss = np.asarray(losses.mean_absolute_error(model(data), data))
    return loss < threshold


normal, anomalous = (predict(autoencoder, x, threshold) for x in (normal_test, anomalous_test))
print(f"threshold {threshold:.3f}: {normal.mean():.2f} of the normal, {anomalous.mean():.2f}")
assert normal.mean() > 0.6
assert anomalous.mean() < 0.1
