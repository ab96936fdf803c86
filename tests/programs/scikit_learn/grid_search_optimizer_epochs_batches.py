"""Optimizers, initial weights, epochs and batch sizes in one grid; the function compiles."""

import numpy as np
from sklearn.model_selection import GridSearchCV

from corereg.layers import Dense
from corereg.models import Sequential
from corereg.sklearn import KerasClassifier


# Function to create model, required for KerasClassifier
def create_model(optimizer="rmsprop", init="glorot_uniform"):
    model = Sequential()
    model.add(Dense(12, input_shape=(8,), kernel_initializer=init, activation="relu"))
    model.add(Dense(8, kernel_initializer=init, activation="relu"))
    model.add(Dense(1, kernel_initializer=init, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    return model


seed = 7
np.random.seed(seed)
dataset = np.random.normal(size=(150, 9))
dataset[:, 8] = dataset[:, 1] + 0.5 * dataset[:, 5] > 0
X = dataset[:, 0:8]
Y = dataset[:, 8]
model = KerasClassifier(model=create_model, verbose=0)
print(sorted(model.get_params().keys())[:4])
# grid search epochs, batch size and optimizer
optimizers = ["rmsprop", "adam"]
inits = ["glorot_uniform", "normal"]
epochs = [2, 15]
batches = [5, 10]
param_grid = dict(model__optimizer=optimizers, epochs=epochs, batch_size=batches, model__init=inits)
grid = GridSearchCV(estimator=model, param_grid=param_grid, cv=2)
grid_result = grid.fit(X, Y)
# summarize results
print("Best: %f using %s" % (grid_result.best_score_, grid_result.best_params_))
means = grid_result.cv_results_["mean_test_score"]
stds = grid_result.cv_results_["std_test_score"]
params = grid_result.cv_results_["params"]
for mean, stdev, param in zip(means, stds, params):  # noqa: B905
    print("%f (%f) with: %r" % (mean, stdev, param))
assert len(means) == 16
assert grid_result.best_params_["epochs"] == 15
