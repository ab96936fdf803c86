"""relu, sigmoid, tanh, softmax: each from its output alone on the way back."""

from __future__ import annotations

from typing import Any

from corereg import _kernels
from corereg.autograd.engine import Op
from corereg.autograd.tensor import FLOATS, Tensor, apply, tensor

CODES: dict[str, int] = _kernels.ACTIVATIONS


class Activation(Op):
    """act(x); `code` is one of CODES. Softmax is along the last axis."""

    __slots__ = ("code",)
    fresh = recordable = True

    def __init__(self, code: int) -> None:
        self.code = code

    def forward(self, x: Any) -> Any:
        return _kernels.activation_forward(x, self.code)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (_kernels.activation_backward(grad, out, self.code),)


def activation(x: Any, name: str) -> Tensor:
    """One of linear, relu, sigmoid, tanh, softmax by name."""
    if name not in CODES:
        raise ValueError(f"activation: expected one of {sorted(CODES)}, received {name!r}")
    x = tensor(x)
    if x.dtype not in FLOATS:
        raise TypeError(f"{name}: expected a float32 or float64 tensor, received {x.dtype}")
    return x if name == "linear" else apply(Activation(CODES[name]), x)


def relu(x: Any) -> Tensor:
    """max(x, 0); the derivative at 0 is 0."""
    return activation(x, "relu")


def sigmoid(x: Any) -> Tensor:
    """1 / (1 + e**-x)"""
    return activation(x, "sigmoid")


def tanh(x: Any) -> Tensor:
    """The hyperbolic tangent."""
    return activation(x, "tanh")


def softmax(x: Any, axis: int = -1) -> Tensor:
    """e**x / sum(e**x) along axis."""
    x = tensor(x)
    if not x.ndim or not -x.ndim <= axis < x.ndim:
        raise ValueError(f"softmax: expected an axis of a tensor of shape {x.shape}, got {axis}")
    if axis % x.ndim == x.ndim - 1:
        return activation(x, "softmax")
    order = list(range(x.ndim))
    order[axis], order[-1] = order[-1], order[axis]
    return activation(x.transpose(order), "softmax").transpose(order)
