"""Losses of models that predict distributions: their rates, shares, or means and variances."""

from __future__ import annotations

import math
from typing import Any

from corereg.autograd import Tensor, ops
from corereg.losses.base import Array, ComposedLoss
from corereg.losses.kernel_loss import KernelLoss
from corereg.registry import register
from corereg.targets import check_numbers, match_outputs


@register("loss", "poisson")
class Poisson(KernelLoss):
    """mean(prediction - y log(prediction + 1e-7)) over outputs: what a Poisson distribution of this
    rate costs for the count y, but for a term of y alone.

    >>> round(losses.Poisson()([[2.0]], [[2.0]]).item(), 4)
    0.6137
    """

    recordable = True
    kind = "poisson"


@register("loss", "kl_divergence", "kld", "KLD", "kullback_leibler_divergence")
class KLDivergence(KernelLoss):
    """sum(y log(y / prediction)) over outputs, both clipped to [1e-7, 1] (Kullback, Leibler).

    >>> round(losses.KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]).item(), 4)
    0.1438
    """

    recordable = True
    kind = "kl_divergence"
    default_name = "kl_divergence"


@register("loss", "gaussian_nll")
class GaussianNLL(ComposedLoss):
    """The negative logarithm of a normal distribution's density at y (Nix, Weigend, 1994):

        mean over targets of (log v + (y - m)**2 / v) / 2, with full=True + log(2 pi) / 2

    The model has two outputs for each of k targets, shape (..., 2k): first the k means m, then the
    k variances v, as output says: "log_variance" (v = e**output) or "variance" (v = output, raised
    to epsilon). y has shape (..., k), or (rows,) for one target. ValueError for an odd number of
    outputs.

    >>> round(losses.GaussianNLL()([[2.0]], [[1.0, 0.0]]).item(), 4)  # mean 1, variance e**0
    0.5
    """

    recordable = True
    default_name = "gaussian_nll"

    def __init__(
        self,
        output: str = "log_variance",
        full: bool = False,
        epsilon: float = 1e-6,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        if output not in ("log_variance", "variance"):
            raise ValueError(
                f"GaussianNLL: expected output 'log_variance' or 'variance', received {output!r}"
            )
        if not epsilon > 0:
            raise ValueError(f"GaussianNLL: expected epsilon > 0, received {epsilon!r}")
        self.output, self.full, self.epsilon = output, bool(full), float(epsilon)

    def ranked(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        if not y_pred.ndim or y_pred.shape[-1] % 2:
            raise ValueError(self.unfit(y_pred.shape))
        if y_true.ndim == y_pred.ndim - 1:
            y_true = y_true.reshape(*y_true.shape, 1)
        if y_true.shape != (*y_pred.shape[:-1], y_pred.shape[-1] // 2):
            raise ValueError(
                f"{self.name}: expected a y for each mean of outputs {y_pred.shape}, received "
                f"shape {y_true.shape}"
            )
        return y_true, y_pred

    def unfit(self, outputs: Any) -> str:
        return (
            f"{self.name}: expected outputs of shape (..., 2k), k means and k variances, they have "
            f"shape {outputs}"
        )

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        count = y_true.shape[-1]
        error, spread = y_true - y_pred[..., :count], y_pred[..., count:]
        if self.output == "log_variance":
            terms = spread + error * error * ops.exp(-spread)
        else:
            variance = ops.clip(spread, self.epsilon, None)
            terms = ops.log(variance) + error * error / variance
        values = terms.mean(axis=-1) / 2
        return values + math.log(2 * math.pi) / 2 if self.full else values

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        last = outputs[-1] if len(outputs) > 1 else None
        if last is None or last % 2:
            raise ValueError(self.unfit(outputs))
        return match_outputs(self.name, check_numbers(self.name, y), (*outputs[:-1], last // 2))

    def get_config(self) -> dict[str, Any]:
        own = {"output": self.output, "full": self.full, "epsilon": self.epsilon}
        return {**super().get_config(), **own}
