"""Top-k accuracies: the shares of rows whose label is among the k largest predictions."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.metrics.accuracy import ClassMetric
from corereg.metrics.arrays import Array, as_array, cast_to
from corereg.registry import register


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """1 where the largest y_true is at one of the k largest y_pred, else 0: (..., classes) ->
    (...). Equals of the k-th largest count as well.

    >>> metrics.top_k_categorical_accuracy([[0, 0, 1]], [[0.1, 0.6, 0.3]], k=2)
    Tensor([1.])
    """
    metric = TopKCategoricalAccuracy(k)
    return Tensor(metric.places(as_array(y_true), metric.floats(y_pred)))


def sparse_top_k_categorical_accuracy(
    y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False
) -> Tensor:
    """1 where the label y_true is at one of the k largest y_pred, else 0: (..., classes) -> (...).

    from_sorted_ids: y_pred holds class ids, the best first, instead of scores.

    >>> metrics.sparse_top_k_categorical_accuracy([2], [[0.1, 0.6, 0.3]], k=2)
    Tensor([1.])
    """
    metric = SparseTopKCategoricalAccuracy(k, from_sorted_ids=from_sorted_ids)
    return Tensor(metric.places(as_array(y_true), metric.floats(y_pred)))


class TopK(ClassMetric):
    """Base class of the two."""

    def __init__(self, k: int, name: str | None, dtype: Any) -> None:
        super().__init__(dtype=dtype, name=name)
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
            raise ValueError(f"{self.name}: expected k as an integer from 1 on, received {k!r}")
        self.k = int(k)

    def hits(self, z: Array, y: Array) -> Array:
        return _kernels.top_k_accuracy(z, y, self.k)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k}


@register("metric", "top_k_categorical_accuracy")
class TopKCategoricalAccuracy(TopK):
    """The share of rows where the largest y is at one of the k largest predictions.

    Raises ValueError for a k below 1.

    >>> metrics.TopKCategoricalAccuracy(k=2)([[0, 0, 1]], [[0.1, 0.6, 0.3]])
    1.0
    """

    recordable = True

    def __init__(
        self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: Any = None
    ) -> None:
        super().__init__(k, name, dtype)


@register("metric", "sparse_top_k_categorical_accuracy")
class SparseTopKCategoricalAccuracy(TopK):
    """The share of rows whose label is at one of the k largest predictions.

    from_sorted_ids: predictions are class ids, the best first, instead of scores.

    Raises ValueError for a k below 1.

    >>> metrics.SparseTopKCategoricalAccuracy(k=2)([2, 0], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]])
    0.5
    """

    recordable = True
    sparse = True

    def __init__(
        self,
        k: int = 5,
        name: str | None = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        super().__init__(k, name, dtype)
        self.from_sorted_ids = bool(from_sorted_ids)

    def hits(self, z: Array, y: Array) -> Array:
        if not self.from_sorted_ids:
            return super().hits(z, y)
        labels = Tensor(cast_to(y, (len(y), 1), z.dtype))
        return (Tensor(z)[:, : self.k] == labels).max(axis=1).astype(z.dtype).data

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        if not self.from_sorted_ids:
            super().check_targets(y, outputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "from_sorted_ids": self.from_sorted_ids}
