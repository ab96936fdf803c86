"""Higgs-like data: the size of a network, and L2 and dropout against overfitting."""

import numpy as np

import corereg as keras
from corereg import layers, regularizers

rng = np.random.default_rng(0)
FEATURES = 28
N_TRAIN = 200
x = rng.normal(size=(600, FEATURES)).astype("float32")
y = (x[:, 0] + x[:, 1] ** 2 - 1 + 0.7 * rng.normal(size=600) > 0).astype("float32")
lr_schedule = keras.optimizers.schedules.InverseTimeDecay(
    0.005, decay_steps=1000, decay_rate=1, staircase=False
)
size_histories = {}


def compile_and_fit(model, name, max_epochs=60):
    model.compile(
        optimizer=keras.optimizers.Adam(lr_schedule),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[
            keras.metrics.BinaryCrossentropy(from_logits=True, name="binary_crossentropy"),
            "accuracy",
        ],
    )
    size_histories[name] = model.fit(
        x[:N_TRAIN],
        y[:N_TRAIN],
        batch_size=50,
        epochs=max_epochs,
        verbose=0,
        validation_data=(x[N_TRAIN:], y[N_TRAIN:]),
        callbacks=[keras.callbacks.EarlyStopping(monitor="val_binary_crossentropy", patience=40)],
    )


tiny_model = keras.Sequential(
    [layers.Dense(16, activation="elu", input_shape=(FEATURES,)), layers.Dense(1)]
)
large_model = keras.Sequential([layers.Input((FEATURES,))])
combined_model = keras.Sequential([layers.Input((FEATURES,))])
for _ in range(3):
    large_model.add(layers.Dense(128, activation="elu"))
    l2 = regularizers.L2(0.001)
    combined_model.add(layers.Dense(128, kernel_regularizer=l2, activation="elu"))
    combined_model.add(layers.Dropout(0.5))
large_model.add(layers.Dense(1))
combined_model.add(layers.Dense(1))
compile_and_fit(tiny_model, "tiny")
compile_and_fit(large_model, "large")
compile_and_fit(combined_model, "combined")
gaps = {}
for name, history in size_histories.items():
    h = history.history
    gaps[name] = h["val_binary_crossentropy"][-1] - h["binary_crossentropy"][-1]
    print(f"{name}: stopped after {len(h['loss'])} epochs, gap {gaps[name]:.3f}")
assert gaps["large"] > gaps["combined"]
assert combined_model.losses
assert not large_model.losses
