"""Correlations of targets and predictions within each row: Pearson's and Lin's concordance."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor, tensor
from corereg.metrics.arrays import as_array, cast_to, same_shape
from corereg.metrics.mean import FunctionMetric
from corereg.registry import register

EPSILON = 1e-7  # Keras's, in the denominator of the concordance


def _pair(who: str, y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Targets and predictions as tensors of one shape and dtype."""
    p = tensor(y_pred)
    if p.dtype.kind != "f":
        p = p.astype("float32")
    y = as_array(tensor(y_true))
    return Tensor(same_shape(who, cast_to(y, y.shape, p.dtype), p.data)), p


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """mean((y - mean y) (p - mean p)) / (std y std p) along an axis, from -1 to 1; NaN where one of
    the two is constant.

    >>> metrics.pearson_correlation([[1.0, 2.0, 3.0]], [[3.0, 2.0, 1.0]]).numpy().round(4)
    array([-1.], dtype=float32)
    """
    y, p = _pair("pearson_correlation", y_true, y_pred)
    y = y - y.mean(axis=axis, keepdims=True)
    p = p - p.mean(axis=axis, keepdims=True)
    with np.errstate(invalid="ignore"):
        y = y / y.square().mean(axis=axis, keepdims=True).sqrt()
        p = p / p.square().mean(axis=axis, keepdims=True).sqrt()
    return (y * p).mean(axis=axis)


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """mean(2 (y - mean p) (p - mean p)) / (var y + var p + (mean y - mean p)**2 + 1e-7) along an
    axis: agreement, from -1 to 1 (Lin 1989).

    >>> metrics.concordance_correlation([[1.0, 2.0, 3.0]], [[1.0, 2.0, 3.0]]).numpy().round(4)
    array([1.], dtype=float32)
    """
    y, p = _pair("concordance_correlation", y_true, y_pred)
    mean_y, mean_p = y.mean(axis=axis, keepdims=True), p.mean(axis=axis, keepdims=True)
    variances = (y - mean_y).square().mean(axis=axis, keepdims=True) + (p - mean_p).square().mean(
        axis=axis, keepdims=True
    )
    products = (y - mean_p) * (p - mean_p)
    norm = variances + (mean_y - mean_p).square()
    return (2 * products / (norm + EPSILON)).mean(axis=axis)


@register("metric", "pearson_correlation")
class PearsonCorrelation(FunctionMetric):
    """The mean over rows of `pearson_correlation` along an axis of (rows, ...).

    >>> y = [[1.0, 2.0, 3.0]]
    >>> round(metrics.PearsonCorrelation()(y, [[2.0, 3.0, 4.0]]), 4)  # a shift does not count
    1.0
    """

    recordable = True

    def __init__(
        self, name: str | None = "pearson_correlation", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)


@register("metric", "concordance_correlation")
class ConcordanceCorrelation(FunctionMetric):
    """The mean over rows of `concordance_correlation` along an axis of (rows, ...).

    >>> y = [[1.0, 2.0, 3.0]]
    >>> round(metrics.ConcordanceCorrelation()(y, [[2.0, 3.0, 4.0]]), 4)  # a shift counts
    0.5714
    """

    recordable = True

    def __init__(
        self, name: str | None = "concordance_correlation", dtype: Any = None, axis: int = -1
    ) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
