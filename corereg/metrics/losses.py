"""Losses as metrics: the means of cross-entropies, divergences, hinges and errors over all rows of
all batches."""

from __future__ import annotations

from typing import Any

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.losses import functions
from corereg.losses.functions import (
    binary_crossentropy as binary_crossentropy,
    binary_focal_crossentropy as binary_focal_crossentropy,
    categorical_crossentropy as categorical_crossentropy,
    categorical_focal_crossentropy as categorical_focal_crossentropy,
    categorical_hinge as categorical_hinge,
    hinge as hinge,
    huber as huber,
    kl_divergence as kl_divergence,
    log_cosh as log_cosh,
    mean_absolute_error as mean_absolute_error,
    mean_absolute_percentage_error as mean_absolute_percentage_error,
    mean_squared_error as mean_squared_error,
    mean_squared_logarithmic_error as mean_squared_logarithmic_error,
    poisson as poisson,
    sparse_categorical_crossentropy as sparse_categorical_crossentropy,
    squared_hinge as squared_hinge,
)
from corereg.metrics.arrays import Array, as_array, cast_like, cast_to, same_shape
from corereg.metrics.mean import FunctionMetric
from corereg.registry import register
from corereg.targets import as_labels, class_count, match_outputs


class LossMetric(FunctionMetric):
    """Base class of metrics that are the mean of a loss, of targets in the shape of predictions."""

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        y = cast_like(same_shape(self.name, y_true, y_pred), y_pred)
        return super().rows(y, y_pred)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        match_outputs(self.name, y, outputs)


@register("metric", "binary_crossentropy", "bce", "BCE")
class BinaryCrossentropy(LossMetric):
    """-mean(y log p + (1-y) log(1-p)) over outputs; y in [0, 1], of the outputs' shape.

    from_logits: predictions go through a sigmoid; label_smoothing s: y becomes y (1-s) + s/2.

    >>> round(metrics.BinaryCrossentropy()([[1], [0]], [[0.9], [0.2]]), 4)
    0.1643
    """

    recordable = True

    def __init__(
        self,
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing}
        super().__init__(functions.binary_crossentropy, name, dtype, **options)


@register("metric", "categorical_crossentropy")
class CategoricalCrossentropy(LossMetric):
    """-sum(y log p) over classes, along axis; y one-hot or probabilities.

    from_logits: predictions go through a softmax; label_smoothing s: y becomes y (1-s) + s/classes.

    >>> round(metrics.CategoricalCrossentropy()([[0, 1]], [[0.2, 0.8]]), 4)
    0.2231
    """

    recordable = True

    def __init__(
        self,
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(functions.categorical_crossentropy, name, dtype, **options)


@register("metric", "sparse_categorical_crossentropy")
class SparseCategoricalCrossentropy(FunctionMetric):
    """-log p[label], p along axis; y holds integer labels.

    from_logits: predictions go through a softmax; ignore_class: a label whose places count 0, and
    weigh nothing where there are weights.

    >>> round(metrics.SparseCategoricalCrossentropy()([1], [[0.2, 0.8]]), 4)
    0.2231
    """

    recordable = True

    def __init__(
        self,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        options = {"from_logits": from_logits, "ignore_class": ignore_class, "axis": axis}
        super().__init__(functions.sparse_categorical_crossentropy, name, dtype, **options)

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        shape = y_true.shape
        if y_true.ndim == y_pred.ndim and shape[-1] == 1 and y_pred.shape[-1] != 1:
            shape = shape[:-1]
        return super().rows(cast_to(y_true, shape, "int64"), y_pred)

    def update_state(  # type: ignore[override]
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> None:
        """Adds a batch: labels (...) and predictions (..., classes)."""
        ignored = self._fn_kwargs["ignore_class"]
        if sample_weight is not None and ignored is not None:
            _kernels.track_dependency(self)
            counts = Tensor(as_array(y_true)) != ignored
            weight = as_array(sample_weight)
            if counts.ndim > max(weight.ndim, 1) and counts.shape[-1] == 1:
                counts = counts.reshape(counts.shape[:-1])
            sample_weight = counts.astype(weight.dtype) * Tensor(weight)
        super().update_state(y_true, y_pred, sample_weight)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        if self._fn_kwargs["ignore_class"] is None and self._fn_kwargs["axis"] == -1:
            as_labels(self.name, y, class_count(self.name, outputs), len(outputs) - 1)


@register("metric", "kl_divergence")
class KLDivergence(LossMetric):
    """sum(y log(y / p)) over outputs, both raised to 1e-7.

    >>> round(metrics.KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]), 4)
    0.1438
    """

    recordable = True

    def __init__(self, name: str | None = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(functions.kl_divergence, name, dtype)


@register("metric", "poisson")
class Poisson(LossMetric):
    """mean(p - y log(p + 1e-7)) over outputs.

    >>> round(metrics.Poisson()([[2.0]], [[2.0]]), 4)
    0.6137
    """

    recordable = True

    def __init__(self, name: str | None = "poisson", dtype: Any = None) -> None:
        super().__init__(functions.poisson, name, dtype)


@register("metric", "hinge")
class Hinge(LossMetric):
    """mean(max(1 - y p, 0)) over outputs; y -1 or 1, 0 counts as -1.

    >>> metrics.Hinge()([[1.0], [-1.0]], [[0.5], [0.25]])
    0.875
    """

    recordable = True

    def __init__(self, name: str | None = "hinge", dtype: Any = None) -> None:
        super().__init__(functions.hinge, name, dtype)


@register("metric", "squared_hinge")
class SquaredHinge(LossMetric):
    """mean(max(1 - y p, 0)**2) over outputs; y -1 or 1, 0 counts as -1.

    >>> metrics.SquaredHinge()([[1.0]], [[0.5]])
    0.25
    """

    recordable = True

    def __init__(self, name: str | None = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(functions.squared_hinge, name, dtype)


@register("metric", "categorical_hinge")
class CategoricalHinge(LossMetric):
    """max(max((1 - y) p) - sum(y p) + 1, 0) over outputs; y one-hot.

    >>> metrics.CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.75]])
    0.75
    """

    recordable = True

    def __init__(self, name: str | None = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(functions.categorical_hinge, name, dtype)


@register("metric", "mean_absolute_percentage_error", "mape", "MAPE")
class MeanAbsolutePercentageError(LossMetric):
    """100 mean(|y - p| / max(|y|, 1e-7)) over outputs.

    >>> metrics.MeanAbsolutePercentageError()([[2.0], [4.0]], [[3.0], [4.0]])
    25.0
    """

    recordable = True

    def __init__(
        self, name: str | None = "mean_absolute_percentage_error", dtype: Any = None
    ) -> None:
        super().__init__(functions.mean_absolute_percentage_error, name, dtype)


@register("metric", "mean_squared_logarithmic_error", "msle", "MSLE")
class MeanSquaredLogarithmicError(LossMetric):
    """mean((log(1 + y) - log(1 + p))**2) over outputs, y and p raised to 1e-7.

    >>> round(metrics.MeanSquaredLogarithmicError()([[0.0]], [[1.0]]), 4)
    0.4805
    """

    recordable = True

    def __init__(
        self, name: str | None = "mean_squared_logarithmic_error", dtype: Any = None
    ) -> None:
        super().__init__(functions.mean_squared_logarithmic_error, name, dtype)


@register("metric", "log_cosh_error")
class LogCoshError(LossMetric):
    """mean(log(cosh(p - y))) over outputs.

    >>> round(metrics.LogCoshError()([[0.0]], [[2.0]]), 4)
    1.325
    """

    recordable = True

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(functions.log_cosh, name, dtype)


def _similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """The cosine of the angle between y and p along an axis."""
    return -functions.cosine_similarity(y_true, y_pred, axis)


@register("metric", "cosine_similarity")
class CosineSimilarity(LossMetric):
    """sum(y p) / (|y| |p|) along axis: 1 where both point the same way, while the loss of this name
    is -1 there.

    >>> metrics.CosineSimilarity()([[0.0, 1.0]], [[0.0, 2.0]])
    1.0
    """

    recordable = True

    def __init__(
        self, name: str | None = "cosine_similarity", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(_similarity, name, dtype, axis=axis)
