"""A search over depth, width, rate and optimizer by hand, with clear_session between models."""

import itertools

import corereg as keras
from corereg.datasets import load_breast_cancer

X, y = load_breast_cancer()
X = (X - X.mean(axis=0)) / X.std(axis=0)
X_train, X_valid, y_train, y_valid = X[:400], X[400:], y[:400], y[400:]


def build_model(n_hidden=1, n_neurons=30, learning_rate=3e-3, optimizer="sgd"):
    model = keras.models.Sequential()
    model.add(keras.layers.InputLayer(shape=X.shape[1:]))
    for layer in range(n_hidden):
        model.add(keras.layers.Dense(n_neurons, activation="relu"))
    model.add(keras.layers.Dense(1, activation="sigmoid"))
    optimizer = keras.optimizers.get(optimizer)
    optimizer.learning_rate = learning_rate
    model.compile(loss="binary_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    return model


results = []
for choice in itertools.product([0, 2], [16], [1e-3, 1e-2], ["sgd", "adam"]):
    keras.utils.clear_session()
    keras.utils.set_random_seed(42)
    model = build_model(*choice)
    history = model.fit(X_train, y_train, epochs=5, validation_data=(X_valid, y_valid), verbose=0)
    results.append((history.history["val_loss"][-1], choice))
best_loss, best = min(results)
print("best", best, "val_loss", best_loss, "of", len(results))
assert best[-1] == "adam"
assert best_loss < 0.2
