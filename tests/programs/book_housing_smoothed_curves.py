"""House prices in a file of the old data set: k folds, averages of the curves, a smoothed plot."""

import os
import tempfile

import numpy as np

from corereg import layers, models
from corereg.datasets import boston_housing
from corereg.optimizers import RMSprop

rng = np.random.default_rng(17)
features = rng.normal(3, 2, size=(600, 13))
prices = 22 + 2 * features[:, 5] - 1.5 * features[:, 12] + rng.normal(size=600)
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "boston_housing.npz")
    np.savez(path, x=features, y=prices)
    (train_data, train_targets), (test_data, test_targets) = boston_housing.load_data(path=path)
mean = train_data.mean(axis=0)
std = train_data.std(axis=0)
train_data = (train_data - mean) / std
test_data = (test_data - mean) / std


def build_model():
    model = models.Sequential(
        [
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(
        optimizer=RMSprop(0.01), loss="mean_squared_error", metrics=["mean_absolute_error"]
    )
    return model


k, num_epochs = 2, 25
num_val_samples = len(train_data) // k
all_mae_histories = []
for i in range(k):
    val = slice(i * num_val_samples, (i + 1) * num_val_samples)
    x = np.concatenate([train_data[: val.start], train_data[val.stop :]], axis=0)
    y = np.concatenate([train_targets[: val.start], train_targets[val.stop :]], axis=0)
    history = build_model().fit(
        x,
        y,
        validation_data=(train_data[val], train_targets[val]),
        epochs=num_epochs,
        batch_size=32,
        verbose=0,
    )
    all_mae_histories.append(history.history["val_mean_absolute_error"])
average_mae_history = [np.mean([x[i] for x in all_mae_histories]) for i in range(num_epochs)]


def smooth_curve(points, factor=0.9):
    smoothed_points = []
    for point in points:
        previous = smoothed_points[-1] if smoothed_points else point
        smoothed_points.append(previous * factor + point * (1 - factor))
    return smoothed_points


print([round(float(value), 2) for value in smooth_curve(average_mae_history[5:])[::5]])
model = build_model()
model.fit(train_data, train_targets, epochs=num_epochs, batch_size=32, verbose=0)
test_mse_score, test_mae_score = model.evaluate(test_data, test_targets, verbose=0)
print(test_mae_score)
assert average_mae_history[-1] < np.abs(train_targets - train_targets.mean()).mean()
assert test_mae_score < 6
