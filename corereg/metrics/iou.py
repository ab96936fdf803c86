"""Intersection over union of predicted and true classes, from one confusion matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels, ops
from corereg.autograd import Tensor
from corereg.metrics.arrays import Array, as_array, cast_to, finished, reshaped, spread
from corereg.metrics.base import WHOLE, Metric
from corereg.registry import register

EPSILON = 1e-7  # Keras's, in the denominators


class ConfusionMatrix(Metric):
    """Base class: counts in matrix[label, prediction] how often each pair came.

    dtype: as in Keras; the counts are float64 whatever it says, but weights are cut to whole
    numbers unless it is a float dtype.
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(dtype=dtype, name=name)
        self.num_classes, self.ignore_class, self.axis = num_classes, ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = bool(sparse_y_true), bool(sparse_y_pred)
        shape = (num_classes, num_classes)
        self.total_cm = self.add_variable(shape, "zeros", "float64", name="total_confusion_matrix")

    def _checked_dtype(self, dtype: Any) -> str:
        return dtype if dtype in WHOLE else super()._checked_dtype(dtype)

    @property
    def dtype(self) -> str:
        """The dtype of weights: "int" unless another was given."""
        return self._dtype or "int"

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch of any shape; labels outside the classes count nothing. sample_weight: a
        number, or one for each place."""
        _kernels.track_dependency(self)
        y, p = as_array(y_true), as_array(y_pred)
        if not self.sparse_y_true:
            y = ops.argmax(Tensor(y), axis=self.axis).data
        if not self.sparse_y_pred:
            p = ops.argmax(Tensor(p), axis=self.axis).data
        if y.size != p.size:
            raise ValueError(
                f"{self.name}: expected as many labels as predictions, received {y.size} of shape "
                f"{y.shape} and {p.size} of shape {p.shape}"
            )
        n = self.num_classes
        label, guess = (Tensor(cast_to(a, (a.size,), np.int64)) for a in (y, p))
        counts = (label >= 0) & (label < n) & (guess >= 0) & (guess < n)
        if self.ignore_class is not None:
            counts = counts & (label != self.ignore_class)
        weights = counts.astype(np.float64)
        if sample_weight is not None:
            weights = weights * self._weights(sample_weight, y.shape)
        place = (label * n + guess) * counts.astype(np.int64)
        total = Tensor(self.total_cm.data).reshape((n * n,))
        self.total_cm.assign(ops.add_at(total, place, weights).reshape((n, n)))

    def _weights(self, sample_weight: Any, shape: tuple[int, ...]) -> Array:
        weight, size = as_array(sample_weight), math.prod(shape)
        if weight.size in (1, size):
            weight = reshaped(weight, (weight.size,))
        elif weight.shape == shape[: weight.ndim]:
            weight = reshaped(weight, weight.shape + (1,) * (len(shape) - weight.ndim))
        else:
            raise ValueError(
                f"{self.name}: expected sample_weight as a number, one a row, or of {size} "
                f"elements, received shape {weight.shape}"
            )
        if self.dtype in WHOLE:
            weight = cast_to(weight, weight.shape, np.int64)
        weight = cast_to(weight, weight.shape, np.float64)
        return spread(weight, shape if weight.ndim > 1 else (size,)).reshape(-1)


@register("metric", "io_u")
class IoU(ConfusionMatrix):
    """The mean of TP / (TP + FP + FN) over the classes target_class_ids that came at all.

    num_classes: of labels and predictions, 0 to num_classes - 1; ignore_class: a label that does
    not count. sparse_y_true, sparse_y_pred: whether they are class ids; else the largest along axis
    is the class.

    Raises ValueError for class ids that are not there.

    >>> round(metrics.IoU(2, [0])([0, 0, 1, 1], [0, 1, 1, 1]), 4)
    0.5
    """

    recordable = True

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        ids = [int(i) for i in target_class_ids]
        if not ids or max(ids) >= num_classes or min(ids) < 0:
            raise ValueError(
                f"{type(self).__name__}: expected target_class_ids in [0, {num_classes}), received "
                f"{ids}"
            )
        super().__init__(num_classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)
        self.target_class_ids = ids

    def result(self) -> Any:
        """The mean so far, a float; 0 before the first batch."""
        counts = Tensor(self.total_cm.data)
        ids = np.array(self.target_class_ids)
        right = (counts * np.eye(self.num_classes)).sum(axis=0)[ids]
        union = counts.sum(axis=0)[ids] + counts.sum(axis=1)[ids] - right
        valid = (union > 1e-9).astype(np.float64)
        return finished((right / (union + EPSILON) * valid).sum() / (valid.sum() + EPSILON))

    def get_config(self) -> dict[str, Any]:
        own = {
            name: getattr(self, name)
            for name in (
                *("num_classes", "target_class_ids", "ignore_class", "sparse_y_true"),
                *("sparse_y_pred", "axis"),
            )
        }
        return {**super().get_config(), **own}

    def _config_without(self, *names: str) -> dict[str, Any]:
        """The config without arguments that a subclass sets itself."""
        found = IoU.get_config(self)
        return {key: value for key, value in found.items() if key not in names}


@register("metric", "binary_io_u")
class BinaryIoU(IoU):
    """IoU of two classes, 0 and 1: predictions >= threshold are class 1.

    >>> round(metrics.BinaryIoU([1])([0, 1, 1], [0.1, 0.9, 0.2]), 4)
    0.5
    """

    recordable = True

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch of any shape."""
        p = as_array(y_pred)
        if p.dtype.kind != "f":
            p = cast_to(p, p.shape, "float32")
        classes = (Tensor(p) >= self.threshold).astype(np.int64)
        super().update_state(y_true, classes, sample_weight)

    def get_config(self) -> dict[str, Any]:
        left = ("num_classes", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")
        return {**self._config_without(*left), "threshold": self.threshold}


@register("metric", "mean_io_u")
class MeanIoU(IoU):
    """IoU of all classes.

    >>> round(metrics.MeanIoU(2)([0, 0, 1, 1], [0, 1, 1, 1]), 4)
    0.5833
    """

    recordable = True

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        ids = range(num_classes)
        super().__init__(
            num_classes, ids, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis
        )

    def get_config(self) -> dict[str, Any]:
        return self._config_without("target_class_ids")


@register("metric", "one_hot_io_u")
class OneHotIoU(IoU):
    """IoU where y is one-hot along axis.

    >>> round(metrics.OneHotIoU(2, [0])([[1, 0], [0, 1]], [[0.6, 0.4], [0.7, 0.3]]), 4)
    0.5
    """

    recordable = True

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis
        )

    def get_config(self) -> dict[str, Any]:
        return self._config_without("sparse_y_true")


@register("metric", "one_hot_mean_io_u")
class OneHotMeanIoU(MeanIoU):
    """MeanIoU where y is one-hot along axis.

    >>> round(metrics.OneHotMeanIoU(2)([[1, 0], [0, 1]], [[0.6, 0.4], [0.7, 0.3]]), 4)
    0.25
    """

    recordable = True

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        return self._config_without("target_class_ids", "sparse_y_true")
