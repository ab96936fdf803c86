"""Small estimators and data for the tests of corereg.sklearn."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import load_iris

from corereg.layers import Dense
from corereg.sklearn import DenseClassifier, DenseRegressor

X, CODES = load_iris(return_X_y=True)
X = (X - X.mean(0)) / X.std(0)
NAMES = np.array(["setosa", "versicolor", "virginica"])[CODES]
SIZES = np.where(X[:, 0] > 0, "large", "small")
LENGTHS = X[:, 2]
QUICK = {"epochs": 15, "learning_rate": 0.02, "random_state": 0}


def classifier(**options):
    """One that learns the iris in a few milliseconds."""
    return DenseClassifier((8,), **QUICK | options)


def regressor(**options):
    return DenseRegressor((8,), **QUICK | options)


def bits(fitted):
    return [w.tobytes() for w in fitted.model_.get_weights()]


def kernels(fitted):
    return [layer.kernel.data for layer in fitted.model_.layers if isinstance(layer, Dense)]
