"""F-scores: the harmonic mean of precision and recall, for each class."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels, ops
from corereg.autograd import Tensor
from corereg.metrics.arrays import Array, as_array, cast_to, finished
from corereg.metrics.base import Metric
from corereg.registry import register

AVERAGES = (None, "micro", "macro", "weighted")
EPSILON = 1e-7  # Keras's, in every denominator


@register("metric", "f_beta_score")
class FBetaScore(Metric):
    """(1 + beta**2) P R / (beta**2 P + R) of the precision P and recall R of each class; y and
    predictions (rows, classes), y one-hot or of several labels.

    average: None for an array with one for each class, "micro" for one of all counts together,
    "macro" for their mean, "weighted" for the mean by how often each class is in y. threshold: what
    is above it is predicted; None: the largest of each row is.

    Raises ValueError for other averages, a beta that is no float above 0, a threshold that is no
    float in (0, 1], and for arrays that are not (rows, classes).

    >>> fbeta = metrics.FBetaScore(average="micro", beta=2.0, threshold=0.5)
    >>> round(fbeta([[1], [1], [0]], [[0.9], [0.2], [0.1]]), 4)
    0.5556
    """

    recordable = True

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        who = type(self).__name__
        if average not in AVERAGES:
            raise ValueError(f"{who}: expected average as one of {AVERAGES}, received {average!r}")
        if not isinstance(beta, float) or not beta > 0:
            raise ValueError(f"{who}: expected beta as a float above 0, received {beta!r}")
        if threshold is not None and not (isinstance(threshold, float) and 0 < threshold <= 1):
            raise ValueError(
                f"{who}: expected threshold as a float in (0, 1] or None, received {threshold!r}"
            )
        self.average, self.beta, self.threshold = average, beta, threshold
        self._counts: Any = None

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch; sample_weight: one a row."""
        _kernels.track_dependency(self)
        p, y = self.floats(y_pred), as_array(y_true)
        if p.ndim != 2 or y.shape != p.shape:
            raise ValueError(
                f"{self.name}: expected y_true and y_pred of shape (rows, classes), received "
                f"{y.shape} and {p.shape}"
            )
        if self._counts is None:
            kinds = ("true_positives", "false_positives", "false_negatives", "intermediate_weights")
            shape = () if self.average == "micro" else (p.shape[1],)
            self._counts = tuple(
                self.add_variable(shape, "zeros", "float64", name=kind) for kind in kinds
            )
            for kind, variable in zip(kinds, self._counts, strict=True):
                setattr(self, kind, variable)
        guess = Tensor(p)
        if self.threshold is None:
            largest = guess.max(axis=1, keepdims=True)
            chosen = (guess >= largest) & (guess.abs() > 1e-9)
        else:
            chosen = guess > self.threshold
        predicted = chosen.astype(np.float64)
        true = Tensor(cast_to(y, y.shape, np.float64))
        right = predicted * true
        weights = None if sample_weight is None else self._weights(sample_weight, len(p))
        for total, part in zip(
            self._counts, (right, predicted - right, true - right, true), strict=True
        ):
            part = part if weights is None else part * weights
            total.add_(part.sum(axis=None if self.average == "micro" else 0))

    def _weights(self, sample_weight: Any, rows: int) -> Array:
        weight = as_array(sample_weight)
        if weight.size != rows:
            raise ValueError(
                f"{self.name}: expected sample_weight of shape ({rows},), received {weight.shape}"
            )
        return cast_to(weight, (rows, 1), np.float64)

    def result(self) -> Any:
        """The score so far: a float, or with average=None an array with one for each class."""
        if self._counts is None:
            return 0.0
        right, wrong, missed, true = (Tensor(count.data) for count in self._counts)
        precision = right / (right + wrong + EPSILON)
        recall = right / (right + missed + EPSILON)
        square = self.beta**2
        score = precision * recall / (square * precision + recall + EPSILON) * (1 + square)
        if self.average == "weighted":
            score = (score * (true / (true.sum() + EPSILON))).sum()
        elif self.average is not None:
            score = ops.mean(score)
        return finished(score)

    def get_config(self) -> dict[str, Any]:
        own = {"average": self.average, "beta": self.beta, "threshold": self.threshold}
        return {**super().get_config(), **own}


@register("metric", "f1_score")
class F1Score(FBetaScore):
    """2 P R / (P + R): FBetaScore with beta = 1, which has the arguments.

    >>> f1 = metrics.F1Score(average="macro", threshold=0.5)
    >>> round(f1([[1, 0], [0, 1], [1, 1]], [[0.9, 0.1], [0.2, 0.8], [0.9, 0.1]]), 4)
    0.8333
    """

    recordable = True

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)

    def get_config(self) -> dict[str, Any]:
        found = super().get_config()
        del found["beta"]
        return found
