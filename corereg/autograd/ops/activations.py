"""relu, sigmoid, tanh, softmax, log_softmax: kernels, each from its output alone on the way back.

x is float32 or float64, of any shape; the result is like it. TypeError otherwise. The errors, in
units in the last place, are the largest among all of float32, and in a sample of float64.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import as_floats, normalize_axis
from corereg.autograd.ops.selection import where
from corereg.autograd.ops.shaping import swapaxes
from corereg.autograd.tensor import Tensor, apply

CODES: dict[str, int] = _kernels.ACTIVATIONS
RELU, SIGMOID, TANH, SOFTMAX = (CODES[name] for name in ("relu", "sigmoid", "tanh", "softmax"))


class Activation(Op):
    """act(x); `code` is one of CODES. Softmax is along the last axis."""

    __slots__ = ("code",)
    returns_new_arrays = recordable = True

    def __init__(self, code: int) -> None:
        self.code = code

    def forward(self, x: Any) -> Any:
        return _kernels.activation_forward(x, self.code)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (_kernels.activation_backward(grad, out, self.code),)

    def derivative(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (slope(grad, out, self.code),)


class LogSoftmax(Op):
    """x - log(sum of e**x), along the last axis."""

    __slots__ = ()
    returns_new_arrays = recordable = True

    def forward(self, x: Any) -> Any:
        return _kernels.log_softmax_forward(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (_kernels.log_softmax_backward(grad, out),)

    def derivative(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad - np.exp(out) * grad.sum(axis=-1, keepdims=True),)


def slope(grad: Any, out: Any, code: int) -> Any:
    """What `_kernels.activation_backward` gives, in Tensors."""
    if code == RELU:
        return where(out.data > 0, grad, 0)
    if code == SIGMOID:
        return grad * out * (1 - out)
    if code == TANH:
        return grad * (1 - out * out)
    if code == SOFTMAX:
        return out * (grad - (grad * out).sum(axis=-1, keepdims=True))
    return grad


def activation(x: Any, name: str) -> Tensor:
    """One of linear, relu, sigmoid, tanh, softmax by name."""
    if name not in CODES:
        raise ValueError(f"activation: expected one of {sorted(CODES)}, received {name!r}")
    x = as_floats(x, name)
    return x if name == "linear" else apply(Activation(CODES[name]), x)


def relu(x: Any) -> Tensor:
    """max(x, 0); the derivative at 0 is 0."""
    return apply(Activation(RELU), as_floats(x, "relu"))


def sigmoid(x: Any) -> Tensor:
    """1 / (1 + e**-x), within 2.49 units in the last place (float64: 2.5)."""
    return apply(Activation(SIGMOID), as_floats(x, "sigmoid"))


def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent, within 1.34 units in the last place (float64: 1.4)."""
    return apply(Activation(TANH), as_floats(x, "tanh"))


def softmax(x: Any, axis: int = -1) -> Tensor:
    """e**x / sum(e**x) along axis. ValueError if x has no such axis."""
    x = as_floats(x, "softmax")
    if normalize_axis(axis, x.ndim, "softmax") == x.ndim - 1:
        return apply(Activation(SOFTMAX), x)
    return swapaxes(apply(Activation(SOFTMAX), swapaxes(x, axis, -1)), axis, -1)


def log_softmax(x: Any, axis: int = -1) -> Tensor:
    """log(softmax(x)) along axis, without overflow. ValueError if x has no such axis."""
    x = as_floats(x, "log_softmax")
    if normalize_axis(axis, x.ndim, "log_softmax") == x.ndim - 1:
        return apply(LogSoftmax(), x)
    return swapaxes(apply(LogSoftmax(), swapaxes(x, axis, -1)), axis, -1)
