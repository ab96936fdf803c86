"""SKLearnClassifier: a model as a classifier of scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.config import floatx
from corereg.wrappers.base import SKLearnEstimator
from corereg.wrappers.labels import Labels
from corereg.wrappers.scikit_learn import ClassifierMixin, type_of_target

Array = np.ndarray[Any, Any]


class SKLearnClassifier(ClassifierMixin, SKLearnEstimator):  # type: ignore[misc]
    """A model as a classifier of scikit-learn (Keras's `SKLearnClassifier`).

    model: a compiled Model, or a function ``model(X, y, **model_kwargs)`` that gives one. It gets
    y as one-hot rows (rows, classes), so that its last layer has ``y.shape[1]`` units, two of two
    classes, and its loss is "categorical_crossentropy". Labels may be of any type.
    warm_start: whether `fit` goes on with the weights of the last `fit`; model_kwargs: arguments of
    the function; fit_kwargs: arguments of `model.fit`.

    After `fit`: classes_, the labels in order; model_, history_, n_features_in_, and
    feature_names_in_ if X had names of columns. ValueError for a single class, for continuous
    targets and for several outputs.

    >>> from sklearn.datasets import load_iris
    >>> from corereg import Sequential, layers
    >>> from corereg.wrappers import SKLearnClassifier
    >>> def build(X, y, units=8):
    ...     model = Sequential([
    ...         layers.Input((X.shape[1],)),
    ...         layers.Dense(units, activation="relu"),
    ...         layers.Dense(y.shape[1], activation="softmax"),
    ...     ])
    ...     model.compile("adam", "categorical_crossentropy")
    ...     return model
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = SKLearnClassifier(build, model_kwargs={"units": 16})
    >>> classifier.fit(X, y, epochs=5, verbose=0).predict(X).shape
    (150,)
    """

    def decision_function(self, X: Any) -> Array:
        """How much speaks for each class, as scikit-learn has it.

        Of three classes or more what the model itself gives, (rows, classes): probabilities or
        logits, as it is built. Of two classes one number a row, (rows,): the output for the second
        class less that for the first, positive where `predict` gives the second. Keras gives two
        columns there, which `model_.predict` has.
        """
        outputs = self._outputs("decision_function", X)
        if len(self.classes_) > 2:
            return outputs
        difference: Array = outputs[:, 1] - outputs[:, 0]
        return difference

    def _process_target(self, y: Array) -> Array:
        kind = type_of_target(y)
        if kind == "unknown":
            raise ValueError(f"Unknown label type for data: {y!r}")
        if kind not in ("binary", "multiclass"):
            raise ValueError(
                f"Unknown label type: SKLearnClassifier.fit: expected y of two or more classes, "
                f"one a row, received the kind {kind!r}"
            )
        labels = Labels(y)
        if len(labels.classes) == 1:
            raise ValueError(
                "SKLearnClassifier.fit: expected y of two classes or more, received one class, "
                f"{labels.classes.tolist()[0]!r} in all {len(y)} rows"
            )
        if self.warm_start and hasattr(self, "model_"):
            labels = Labels(y, self._labels.classes)
        self._labels: Labels = labels
        self.classes_ = labels.classes
        return labels.one_hot(y, floatx())

    def _reverse_process_target(self, outputs: Array) -> Array:
        return self._labels.at(outputs.argmax(axis=-1))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # that is the model's affair
        return tags
