"""The derivatives of the losses of src/output_loss.c, one for each output, in ops: gradients of
gradients are made of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from corereg.autograd.ops.activations import tanh
from corereg.autograd.ops.comparison import (
    equal,
    greater_equal,
    less_equal,
    logical_and,
    logical_or,
)
from corereg.autograd.ops.elementwise import abs, astype, log, sign
from corereg.autograd.ops.reductions import min
from corereg.autograd.ops.selection import clip, maximum, where
from corereg.autograd.tensor import Tensor

DEFAULT_OPTIONS = {"huber": 1.0}
"""What a kind takes where no option is given; 1e-7 for all others, as the kernels' border says."""


def _huber(z: Tensor, y: Tensor, delta: float, levels: Any) -> Tensor:
    return clip(z - y, -delta, delta)


def _log_cosh(z: Tensor, y: Tensor, epsilon: float, levels: Any) -> Tensor:
    return tanh(z - y)


def _signed(y: Tensor) -> Tensor:
    """Targets of hinges: those of 0 and 1 become -1 and 1, if there are no others."""
    if not y.size:
        return y
    binary = astype(min(astype(logical_or(equal(y, 0), equal(y, 1)), y.dtype)), y.dtype)
    return y + binary * (y - 1)


def _hinge(z: Tensor, y: Tensor, epsilon: float, levels: Any) -> Tensor:
    t = _signed(y)
    return -t * (sign(1 - t * z) + 1) / 2


def _squared_hinge(z: Tensor, y: Tensor, epsilon: float, levels: Any) -> Tensor:
    t = _signed(y)
    return -2 * t * maximum(1 - t * z, 0)


def _poisson(z: Tensor, y: Tensor, epsilon: float, levels: Any) -> Tensor:
    return 1 - y / (z + epsilon)


def _kl_divergence(z: Tensor, y: Tensor, epsilon: float, levels: Any) -> Tensor:
    inside = logical_and(greater_equal(z, epsilon), less_equal(z, 1))
    return where(inside, -clip(y, epsilon, 1) / where(inside, z, 1), 0)


def _percentage(z: Tensor, y: Tensor, epsilon: float, levels: Any) -> Tensor:
    return 100 * sign(z - y) / maximum(abs(y), epsilon)


def _logarithmic(z: Tensor, y: Tensor, epsilon: float, levels: Any) -> Tensor:
    rate = maximum(z, epsilon) + 1
    d = log(rate) - log(maximum(y, epsilon) + 1)
    return where(greater_equal(z, epsilon), 2 * d / rate, 0)


def _quantile(z: Tensor, y: Tensor, epsilon: float, levels: Any) -> Tensor:
    side = sign(y - z)
    found: Tensor = side * side * (0.5 - levels) - 0.5 * side
    return found


SLOPES: dict[str, Callable[[Tensor, Tensor, float, Any], Tensor]] = {
    "huber": _huber,
    "log_cosh": _log_cosh,
    "hinge": _hinge,
    "squared_hinge": _squared_hinge,
    "poisson": _poisson,
    "kl_divergence": _kl_divergence,
    "absolute_percentage_error": _percentage,
    "squared_logarithmic_error": _logarithmic,
    "quantile": _quantile,
}
"""By kind: (z, y, option, levels) -> the derivative of each output's term with respect to z."""
