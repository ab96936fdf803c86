"""The shares of right predictions: binary, categorical, sparse categorical accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.metrics.base import Array, Metric, as_matrix, as_places, cast_like, cast_to, of_rows
from corereg.registry import register
from corereg.targets import as_labels, class_count, match_outputs


@register("metric", "binary_accuracy")
class BinaryAccuracy(Metric):
    """The share of outputs where (prediction > threshold) equals y."""

    recordable = True

    def __init__(self, name: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = float(threshold)

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        z = as_matrix(y_pred)
        return _kernels.accuracy("binary", z, cast_like(y_true, z), self.threshold)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        match_outputs(self.name, y, outputs)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "threshold": self.threshold}


@register("metric", "categorical_accuracy")
class CategoricalAccuracy(Metric):
    """The share of rows where argmax of prediction and of y agree."""

    recordable = True

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        z = as_places(y_pred)
        return of_rows(_kernels.accuracy("categorical", z, cast_like(y_true, z)), len(y_pred))

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        class_count(self.name, outputs)
        match_outputs(self.name, y, outputs)


@register("metric", "sparse_categorical_accuracy")
class SparseCategoricalAccuracy(Metric):
    """The share of rows where argmax of prediction is the label."""

    recordable = True

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        z = as_places(y_pred)
        y = cast_to(y_true, (len(z),), np.int64)
        return of_rows(_kernels.accuracy("sparse", z, y), len(y_pred))

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        as_labels(self.name, y, class_count(self.name, outputs), len(outputs) - 1)
