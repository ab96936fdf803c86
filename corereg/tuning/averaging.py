"""AverageOfEstimators: fitted estimators as one, which gives the mean of what they give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class AverageOfEstimators:
    """Fitted estimators of scikit-learn's form as one: of classifiers with `predict_proba` the mean
    of the probabilities (soft voting), of others the mean of the predictions, and of classifiers
    without probabilities that of their votes.

    estimators: at least one. Classifiers need not have seen the same classes. Where a row may have
    several labels, 0 or 1 in each column, it has those whose mean is above one half.

    >>> class Always:
    ...     def __init__(self, value):
    ...         self.value = value
    ...     def predict(self, x):
    ...         return np.full(len(x), self.value)
    >>> tuning.AverageOfEstimators([Always(1.0), Always(2.0)]).predict(np.zeros((3, 1)))
    array([1.5, 1.5, 1.5])
    """

    def __init__(self, estimators: Sequence[Any]) -> None:
        self.estimators = list(estimators)
        classes = [getattr(one, "classes_", None) for one in self.estimators]
        self._of_classes = classes[0] is not None
        if self._of_classes:
            several = isinstance(classes[0], list)
            self.classes_: Any = (
                [np.unique(np.concatenate(own)) for own in zip(*classes, strict=True)]
                if several
                else np.unique(np.concatenate(classes))  # type: ignore[arg-type]
            )

    def __len__(self) -> int:
        return len(self.estimators)

    def __sklearn_tags__(self) -> Any:
        """What scikit-learn asks of whom it scores: as the first estimator says it."""
        return self.estimators[0].__sklearn_tags__()

    def predict_proba(self, x: Any) -> Any:
        """(rows, classes), the mean of the estimators' probabilities, in the order of `classes_`;
        of several outputs a list. Of estimators without probabilities the share of their votes."""
        found = [(one.classes_, self._probabilities(one, x)) for one in self.estimators]
        if not isinstance(self.classes_, list):
            return self._mean(self.classes_, found)
        return [
            self._mean(every, [(own[i], p[i]) for own, p in found])
            for i, every in enumerate(self.classes_)
        ]

    def _probabilities(self, estimator: Any, x: Any) -> Any:
        if hasattr(estimator, "predict_proba"):
            return estimator.predict_proba(x)
        votes, classes = np.asarray(estimator.predict(x)), estimator.classes_
        if isinstance(classes, list):
            return [(votes[:, i, None] == own).astype(float) for i, own in enumerate(classes)]
        if votes.ndim == 2:  # of labels
            return votes.astype(float)
        return (votes[:, None] == np.asarray(classes)).astype(float)

    @staticmethod
    def _mean(every: Array, found: Sequence[tuple[Array, Array]]) -> Array:
        total = np.zeros((len(found[0][1]), len(every)))
        for classes, p in found:
            total[:, np.searchsorted(every, classes)] += p
        return total / len(found)

    def predict(self, x: Any) -> Any:
        """The most probable class of each row, 0 or 1 for each label, or the mean of the
        predictions."""
        if not self._of_classes:
            return np.mean([one.predict(x) for one in self.estimators], axis=0)
        p = self.predict_proba(x)
        if isinstance(p, list):
            labels = [own[q.argmax(axis=1)] for own, q in zip(self.classes_, p, strict=True)]
            return np.stack(labels, axis=1)
        one = np.asarray(self.estimators[0].predict(x))  # what classes_ and p do not tell
        if one.ndim == 2:
            return (p > 0.5).astype(one.dtype)
        return self.classes_[p.argmax(axis=1)]
