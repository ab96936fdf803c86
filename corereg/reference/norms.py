"""Batch and row norms.

Columns are along the last axis, rows are all others. Suffixes: b batch rows, n columns.
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def _scaled(xhat_bn: Array, gamma_n: Array | None, beta_n: Array | None) -> Array:
    y_bn = xhat_bn if gamma_n is None else xhat_bn * gamma_n
    return y_bn if beta_n is None else y_bn + beta_n


def batch_norm_forward(
    x_bn: Array,
    gamma_n: Array | None = None,
    beta_n: Array | None = None,
    moving_mean_n: Array | None = None,
    moving_variance_n: Array | None = None,
    momentum: float = 0.99,
    epsilon: float = 1e-3,
) -> tuple[Array, Array, Array]:
    """(y, mean, 1/sqrt(variance + epsilon)) of each column; the moving averages go on in place."""
    rows = max(len(x_bn), 1)
    mean_n = x_bn.sum(axis=0) / rows
    variance_n = ((x_bn - mean_n) ** 2).sum(axis=0) / rows
    inv_n = 1 / np.sqrt(variance_n + epsilon)
    if moving_mean_n is not None and moving_variance_n is not None and len(x_bn):
        for moving_n, new_n in ((moving_mean_n, mean_n), (moving_variance_n, variance_n)):
            moving_n[...] = moving_n * momentum + new_n * (1 - momentum)
    return _scaled((x_bn - mean_n) * inv_n, gamma_n, beta_n), mean_n, inv_n


def batch_norm_inference(
    x_bn: Array,
    mean_n: Array,
    variance_n: Array,
    gamma_n: Array | None = None,
    beta_n: Array | None = None,
    epsilon: float = 1e-3,
) -> Array:
    """y by a mean and a variance that are given."""
    return _scaled((x_bn - mean_n) / np.sqrt(variance_n + epsilon), gamma_n, beta_n)


def batch_norm_backward(
    dy_bn: Array,
    x_bn: Array,
    mean_n: Array,
    inv_n: Array,
    gamma_n: Array | None = None,
    given: bool = False,
) -> tuple[Array, Array, Array]:
    """(dx, dgamma, dbeta); given: mean and inv did not come from x."""
    rows = max(len(x_bn), 1)
    xhat_bn = (x_bn - mean_n) * inv_n
    dgamma_n, dbeta_n = (dy_bn * xhat_bn).sum(axis=0), dy_bn.sum(axis=0)
    dx_bn = dy_bn if given else dy_bn - dbeta_n / rows - xhat_bn * (dgamma_n / rows)
    return _scaled(dx_bn * inv_n, gamma_n, None), dgamma_n, dbeta_n


def row_norm_forward(
    x_bn: Array,
    gamma_n: Array | None = None,
    beta_n: Array | None = None,
    epsilon: float = 1e-3,
    centered: bool = True,
) -> tuple[Array, Array | None, Array]:
    """(y, mean, 1/sqrt(variance + epsilon)) of each row; centered False: mean counts as 0 and is
    None."""
    columns = max(x_bn.shape[-1], 1)
    mean_b = x_bn.sum(axis=-1) / columns if centered else None
    shifted_bn = x_bn if mean_b is None else x_bn - mean_b[..., None]
    inv_b = 1 / np.sqrt((shifted_bn**2).sum(axis=-1) / columns + epsilon)
    return _scaled(shifted_bn * inv_b[..., None], gamma_n, beta_n), mean_b, inv_b


def row_norm_backward(
    dy_bn: Array,
    x_bn: Array,
    inv_b: Array,
    mean_b: Array | None = None,
    gamma_n: Array | None = None,
) -> Array:
    """dx."""
    xhat_bn = _row_xhat(x_bn, inv_b, mean_b)
    d_bn = _scaled(dy_bn, gamma_n, None)
    dx_bn = d_bn - xhat_bn * (d_bn * xhat_bn).mean(axis=-1, keepdims=True)
    if mean_b is not None:
        dx_bn = dx_bn - d_bn.mean(axis=-1, keepdims=True)
    found: Array = dx_bn * inv_b[..., None]
    return found


def row_norm_backward_weights(
    dy_bn: Array, x_bn: Array, inv_b: Array, mean_b: Array | None = None
) -> tuple[Array, Array]:
    """(dgamma, dbeta)."""
    return (dy_bn * _row_xhat(x_bn, inv_b, mean_b)).sum(axis=0), dy_bn.sum(axis=0)


def _row_xhat(x_bn: Array, inv_b: Array, mean_b: Array | None) -> Array:
    shifted_bn = x_bn if mean_b is None else x_bn - mean_b[..., None]
    return shifted_bn * inv_b[..., None]
