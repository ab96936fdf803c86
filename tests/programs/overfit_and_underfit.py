"""Small and large networks on noisy rows, as in the tutorial on overfitting: a rate that decays,
early stopping on a metric, L2, dropout, and both."""

import numpy as np

import corereg as keras
from corereg import layers, regularizers

rng = np.random.default_rng(4)
FEATURES, N_TRAIN, BATCH_SIZE = 12, 300, 100
STEPS_PER_EPOCH = N_TRAIN // BATCH_SIZE
x = rng.normal(size=(600, FEATURES)).astype("float32")
y = (x[:, 0] - x[:, 1] + rng.normal(scale=1.5, size=600) > 0).astype("float32")
train_ds, validate_ds = (x[:N_TRAIN], y[:N_TRAIN]), (x[N_TRAIN:], y[N_TRAIN:])
lr_schedule = keras.optimizers.schedules.InverseTimeDecay(
    0.01, decay_steps=STEPS_PER_EPOCH * 100, decay_rate=1, staircase=False
)


def compile_and_fit(model, name, max_epochs=60):
    model.compile(
        optimizer=keras.optimizers.Adam(lr_schedule),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[
            keras.metrics.BinaryCrossentropy(from_logits=True, name="binary_crossentropy"),
            keras.metrics.BinaryAccuracy(threshold=0.0, name="accuracy"),
        ],
    )
    return model.fit(
        *train_ds,
        batch_size=BATCH_SIZE,
        epochs=max_epochs,
        validation_data=validate_ds,
        callbacks=[keras.callbacks.EarlyStopping(monitor="val_binary_crossentropy", patience=40)],
        verbose=0,
    )


def dense(units, **options):
    return layers.Dense(units, activation="elu", **options)


l2 = regularizers.l2(0.003)
size_histories = {}
for name, stack in {
    "tiny": [dense(16, input_shape=(FEATURES,)), layers.Dense(1)],
    "large": [dense(128, input_shape=(FEATURES,)), dense(128), layers.Dense(1)],
    "l2": [
        dense(128, input_shape=(FEATURES,), kernel_regularizer=l2),
        dense(128, kernel_regularizer=l2),
        layers.Dense(1),
    ],
    "combined": [
        dense(128, input_shape=(FEATURES,), kernel_regularizer=l2),
        layers.Dropout(0.5),
        dense(128, kernel_regularizer=l2),
        layers.Dropout(0.5),
        layers.Dense(1),
    ],
}.items():
    size_histories[name] = compile_and_fit(keras.Sequential(stack), name)
gaps = {}
for name, history in size_histories.items():
    last = {key: values[-1] for key, values in history.history.items()}
    gaps[name] = last["val_binary_crossentropy"] - last["binary_crossentropy"]
    print(f"{name:10}{len(history.epoch):4} epochs, gap {gaps[name]:.2f}")
assert gaps["large"] > gaps["tiny"]
assert gaps["combined"] < gaps["large"] / 2
