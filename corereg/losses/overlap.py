"""Losses of how far predicted and true regions overlap: Dice and Tversky."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.autograd import Tensor
from corereg.losses.base import ComposedLoss
from corereg.registry import register

Axes = int | Sequence[int] | None
EPSILON = 1e-7


class OverlapLoss(ComposedLoss):
    """Base class of the two. axis: over which regions extend; None for all axes, the batch's too,
    which gives one value for the whole batch."""

    _weighs_scalars = True

    def __init__(self, axis: Axes, reduction: str | None, name: str | None, dtype: Any) -> None:
        super().__init__(reduction, name, dtype)
        self.axis: int | tuple[int, ...] | None
        if axis is None or isinstance(axis, int):
            self.axis = axis
        else:
            self.axis = tuple(int(i) for i in axis)

    def get_config(self) -> dict[str, Any]:
        axis = list(self.axis) if isinstance(self.axis, tuple) else self.axis
        return {**super().get_config(), "axis": axis}


@register("loss", "dice")
class Dice(OverlapLoss):
    """1 - 2 sum(y prediction) / (sum(y) + sum(prediction) + 1e-7), over axis.

    >>> round(losses.Dice()([[1.0, 0.0]], [[0.5, 0.5]]).item(), 4)
    0.5
    """

    recordable = True

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        axis: Axes = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(axis, reduction, name, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        both = (y_true * y_pred).sum(axis=self.axis)
        total = y_true.sum(axis=self.axis) + y_pred.sum(axis=self.axis)
        return 1 - 2 * both / (total + EPSILON)


@register("loss", "tversky")
class Tversky(OverlapLoss):
    """1 - both / (both + alpha sum(y (1 - prediction)) + beta sum(prediction (1 - y)) + 1e-7), with
    both = sum(y prediction), over axis (Salehi et al., 2017).

    >>> loss = losses.Tversky(alpha=0.3, beta=0.7)
    >>> round(loss([[1.0, 0.0]], [[0.5, 0.5]]).item(), 4)
    0.5
    """

    recordable = True

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        axis: Axes = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(axis, reduction, name, dtype)
        self.alpha, self.beta = float(alpha), float(beta)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        both = (y_true * y_pred).sum(axis=self.axis)
        missed = (y_true * (1 - y_pred)).sum(axis=self.axis)
        added = (y_pred * (1 - y_true)).sum(axis=self.axis)
        return 1 - both / (both + self.alpha * missed + self.beta * added + EPSILON)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha, "beta": self.beta}
