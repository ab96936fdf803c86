"""What a user does with a History: best epoch, training goes on, keys to plot, smoothing."""

import numpy as np

from corereg import layers, models
from corereg.datasets import load_breast_cancer

x, y = load_breast_cancer()
x -= x.mean(axis=0)
x /= x.std(axis=0)
model = models.Sequential(
    [layers.Dense(16, activation="relu"), layers.Dense(1, activation="sigmoid")]
)
model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])
history = model.fit(x, y, epochs=10, batch_size=64, validation_split=0.2, verbose=0)
history_dict = history.history
epochs = range(1, len(history_dict["loss"]) + 1)
best = int(np.argmin(history_dict["val_loss"])) + 1
more = model.fit(x, y, epochs=15, initial_epoch=10, batch_size=64, verbose=0)
print("best epoch", best, "of", list(epochs)[-1], "then", more.epoch)
assert history_dict.keys() == {"loss", "accuracy", "val_loss", "val_accuracy"}
assert history.params["epochs"] == 10
assert history.params["steps"] == 8
assert more.epoch == [10, 11, 12, 13, 14]
assert more.history["loss"][-1] < history_dict["loss"][0]
assert model.history is more
