"""Normalizations over axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.autograd import Tensor, ops
from corereg.autograd.aliases import Axis
from corereg.ops.operands import as_float, as_tensor, counted, keras_op

EPSILON = 1e-7
"""`keras.config.epsilon()`: what None stands for."""


def _axes(axis: Any, ndim: int, who: str) -> list[int]:
    return [counted(a, ndim, who) for a in (axis if isinstance(axis, Sequence) else [axis])]


def _along(value: Any, x: Tensor, axes: Sequence[int]) -> Tensor:
    """A scale or an offset of the lengths of these axes of x, with axes to broadcast with x."""
    made = ops.astype(as_tensor(value), x.dtype)
    return ops.reshape(made, [n if i in axes else 1 for i, n in enumerate(x.shape)])


@keras_op
def normalize(x: Any, axis: Axis = -1, order: int = 2, epsilon: float | None = None) -> Tensor:
    """x divided by its norm along axis, (sum of |x|**order) ** (1/order), or by epsilon (None:
    1e-7) where that is larger.

    >>> ops.normalize([[3.0, 4.0]]).round(4)
    Tensor([[0.6, 0.8]])
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"normalize: expected order as an integer >= 1, received {order!r}")
    x = as_float(x)
    least = EPSILON if epsilon is None else epsilon
    if order == 2:
        total = ops.sum(ops.square(x), axis, keepdims=True)
        return ops.multiply(x, ops.rsqrt(ops.maximum(total, least**2)))
    return ops.divide(x, ops.maximum(ops.norm(x, order, axis, keepdims=True), least))


@keras_op
def batch_normalization(
    x: Any,
    mean: Any,
    variance: Any,
    axis: int,
    offset: Any = None,
    scale: Any = None,
    epsilon: float = 0.001,
) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset. mean, variance, offset and scale are
    vectors as long as x is along axis.

    >>> ops.batch_normalization([[1.0], [3.0]], [2.0], [4.0], axis=-1, epsilon=0.0)
    Tensor([[-0.5],
            [ 0.5]])
    """
    x = as_float(x)
    axes = _axes(axis, x.ndim, "batch_normalization")
    factor = ops.rsqrt(_along(variance, x, axes) + epsilon)
    if scale is not None:
        factor = factor * _along(scale, x, axes)
    made = (x - _along(mean, x, axes)) * factor
    found: Tensor = made if offset is None else made + _along(offset, x, axes)
    return found


@keras_op
def layer_normalization(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
    **kwargs: Any,
) -> Tensor:
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, mean and variance over axis, an axis or
    several; gamma and beta of their lengths. epsilon None: 1e-7.

    >>> ops.layer_normalization([[1.0, 3.0]], epsilon=0.0)
    Tensor([[-1.,  1.]])
    """
    if kwargs:
        raise TypeError(
            f"layer_normalization: expected no further arguments, received {sorted(kwargs)}; for "
            "rms_scaling use rms_normalization"
        )
    x = as_float(x)
    axes = _axes(axis, x.ndim, "layer_normalization")
    apart = x - ops.mean(x, axes, keepdims=True)
    spread = ops.mean(ops.square(apart), axes, keepdims=True)
    made = apart * ops.rsqrt(spread + (EPSILON if epsilon is None else epsilon))
    made = made if gamma is None else made * _along(gamma, x, axes)
    found: Tensor = made if beta is None else made + _along(beta, x, axes)
    return found


@keras_op
def rms_normalization(
    x: Any, scale: Any = None, axis: int | Sequence[int] = -1, epsilon: float | None = None
) -> Tensor:
    """x / sqrt(mean of x**2 over axis + epsilon) * scale; scale of the lengths of axis. epsilon
    None: 1e-7.

    >>> ops.rms_normalization([[1.0, 7.0]], epsilon=0.0).round(4)
    Tensor([[0.2, 1.4]])
    """
    x = as_float(x)
    axes = _axes(axis, x.ndim, "rms_normalization")
    power = ops.mean(ops.square(x), axes, keepdims=True)
    made = x * ops.rsqrt(power + (EPSILON if epsilon is None else epsilon))
    found: Tensor = made if scale is None else made * _along(scale, x, axes)
    return found
