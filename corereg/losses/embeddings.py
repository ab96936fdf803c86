"""Circle: a loss of embeddings, which compares each row of a batch with all others."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.losses.base import Array, BuiltinLoss, given
from corereg.registry import register
from corereg.targets import as_labels


@register("loss", "circle")
class Circle(BuiltinLoss):
    """softplus(logsumexp of pairs of one label + logsumexp of pairs of two) for each row (Sun et
    al., 2020): rows of one label shall be near, others far apart. Two rows u and v have the
    distance d = max(1 - u.v, 0); a pair of one label adds -gamma (margin + d) (margin - d), one of
    two labels adds gamma max(1 + margin - d, 0) (1 - margin - d).

    y holds integer labels, (rows,) or (rows, 1); predictions are embeddings of length 1, of shape
    (rows, n). remove_diagonal: whether a row is no pair with itself. A mean is over the rows whose
    loss is above 0.

    >>> loss = losses.Circle(gamma=2, margin=0.4)
    >>> near, far = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]
    >>> loss([0, 0, 1], near).item() < loss([0, 0, 1], far).item()
    True
    """

    recordable = True

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.gamma, self.margin = float(gamma), float(margin)
        self.remove_diagonal = bool(remove_diagonal)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        return super().__call__(given(y_true).reshape(-1), y_pred, sample_weight)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return self.among(y_true, y_pred, y_true, y_pred)

    def finish(self, values: Tensor, sample_weight: Any, mask: Tensor | None = None) -> Tensor:
        counted = ops.greater(values, 0)
        if mask is not None:
            counted = ops.logical_and(counted, ops.not_equal(mask, 0))
        return self.finish_masked(values, counted, sample_weight)

    def among(self, labels: Tensor, rows: Tensor, others: Tensor, embeddings: Tensor) -> Tensor:
        """The loss of each row, compared with these embeddings of other labels."""
        distance = ops.maximum(1 - rows @ embeddings.T, 0)
        alike = ops.equal(ops.expand_dims(labels, 1), ops.expand_dims(others, 0))
        unlike = ops.logical_not(alike)
        if self.remove_diagonal:
            alike = ops.logical_and(alike, np.eye(len(labels), len(others)) == 0)
        near = -self.gamma * (self.margin + distance) * (self.margin - distance)
        apart = ops.maximum(1 + self.margin - distance, 0)
        far = self.gamma * apart * (1 - self.margin - distance)
        both = _logsumexp_where(alike, near) + _logsumexp_where(unlike, far)
        return ops.softplus(both)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        return as_labels(self.name, y, None)

    def get_config(self) -> dict[str, Any]:
        own = {"gamma": self.gamma, "margin": self.margin}
        return {**super().get_config(), **own, "remove_diagonal": self.remove_diagonal}


def _logsumexp_where(taken: Tensor, x: Tensor) -> Tensor:
    """The logarithm of the sum of e**x over the elements taken of each row; where there are none, a
    number so low that softplus of it is 0."""
    lowest = -1e30
    return ops.logsumexp(ops.where(taken, x, lowest), axis=1)
