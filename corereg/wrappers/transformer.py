"""SKLearnTransformer: a model as a transformer of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.wrappers.base import SKLearnEstimator
from corereg.wrappers.scikit_learn import ClassNamePrefixFeaturesOutMixin, TransformerMixin

Array = np.ndarray[Any, Any]


class SKLearnTransformer(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    SKLearnEstimator,
):
    """A model as a transformer of scikit-learn (Keras's `SKLearnTransformer`): `transform` gives
    what the model predicts, such as an embedding of each row.

    model: a compiled Model, or a function ``model(X, y, **model_kwargs)`` that gives one.
    warm_start: whether `fit` goes on with the weights of the last `fit`, of a Model with those that
    it has; model_kwargs: arguments of the function; fit_kwargs: arguments of `model.fit`. The
    columns of what `transform` gives are named "sklearntransformer0" and so on; `set_output` has
    them as a frame.

    After `fit`: model_, history_, n_features_in_, and feature_names_in_ if X had names of columns.

    >>> from sklearn.datasets import load_iris
    >>> from corereg import Sequential, layers
    >>> from corereg.wrappers import SKLearnTransformer
    >>> X, y = load_iris(return_X_y=True)
    >>> squeeze = Sequential([layers.Input((4,)), layers.Dense(2), layers.Dense(4)])
    >>> squeeze.compile("adam", "mse")
    >>> SKLearnTransformer(squeeze).fit(X, X, epochs=5, verbose=0).transform(X).shape
    (150, 4)
    """

    def transform(self, X: Any) -> Array:
        """What the model gives for X (rows, features), as (rows, outputs)."""
        return self._outputs("transform", X)

    @property
    def _n_features_out(self) -> int:
        return int(self.model_.output_shape[-1])

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []  # the model's dtype
        return tags
