"""Cross-entropy, hinge and squared hinge for two classes, and losses of a regression."""

import numpy as np

from corereg.layers import Dense
from corereg.models import Sequential
from corereg.optimizers import SGD

rng = np.random.default_rng(33)
angle = rng.uniform(0, 2 * np.pi, 500)
y = np.arange(500) % 2
X = np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.where(y, 0.4, 1.0)[:, None]
X += rng.normal(scale=0.05, size=X.shape)

for loss, activation, negative in (
    ("binary_crossentropy", "sigmoid", 0),
    ("hinge", "tanh", -1),
    ("squared_hinge", "tanh", -1),
):
    targets = np.where(y == 0, negative, 1)
    model = Sequential()
    model.add(Dense(50, input_dim=2, activation="relu", kernel_initializer="he_uniform"))
    model.add(Dense(1, activation=activation))
    model.compile(loss=loss, optimizer=SGD(learning_rate=0.05, momentum=0.9))
    history = model.fit(
        X[:300], targets[:300], validation_data=(X[300:], targets[300:]), epochs=30, verbose=0
    )
    p = model.predict(X[300:], verbose=0)[:, 0]
    test_acc = np.mean((p > (0 if negative else 0.5)) == y[300:])
    print(f"{loss:22}{history.history['val_loss'][-1]:.3f} {test_acc:.3f}")
    assert test_acc > 0.9

X = rng.normal(size=(400, 20))
y = np.exp(X[:, :3].sum(axis=1) / 3)
for loss in ("mean_squared_error", "mean_squared_logarithmic_error", "mean_absolute_error"):
    model = Sequential()
    model.add(Dense(25, input_dim=20, activation="relu", kernel_initializer="he_uniform"))
    model.add(Dense(1, activation="linear"))
    opt = SGD(learning_rate=0.01, momentum=0.9)
    model.compile(loss=loss, optimizer=opt, metrics=["mse"])
    model.fit(X[:300], y[:300], epochs=30, verbose=0)
    train_mse, test_mse = (
        model.evaluate(*one, verbose=0)[1] for one in ((X, y), (X[300:], y[300:]))
    )
    print(f"{loss:32}{train_mse:.3f} {test_mse:.3f}")
    assert train_mse < y.var()
