"""The losses of regression: mean squared and mean absolute error."""

from __future__ import annotations

from corereg.losses.kernel_loss import KernelLoss
from corereg.registry import register


@register("loss", "mean_squared_error", "mse", "MSE")
class MeanSquaredError(KernelLoss):
    """mean((y - prediction)**2) over outputs."""

    recordable = True
    kind = "squared_error"


@register("loss", "mean_absolute_error", "mae", "MAE")
class MeanAbsoluteError(KernelLoss):
    """mean(|y - prediction|) over outputs."""

    recordable = True
    kind = "absolute_error"
