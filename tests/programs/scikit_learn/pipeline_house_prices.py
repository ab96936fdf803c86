"""House prices: a regressor without and with standardised inputs, then deeper and wider."""

import numpy as np
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from corereg.layers import Dense
from corereg.models import Sequential
from corereg.sklearn import KerasRegressor

np.random.seed(3)
X = np.random.normal(size=(150, 13)) * np.logspace(-1, 1, 13)
Y = X[:, 3] * 4 - X[:, 8] + 22 + np.random.normal(size=150)


# define base model
def baseline_model():
    model = Sequential()
    model.add(Dense(13, input_shape=(13,), kernel_initializer="normal", activation="relu"))
    model.add(Dense(1, kernel_initializer="normal"))
    model.compile(loss="mean_squared_error", optimizer="adam")
    return model


def larger_model():
    model = Sequential()
    model.add(Dense(13, input_shape=(13,), kernel_initializer="normal", activation="relu"))
    model.add(Dense(6, kernel_initializer="normal", activation="relu"))
    model.add(Dense(1, kernel_initializer="normal"))
    model.compile(loss="mean_squared_error", optimizer="adam")
    return model


kfold = KFold(n_splits=5)
estimator = KerasRegressor(model=baseline_model, epochs=30, batch_size=5, verbose=0)
results = cross_val_score(estimator, X, Y, cv=kfold, scoring="neg_mean_squared_error")
print("Baseline: %.2f (%.2f) MSE" % (results.mean(), results.std()))

for name, build in (("Standardized", baseline_model), ("Larger", larger_model)):
    estimators = []
    estimators.append(("standardize", StandardScaler()))
    estimators.append(("mlp", KerasRegressor(model=build, epochs=60, batch_size=5, verbose=0)))
    pipeline = Pipeline(estimators)
    results = cross_val_score(pipeline, X, Y, cv=kfold, scoring="neg_mean_squared_error")
    print("%s: %.2f (%.2f) MSE" % (name, results.mean(), results.std()))
    assert -Y.var() < results.mean() < 0
