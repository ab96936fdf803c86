"""The errors of regression as metrics: mean squared and mean absolute error."""

from __future__ import annotations

from corereg import _kernels
from corereg.metrics.base import Array, Metric, as_matrix, cast_like
from corereg.registry import register
from corereg.targets import match_outputs


@register("metric", "mean_squared_error", "mse", "MSE")
class MeanSquaredError(Metric):
    """mean((y - prediction)**2)."""

    recordable = True

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        return loss_rows("squared_error", y_true, y_pred)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        match_outputs(self.name, y, outputs)


@register("metric", "mean_absolute_error", "mae", "MAE")
class MeanAbsoluteError(Metric):
    """mean(|y - prediction|)."""

    recordable = True

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        return loss_rows("absolute_error", y_true, y_pred)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        match_outputs(self.name, y, outputs)


def loss_rows(kind: str, y_true: Array, y_pred: Array) -> Array:
    """One value a row of the loss that the kernel `kind` computes."""
    z = as_matrix(y_pred)
    return _kernels.loss_forward(kind, z, cast_like(y_true, z), None, 0.0, False)[0]
