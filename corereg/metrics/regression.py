"""The errors of regression as metrics."""

from __future__ import annotations

from typing import Any

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.metrics.arrays import Array, as_matrix, as_places, cast_like, finished, same_shape
from corereg.metrics.base import Metric
from corereg.registry import register
from corereg.targets import match_outputs


class ErrorMetric(Metric):
    """Base class of means of a loss that the kernel `kind` computes."""

    kind: str

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        y = cast_like(same_shape(self.name, y_true, y_pred), y_pred)
        return loss_rows(self.kind, as_matrix(y), as_matrix(y_pred))

    def places(self, y_true: Array, y_pred: Array) -> Array:
        y = cast_like(same_shape(self.name, y_true, y_pred), y_pred)
        values = loss_rows(self.kind, as_places(y), as_places(y_pred))
        return values.reshape(y_pred.shape[:-1])

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        match_outputs(self.name, y, outputs)


@register("metric", "mean_squared_error", "mse", "MSE")
class MeanSquaredError(ErrorMetric):
    """mean((y - prediction)**2).

    >>> metrics.MeanSquaredError()([[0.0], [1.0]], [[2.0], [1.0]])
    2.0
    """

    recordable = True
    kind = "squared_error"

    def __init__(self, name: str | None = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(dtype=dtype, name=name)


@register("metric", "mean_absolute_error", "mae", "MAE")
class MeanAbsoluteError(ErrorMetric):
    """mean(|y - prediction|).

    >>> metrics.MeanAbsoluteError()([[0.0], [1.0]], [[2.0], [2.0]])
    1.5
    """

    recordable = True
    kind = "absolute_error"

    def __init__(self, name: str | None = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(dtype=dtype, name=name)


@register("metric", "root_mean_squared_error")
class RootMeanSquaredError(ErrorMetric):
    """sqrt(mean((y - prediction)**2)), the mean over all batches.

    >>> metrics.RootMeanSquaredError()([[0.0], [0.0]], [[3.0], [3.0]])
    3.0
    """

    recordable = True
    _counts_masks = False  # as in Keras
    kind = "squared_error"

    def __init__(self, name: str | None = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(dtype=dtype, name=name)

    def places(self, y_true: Array, y_pred: Array) -> Array:
        y = cast_like(same_shape(self.name, y_true, y_pred), y_pred)
        return (Tensor(y) - Tensor(y_pred)).square().data

    def result(self) -> Any:
        """The root of the mean so far, a float; 0 before the first batch."""
        return finished(Metric._traced_result(self).sqrt())


def loss_rows(kind: str, y: Array, z: Array) -> Array:
    """One value a row of the loss that the kernel `kind` computes; matrices."""
    return _kernels.loss_forward(kind, z, y, None, 0.0, False)[0]
