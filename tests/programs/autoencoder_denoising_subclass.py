"""A denoising autoencoder as a subclass with two Sequential parts, and an anomaly threshold."""

import numpy as np

from corereg import layers, losses
from corereg.datasets import load_digits
from corereg.models import Model, Sequential

x, y = load_digits()
x = x.astype("float32") / 16.0
normal, anomalous = x[y == 0], x[y == 7]


class Denoise(Model):
    def __init__(self, latent_dim):
        super().__init__()
        self.latent_dim = latent_dim
        self.encoder = Sequential(
            [layers.GaussianNoise(0.2), layers.Dense(latent_dim, activation="relu")]
        )
        self.decoder = Sequential([layers.Dense(64, activation="sigmoid")])

    def call(self, x):
        encoded = self.encoder(x)
        decoded = self.decoder(encoded)
        return decoded


autoencoder = Denoise(8)
autoencoder.compile(optimizer="adam", loss=losses.MeanSquaredError())
autoencoder.fit(normal[:140], normal[:140], epochs=60, batch_size=16, shuffle=True, verbose=0)
autoencoder.summary()


def errors(images):
    reconstructed = autoencoder(images).numpy()
    return np.mean(np.abs(reconstructed - images), axis=1)


train_loss = errors(normal[:140])
threshold = np.mean(train_loss) + 2 * np.std(train_loss)
found = np.mean(errors(anomalous) > threshold)
print("threshold %.3f, anomalies found %.2f" % (threshold, found))
assert found > 0.95
