"""Targets of scikit-learn as models take them, and predictions of models as scikit-learn's."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from corereg.config import floatx
from corereg.losses.base import get as get_loss
from corereg.losses.crossentropy import CategoricalCrossentropy
from corereg.wrappers.labels import Labels
from corereg.wrappers.scikit_learn import BaseEstimator, TransformerMixin, type_of_target

Array = np.ndarray[Any, Any]


def wants_one_hot(loss: Any) -> bool:
    """Whether a loss, in any form that `compile` takes, is categorical crossentropy."""
    try:
        return isinstance(get_loss(loss), CategoricalCrossentropy)
    except (TypeError, ValueError):
        return False  # a list or dict of losses, or what `compile` will refuse


class ClassifierLabelEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Labels as numbers: what a `ModelClassifier` does with its targets, unless its
    `target_encoder` says otherwise.

    loss: the model's loss, in any form that `compile` takes; of categorical crossentropy labels
    become one-hot rows (rows, classes), of all others their places among the classes, (rows, 1).
    categories: "auto", or a list with an array of all classes that may come.

    Targets of several columns stay as they are: labels of which a row may have several (0 or 1 in
    each column), among them one-hot rows, for which one class is predicted, and columns of classes,
    for which a model gives probabilities only.

    After `fit`: classes_, n_classes_ (None for columns of classes), n_outputs_ and
    n_outputs_expected_, both 1.

    >>> from corereg.sklearn import ClassifierLabelEncoder
    >>> encoder = ClassifierLabelEncoder("binary_crossentropy").fit(np.array(["no", "yes", "no"]))
    >>> encoder.transform(np.array(["yes", "no"])).tolist()
    [[1.0], [0.0]]
    >>> encoder.inverse_transform(np.array([[0.2], [0.9]])).tolist()
    ['no', 'yes']
    """

    def __init__(self, loss: Any = None, categories: Any = "auto") -> None:
        self.loss = loss
        self.categories = categories

    def fit(self, y: Array) -> Self:
        """Finds the classes of y, (rows,) or (rows, outputs). ValueError for numbers that are no
        classes."""
        given = None if isinstance(self.categories, str) else np.asarray(self.categories[0])
        kind = type_of_target(y)
        if kind == "binary" and given is not None:
            kind = type_of_target(given)
        self._labels: Labels | None = None
        self.classes_: Array | None = None
        if kind in ("binary", "multiclass"):
            self._labels = Labels(y, given)
            self.classes_ = self._labels.classes
        elif kind == "multilabel-indicator":
            self.classes_ = np.arange(y.shape[1])
            if y.min() == 0 and (y.sum(axis=1) == 1).all():
                kind = "multiclass-onehot"
        elif kind != "multiclass-multioutput":
            raise ValueError(
                f"Unknown label type: expected y of classes, received the kind {kind!r}; a "
                "subclass of ModelClassifier with a target_encoder of its own may take others"
            )
        self._kind, self._inner_shape = kind, y.shape[1:]
        self.n_classes_ = None if self.classes_ is None else len(self.classes_)
        self.n_outputs_ = self.n_outputs_expected_ = 1
        return self

    def transform(self, y: Array) -> Array:
        """y as the model takes it. ValueError for labels that `fit` did not see."""
        if self._labels is None:
            return y
        if wants_one_hot(self.loss):
            return self._labels.one_hot(y, floatx())
        return self._labels.places(y).reshape(len(y), 1).astype(floatx())

    def inverse_transform(self, y: Array, return_proba: bool = False) -> Array:
        """The classes that probabilities speak for, in the shape of the targets; return_proba: the
        probabilities themselves, a column for each class, two columns of two classes."""
        if self._labels is not None:
            y = y.reshape(len(y), -1)
            if y.shape[1] == 1 and self.n_classes_ == 2:
                y = np.concatenate([1 - y, y], axis=1)
            elif y.shape[1] == 1 == self.n_classes_:
                y = np.ones_like(y)  # there is nothing else
        if return_proba:
            return y
        if self._labels is not None:
            return self._labels.at(y.argmax(axis=1)).reshape(-1, *self._inner_shape)
        if self._kind == "multiclass-onehot":
            one_hot: Array = np.eye(y.shape[1], dtype=int)[y.argmax(axis=1)]
            return one_hot
        if self._kind == "multilabel-indicator":
            return np.around(y).astype(int)
        raise NotImplementedError(
            "ModelClassifier.predict: classes of several outputs are not defined for one output of "
            "a model; use predict_proba, or a subclass with a target_encoder of its own"
        )

    def get_metadata(self) -> dict[str, Any]:
        """What the estimator takes over, and a model's function gets as `meta`."""
        names = ("classes_", "n_classes_", "n_outputs_", "n_outputs_expected_")
        return {name: getattr(self, name) for name in names}


class RegressorTargetEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Numbers as they are: what a `ModelRegressor` does with its targets, unless its
    `target_encoder` says otherwise. Predictions get the shape of y, and its dtype if that is a
    floating one.

    After `fit`: n_outputs_, the columns of y; n_outputs_expected_, 1.

    >>> from corereg.sklearn import RegressorTargetEncoder
    >>> encoder = RegressorTargetEncoder().fit(np.array([1.0, 2.0, 4.0]))
    >>> encoder.inverse_transform(np.array([[1.5], [3.0]])).tolist()
    [1.5, 3.0]
    """

    def fit(self, y: Array) -> Self:
        """Notes the shape and dtype of y, (rows,) or (rows, outputs)."""
        self._dtype, self._inner_shape = y.dtype, y.shape[1:]
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        self.n_outputs_expected_ = 1
        return self

    def transform(self, y: Array) -> Array:
        """y itself. ValueError if it has other columns than that of `fit`."""
        columns = 1 if y.ndim == 1 else y.shape[1]
        if columns != self.n_outputs_:
            raise ValueError(
                f"expected y of {self.n_outputs_} outputs, as in fit, received shape {y.shape}"
            )
        return y

    def inverse_transform(self, y: Array) -> Array:
        """What a model gave, (rows, outputs), in the shape of the targets."""
        y = y.reshape(-1, *self._inner_shape)
        return y.astype(self._dtype, copy=False) if self._dtype.kind == "f" else y

    def get_metadata(self) -> dict[str, Any]:
        """What the estimator takes over, and a model's function gets as `meta`."""
        return {"n_outputs_": self.n_outputs_, "n_outputs_expected_": self.n_outputs_expected_}
