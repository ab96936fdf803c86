"""The shares of right predictions: exact, binary, categorical, sparse categorical accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor, tensor
from corereg.metrics.arrays import (
    Array,
    as_array,
    as_matrix,
    as_places,
    cast_like,
    cast_to,
    of_rows,
    reshaped,
    same_shape,
)
from corereg.metrics.base import Metric
from corereg.metrics.mean import FunctionMetric
from corereg.registry import register
from corereg.targets import as_labels, class_count, match_outputs


def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where y_pred is y_true, else 0, in the shape of y_pred."""
    p = as_array(tensor(y_pred))
    y = cast_to(as_array(tensor(y_true)), np.shape(y_true), p.dtype)
    equal = Tensor(same_shape("accuracy", y, p)) == Tensor(p)
    return equal.astype(p.dtype if p.dtype.kind == "f" else "float32")


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """1 where (y_pred > threshold) is y_true, else 0, in the shape of y_pred.

    >>> metrics.binary_accuracy([[1.0], [0.0]], [[0.9], [0.6]])
    Tensor([[1.],
            [0.]])
    """
    metric = BinaryAccuracy(threshold=threshold)
    return Tensor(metric.places(as_array(y_true), metric.floats(y_pred)))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest y_pred is at the largest y_true, else 0: (..., classes) -> (...).

    >>> metrics.categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]])
    Tensor([1., 0.])
    """
    metric = CategoricalAccuracy()
    return Tensor(metric.places(as_array(y_true), metric.floats(y_pred)))


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """1 where the largest y_pred is at the label y_true, else 0: (..., classes) -> (...).

    >>> metrics.sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.4, 0.6]])
    Tensor([1., 0.])
    """
    metric = SparseCategoricalAccuracy()
    return Tensor(metric.places(as_array(y_true), metric.floats(y_pred)))


@register("metric", "accuracy")
class Accuracy(FunctionMetric):
    """The share of outputs that equal y.

    >>> metric = metrics.Accuracy()
    >>> metric.update_state([1, 2, 3, 4], [0, 2, 3, 4])
    >>> metric.result()
    0.75
    """

    recordable = True

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name, dtype)


@register("metric", "binary_accuracy")
class BinaryAccuracy(Metric):
    """The share of outputs where (prediction > threshold) equals y.

    >>> metric = metrics.BinaryAccuracy(threshold=0.5)
    >>> metric.update_state([[1], [0]], [[0.9], [0.6]])
    >>> metric.result()
    0.5
    """

    recordable = True

    def __init__(
        self,
        name: str | None = "binary_accuracy",
        dtype: Any = None,
        threshold: float = 0.5,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        self.threshold = float(threshold)

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        z = as_matrix(y_pred)
        y = as_matrix(cast_like(same_shape(self.name, y_true, y_pred), y_pred))
        return _kernels.accuracy("binary", z, y, self.threshold)

    def places(self, y_true: Array, y_pred: Array) -> Array:
        y = cast_like(same_shape(self.name, y_true, y_pred), y_pred)
        each = (y_pred.size, 1)
        hits = _kernels.accuracy("binary", reshaped(y_pred, each), y.reshape(each), self.threshold)
        return hits.reshape(y_pred.shape)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        match_outputs(self.name, y, outputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "threshold": self.threshold}


class ClassMetric(Metric):
    """Base class of metrics that are 1 or 0 for each place of predictions (..., classes)."""

    sparse = False  # whether y holds labels

    def hits(self, z: Array, y: Array) -> Array:
        """1 or 0 for each of (places, classes) and targets of that shape, or labels (places,)."""
        raise NotImplementedError

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        return of_rows(self.hits(*self._matched(y_true, y_pred)), len(y_pred))

    def places(self, y_true: Array, y_pred: Array) -> Array:
        return self.hits(*self._matched(y_true, y_pred)).reshape(y_pred.shape[:-1])

    def _matched(self, y: Array, p: Array) -> tuple[Array, Array]:
        if not p.ndim:
            raise ValueError(f"{self.name}: expected y_pred of shape (..., classes), received ()")
        z = as_places(p)
        if not self.sparse:
            if y.shape != p.shape:
                raise ValueError(
                    f"{self.name}: expected y_true of the shape of y_pred, {p.shape}, received "
                    f"{y.shape}"
                )
            return z, as_places(cast_like(y, p))
        if y.size != len(z):
            raise ValueError(
                f"{self.name}: expected y_true of shape {p.shape[:-1]}, received {y.shape}"
            )
        return z, cast_to(y, (len(z),), np.int64)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        classes = class_count(self.name, outputs)
        if self.sparse:
            as_labels(self.name, y, classes, len(outputs) - 1)
        else:
            match_outputs(self.name, y, outputs)


@register("metric", "categorical_accuracy")
class CategoricalAccuracy(ClassMetric):
    """The share of rows where argmax of prediction and of y agree.

    >>> metrics.CategoricalAccuracy()([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]])
    0.5
    """

    recordable = True

    def __init__(self, name: str | None = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(dtype=dtype, name=name)

    def hits(self, z: Array, y: Array) -> Array:
        return _kernels.accuracy("categorical", z, y)


@register("metric", "sparse_categorical_accuracy")
class SparseCategoricalAccuracy(ClassMetric):
    """The share of rows where argmax of prediction is the label.

    >>> metrics.SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.4, 0.6]])
    0.5
    """

    recordable = True
    sparse = True

    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(dtype=dtype, name=name)

    def hits(self, z: Array, y: Array) -> Array:
        return _kernels.accuracy("sparse", z, y)
