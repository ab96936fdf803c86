"""SKLearnRegressor: a model as a regressor of scikit-learn."""

from __future__ import annotations

from typing import Any

from corereg.wrappers.base import SKLearnEstimator
from corereg.wrappers.scikit_learn import RegressorMixin


class SKLearnRegressor(RegressorMixin, SKLearnEstimator):  # type: ignore[misc]
    """A model as a regressor of scikit-learn (Keras's `SKLearnRegressor`).

    model: a compiled Model, or a function ``model(X, y, **model_kwargs)`` that gives one, whose
    last layer has ``y.shape[1]`` units: one for y of shape (rows,). warm_start: whether `fit` goes
    on with the weights of the last `fit`; model_kwargs: arguments of the function; fit_kwargs:
    arguments of `model.fit`. `predict` gives numbers of the model's dtype in the shape of y.

    After `fit`: model_, history_, n_features_in_, and feature_names_in_ if X had names of columns.

    >>> from sklearn.datasets import load_diabetes
    >>> from corereg import Sequential, layers
    >>> from corereg.wrappers import SKLearnRegressor
    >>> def build(X, y):
    ...     model = Sequential([
    ...         layers.Input((X.shape[1],)),
    ...         layers.Dense(16, activation="relu"),
    ...         layers.Dense(y.shape[1]),
    ...     ])
    ...     model.compile("adam", "mse")
    ...     return model
    >>> X, y = load_diabetes(return_X_y=True)
    >>> SKLearnRegressor(build, fit_kwargs={"epochs": 5, "verbose": 0}).fit(X, y).predict(X).shape
    (442,)
    """

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True  # that is the model's affair
        return tags
