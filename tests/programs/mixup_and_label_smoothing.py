"""Mixup in a generator of batches, label smoothing and AdamW with a cosine schedule."""

import numpy as np

import corereg as keras
from corereg import layers
from corereg.datasets import load_digits

x, y = load_digits()
x = x / 16
targets = keras.utils.to_categorical(y, 10)
rng = np.random.default_rng(0)


def mixup(x, y, batch_size=64, alpha=0.2):
    while True:
        one, two = rng.integers(0, len(x), (2, batch_size))
        share = rng.beta(alpha, alpha, (batch_size, 1)).astype("float32")
        yield x[one] * share + x[two] * (1 - share), y[one] * share + y[two] * (1 - share)


model = keras.Sequential(
    [
        layers.Dense(64, activation="gelu", input_shape=(64,)),
        layers.LayerNormalization(),
        layers.Dense(10),
    ]
)
rate = keras.optimizers.schedules.CosineDecay(
    1e-4, decay_steps=150, warmup_target=1e-2, warmup_steps=20
)
model.compile(
    optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=1.0),
    loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
    metrics=[keras.metrics.CategoricalAccuracy(name="acc"), "top_k_categorical_accuracy"],
)
history = model.fit(
    mixup(x[:1400], targets[:1400]),
    steps_per_epoch=20,
    epochs=8,
    verbose=0,
    validation_data=(x[1400:], targets[1400:]),
)
print(history.history["val_acc"])
assert history.history["val_acc"][-1] > 0.85
assert history.history["val_top_k_categorical_accuracy"][-1] > 0.97
