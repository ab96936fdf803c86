"""The losses of regression: squared, absolute, relative and logarithmic errors, Huber's, log cosh,
the cosine similarity, and quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.losses.base import Array, ComposedLoss
from corereg.losses.kernel_loss import KernelLoss, as_axis
from corereg.registry import register
from corereg.targets import check_numbers, match_outputs


@register("loss", "mean_squared_error", "mse", "MSE")
class MeanSquaredError(KernelLoss):
    """mean((y - prediction)**2) over outputs.

    >>> losses.MeanSquaredError()([[0.0, 1.0]], [[2.0, 2.0]]).item()
    2.5
    >>> losses.MeanSquaredError(reduction="none")([[0.0], [1.0]], [[2.0], [1.0]]).tolist()
    [4.0, 0.0]
    """

    recordable = True
    kind = "squared_error"


@register("loss", "mean_absolute_error", "mae", "MAE")
class MeanAbsoluteError(KernelLoss):
    """mean(|y - prediction|) over outputs.

    >>> losses.MeanAbsoluteError()([[0.0, 1.0]], [[2.0, 2.0]]).item()
    1.5
    """

    recordable = True
    kind = "absolute_error"


@register("loss", "mean_absolute_percentage_error", "mape", "MAPE")
class MeanAbsolutePercentageError(KernelLoss):
    """100 mean(|y - prediction| / max(|y|, 1e-7)) over outputs.

    >>> losses.MeanAbsolutePercentageError()([[2.0], [4.0]], [[3.0], [4.0]]).item()
    25.0
    """

    recordable = True
    kind = "absolute_percentage_error"


@register("loss", "mean_squared_logarithmic_error", "msle", "MSLE")
class MeanSquaredLogarithmicError(KernelLoss):
    """mean((log(1 + y) - log(1 + prediction))**2) over outputs, y and prediction raised to 1e-7.

    >>> round(losses.MeanSquaredLogarithmicError()([[0.0]], [[1.0]]).item(), 4)  # log(2)**2
    0.4805
    """

    recordable = True
    kind = "squared_logarithmic_error"


@register("loss", "huber", "huber_loss")
class Huber(KernelLoss):
    """Mean over outputs, with d = prediction - y, of d**2 / 2 where |d| <= delta, and of
    delta |d| - delta**2 / 2 elsewhere (Huber, 1964).

    >>> losses.Huber(delta=1.0, reduction="none")([[0.0], [0.0]], [[0.5], [3.0]]).tolist()
    [0.125, 2.5]
    """

    recordable = True
    kind = "huber"
    default_name = "huber_loss"

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        if not delta > 0:
            raise ValueError(f"Huber: expected delta > 0, received {delta!r}")
        self.delta = float(delta)

    @property
    def option(self) -> float:  # type: ignore[override]
        return self.delta

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "delta": self.delta}


@register("loss", "log_cosh", "logcosh")
class LogCosh(KernelLoss):
    """mean(log(cosh(prediction - y))) over outputs, computed without overflow.

    >>> round(losses.LogCosh()([[0.0]], [[2.0]]).item(), 4)
    1.325
    """

    recordable = True
    kind = "log_cosh"


@register("loss", "cosine_similarity")
class CosineSimilarity(ComposedLoss):
    """-sum(y prediction) over axis, after both were divided by their lengths: -1 where they have
    one direction, 1 where they have opposite ones, 0 for vectors of zeros.

    >>> losses.CosineSimilarity()([[0.0, 1.0]], [[0.0, 2.0]]).item()  # -1: one direction
    -1.0
    """

    recordable = True

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        self.axis = as_axis("CosineSimilarity", axis)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        product = self.direction(y_true) * self.direction(y_pred)
        return -product.sum(axis=self.axis)

    def direction(self, x: Tensor) -> Tensor:
        """x divided by its length over the axis, which counts as 1e-7 at least."""
        squares = (x * x).sum(axis=self.axis, keepdims=True)
        return x * ops.rsqrt(ops.maximum(squares, 1e-14))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


@register("loss", "quantile", "pinball")
class Quantile(KernelLoss):
    """The loss of quantiles, also called pinball loss (Koenker, Bassett, 1978): with d = y -
    prediction, the mean over outputs of max(q d, (q - 1) d).

    levels: q in (0, 1) for all outputs, or one q for each: a model with outputs of shape (rows, 3)
    and levels (0.1, 0.5, 0.9) then predicts three quantiles of one target of shape (rows,) or
    (rows, 1). ValueError for levels outside of (0, 1) and for another number of outputs.

    >>> low, high = losses.Quantile(0.1), losses.Quantile(0.9)
    >>> round(low([[0.0]], [[1.0]]).item(), 4), round(high([[0.0]], [[1.0]]).item(), 4)
    (0.9, 0.1)
    """

    recordable = True
    kind = "quantile"

    def __init__(
        self,
        levels: float | Sequence[float] = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        array = np.asarray(levels, np.float64)
        if array.ndim > 1 or not array.size or not ((array > 0) & (array < 1)).all():
            raise ValueError(
                f"Quantile: expected levels as one or more numbers in (0, 1), received {levels!r}"
            )
        self.levels: float | list[float] = array.tolist()
        self._arrays: dict[tuple[str, int], Array] = {}

    def kernel_levels(self, z: Array) -> Array:
        key = (z.dtype.char, z.shape[1])
        if key not in self._arrays:
            levels = np.broadcast_to(np.asarray(self.levels, z.dtype), z.shape[1:])
            self._arrays[key] = np.ascontiguousarray(levels)
        return self._arrays[key]

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        if not isinstance(self.levels, list):
            return match_outputs(self.name, check_numbers(self.name, y), outputs)
        y, count = check_numbers(self.name, y), len(self.levels)
        if len(outputs) < 2 or outputs[-1] != count:
            raise ValueError(
                f"{self.name}: expected a model with one output for each of the {count} levels, "
                f"it has outputs of shape {outputs}"
            )
        if y.ndim == len(outputs) - 1:
            y = y[..., None]
        if y.ndim == len(outputs) and y.shape[-1] == 1:
            y = np.repeat(y, count, axis=-1)
        return match_outputs(self.name, y, outputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "levels": self.levels}
