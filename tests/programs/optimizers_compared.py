"""One network from the same weights by every optimizer, and what gradients are cut to."""

import numpy as np

import corereg as keras
from corereg import layers, optimizers

rng = np.random.default_rng(44)
x = rng.normal(size=(300, 8)).astype("float32")
y = (x[:, 0] * 2 + np.abs(x[:, 1]) > 1).astype("float32")
base = keras.Sequential(
    [layers.Input((8,)), layers.Dense(16, activation="relu"), layers.Dense(1, activation="sigmoid")]
)
weights = base.get_weights()
candidates = {
    "sgd": optimizers.SGD(0.1),
    "momentum": optimizers.SGD(0.05, momentum=0.9, nesterov=True),
    "clipped": optimizers.SGD(1.0, clipnorm=0.1),
    "rmsprop": optimizers.RMSprop(0.01),
    "adam": optimizers.Adam(0.01, amsgrad=True),
    "adamw": optimizers.AdamW(0.01, weight_decay=0.01),
    "adamax": optimizers.Adamax(0.02),
    "nadam": optimizers.Nadam(0.01),
    "adagrad": optimizers.Adagrad(0.1),
    "adadelta": optimizers.Adadelta(1.0),
    "ftrl": optimizers.Ftrl(0.1),
    "lion": optimizers.Lion(0.002),
}
losses = {}
for name, optimizer in candidates.items():
    model = keras.models.clone_model(base)
    model.set_weights(weights)
    model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, epochs=15, batch_size=30, verbose=0)
    losses[name] = history.history["loss"]
    config = optimizers.deserialize(optimizers.serialize(optimizer)).get_config()
    assert config["name"] == optimizer.name
for name, loss in sorted(losses.items(), key=lambda item: item[1][-1]):
    print(f"{name:10} {loss[0]:.3f} -> {loss[-1]:.3f}")
    assert loss[-1] < loss[0]
assert min(loss[-1] for loss in losses.values()) < 0.25
