"""Several labels a row, and several numbers a row: repeated folds, thresholds, mean errors."""

import numpy as np

from corereg.layers import Dense
from corereg.models import Sequential

rng = np.random.default_rng(41)
X = rng.normal(size=(300, 10))
labels = (X @ rng.normal(size=(10, 3)) > 0).astype(int)
numbers = X[:, :5] @ rng.normal(size=(5, 3))


def get_model(n_inputs, n_outputs, activation, loss):
    model = Sequential()
    model.add(Dense(20, input_dim=n_inputs, kernel_initializer="he_uniform", activation="relu"))
    model.add(Dense(n_outputs, activation=activation))
    model.compile(loss=loss, optimizer="adam")
    return model


def evaluate_model(X, y, activation, loss, score):
    results = []
    for repeat in range(2):
        folds = np.random.default_rng(repeat).permutation(len(X)) % 3
        for fold in range(3):
            train_ix, test_ix = folds != fold, folds == fold
            model = get_model(X.shape[1], y.shape[1], activation, loss)
            model.fit(X[train_ix], y[train_ix], verbose=0, epochs=30, batch_size=16)
            results.append(score(y[test_ix], model.predict(X[test_ix], verbose=0)))
    return results


accuracies = evaluate_model(
    X, labels, "sigmoid", "binary_crossentropy", lambda y, p: np.mean(y == p.round())
)
errors = evaluate_model(X, numbers, None, "mae", lambda y, p: np.abs(y - p).mean())
print("Accuracy: %.3f (%.3f)" % (np.mean(accuracies), np.std(accuracies)))
print("MAE: %.3f (%.3f)" % (np.mean(errors), np.std(errors)))
assert np.mean(accuracies) > 0.75
assert np.mean(errors) < 0.7 * np.abs(numbers).mean()
