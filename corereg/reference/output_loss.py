"""The losses that compare each output with its target by a formula of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.reference.loss_row import per_row_of_terms

Array = np.ndarray[Any, Any]
Pair = tuple[Array, Array]


def huber(z_bn: Array, y_bn: Array, weight_b: Array | None = None, option: float = 1.0) -> Pair:
    """Of d = z-y: d^2/2 where |d| <= option, else option (|d| - option/2)."""
    d_bn, far_bn = z_bn - y_bn, np.abs(z_bn - y_bn)
    near_bn = far_bn <= option
    terms_bn = np.where(near_bn, d_bn * d_bn / 2, option * far_bn - option * option / 2)
    return per_row_of_terms(terms_bn, np.clip(d_bn, -option, option), weight_b)


def log_cosh(z_bn: Array, y_bn: Array, weight_b: Array | None = None) -> Pair:
    """log cosh (z-y)."""
    d_bn = z_bn - y_bn
    far_bn = np.abs(d_bn)
    near_bn = np.log1p(2 * np.sinh(np.minimum(far_bn, 1) / 2) ** 2)
    terms_bn = np.where(far_bn <= 1, near_bn, far_bn + np.log1p(np.exp(-2 * far_bn)) - np.log(2))
    return per_row_of_terms(terms_bn, np.tanh(d_bn), weight_b)


def signed_targets(y_bn: Array) -> Array:
    """Targets of hinges: those of 0 and 1 become -1 and 1, if there are no others."""
    binary = bool(((y_bn == 0) | (y_bn == 1)).all())
    return 2 * y_bn - 1 if binary else y_bn


def hinge(z_bn: Array, y_bn: Array, weight_b: Array | None = None) -> Pair:
    """max(0, 1 - yz); the slope at the kink is the middle of those beside it."""
    t_bn = signed_targets(y_bn)
    margin_bn = 1 - t_bn * z_bn
    sides_bn = (margin_bn > 0) + 0.5 * (margin_bn == 0)
    return per_row_of_terms(np.maximum(margin_bn, 0), -t_bn * sides_bn, weight_b)


def squared_hinge(z_bn: Array, y_bn: Array, weight_b: Array | None = None) -> Pair:
    """max(0, 1 - yz)^2."""
    t_bn = signed_targets(y_bn)
    margin_bn = np.maximum(1 - t_bn * z_bn, 0)
    return per_row_of_terms(margin_bn * margin_bn, -2 * t_bn * margin_bn, weight_b)


def poisson(z_bn: Array, y_bn: Array, weight_b: Array | None = None, option: float = 1e-7) -> Pair:
    """z - y log(z + option)."""
    rate_bn = z_bn + option
    return per_row_of_terms(z_bn - y_bn * np.log(rate_bn), 1 - y_bn / rate_bn, weight_b)


def kl_divergence(
    z_bn: Array, y_bn: Array, weight_b: Array | None = None, option: float = 1e-7
) -> Pair:
    """sum of y log(y/z), both clipped to [option, 1]."""
    p_bn, t_bn = np.clip(z_bn, option, 1), np.clip(y_bn, option, 1)
    inside_bn = (z_bn >= option) & (z_bn <= 1)
    return per_row_of_terms(
        t_bn * np.log(t_bn / p_bn), np.where(inside_bn, -t_bn / p_bn, 0), weight_b, True
    )


def absolute_percentage_error(
    z_bn: Array, y_bn: Array, weight_b: Array | None = None, option: float = 1e-7
) -> Pair:
    """100 |z-y| / max(|y|, option)."""
    d_bn, whole_bn = z_bn - y_bn, np.maximum(np.abs(y_bn), option)
    return per_row_of_terms(100 * np.abs(d_bn / whole_bn), 100 * np.sign(d_bn) / whole_bn, weight_b)


def squared_logarithmic_error(
    z_bn: Array, y_bn: Array, weight_b: Array | None = None, option: float = 1e-7
) -> Pair:
    """The squared difference of log(1 + z) and log(1 + y), both at least option."""
    rate_bn = np.maximum(z_bn, option) + 1
    d_bn = np.log(rate_bn) - np.log(np.maximum(y_bn, option) + 1)
    return per_row_of_terms(d_bn * d_bn, np.where(z_bn >= option, 2 * d_bn / rate_bn, 0), weight_b)


def quantile(
    z_bn: Array, y_bn: Array, weight_b: Array | None = None, levels_n: Array | float = 0.5
) -> Pair:
    """max(q (y-z), (q-1) (y-z)) for the level q of each output."""
    d_bn = y_bn - z_bn
    slopes_bn = np.where(d_bn > 0, -levels_n, np.where(d_bn < 0, 1 - levels_n, 0.0 * d_bn))
    return per_row_of_terms(np.maximum(levels_n * d_bn, (levels_n - 1) * d_bn), slopes_bn, weight_b)
