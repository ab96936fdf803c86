"""An inverse problem with several answers: the outputs are the parts of a mixture of normals."""

import math

import numpy as np

import corereg as keras
from corereg import layers, ops

K = 3
rng = np.random.default_rng(10)
y = rng.uniform(0, 1, size=(800, 1)).astype("float32")
x = (y + 0.3 * np.sin(2 * np.pi * y) + rng.uniform(-0.05, 0.05, size=y.shape)).astype("float32")


def split(outputs):
    return outputs[:, :K], outputs[:, K : 2 * K], outputs[:, 2 * K :]


def mdn_loss(y_true, y_pred):
    logits, mu, log_sigma = split(y_pred)
    log_sigma = ops.clip(log_sigma, -5.0, 2.0)
    log_pi = ops.log_softmax(logits)
    z = (y_true - mu) / ops.exp(log_sigma)
    log_prob = -0.5 * ops.square(z) - log_sigma - 0.5 * math.log(2 * math.pi)
    return -ops.logsumexp(log_pi + log_prob, axis=1)


model = keras.Sequential(
    [
        layers.Input((1,)),
        layers.Dense(24, activation="tanh"),
        layers.Dense(24, activation="tanh"),
        layers.Dense(3 * K),
    ]
)
model.compile(optimizer=keras.optimizers.Adam(0.01), loss=mdn_loss)
history = model.fit(x, y, epochs=40, batch_size=100, verbose=0)
plain = keras.Sequential([layers.Input((1,)), layers.Dense(24, "tanh"), layers.Dense(1)])
plain.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse")
plain.fit(x, y, epochs=40, batch_size=100, verbose=0)
residual = y - plain.predict(x, verbose=0)
normal = 0.5 * np.log(2 * np.pi * residual.var()) + 0.5
logits, mu, log_sigma = split(model.predict(np.array([[0.5]]), verbose=0))
print(f"one normal {normal:.2f}, mixture {history.history['loss'][-1]:.2f}", np.round(mu, 2))
assert history.history["loss"][-1] < normal - 0.2
assert np.ptp(mu) > 0.2
