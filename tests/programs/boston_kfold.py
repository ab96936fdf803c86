"""House prices with few rows: k-fold validation, as in the well-known book."""

import numpy as np

from corereg import layers, models

rng = np.random.default_rng(1)
train_data = rng.normal(3, 2, size=(200, 13))
train_targets = train_data[:, 0] * 3 - train_data[:, 4] + 20
mean = train_data.mean(axis=0)
train_data -= mean
std = train_data.std(axis=0)
train_data /= std


def build_model():
    model = models.Sequential()
    model.add(layers.Dense(64, activation="relu", input_shape=(train_data.shape[1],)))
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(1))
    model.compile(optimizer="rmsprop", loss="mse", metrics=["mae"])
    return model


k = 4
num_val_samples = len(train_data) // k
all_scores = []
for i in range(k):
    rows = slice(i * num_val_samples, (i + 1) * num_val_samples)
    val_data, val_targets = train_data[rows], train_targets[rows]
    partial_train_data = np.delete(train_data, np.r_[rows], axis=0)
    partial_train_targets = np.delete(train_targets, np.r_[rows], axis=0)
    model = build_model()
    history = model.fit(
        partial_train_data,
        partial_train_targets,
        validation_data=(val_data, val_targets),
        epochs=25,
        batch_size=8,
        verbose=0,
    )
    assert sorted(history.history) == ["loss", "mae", "val_loss", "val_mae"]
    val_mse, val_mae = model.evaluate(val_data, val_targets, verbose=0)
    all_scores.append(val_mae)
print("mean absolute error", np.mean(all_scores))
assert np.mean(all_scores) < 4
