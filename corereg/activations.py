"""Activation functions by name, as in `keras.activations`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from corereg import lookup
from corereg.autograd import Tensor, ops, tensor
from corereg.autograd.ops.activations import relu, sigmoid, softmax, tanh

__all__ = ["get", "linear", "name_of", "relu", "sigmoid", "softmax", "tanh"]


def linear(x: Any) -> Tensor:
    """x itself."""
    return tensor(x)


_TABLE: dict[str, Callable[..., Tensor]] = {
    "linear": linear,
    "relu": relu,
    "sigmoid": sigmoid,
    "softmax": softmax,
    "tanh": tanh,
}


def get(identifier: Any) -> Callable[..., Tensor]:
    """The function of a name (None: linear), or the callable Tensor -> Tensor that is given."""
    if identifier is None:
        return linear
    if isinstance(identifier, str):
        if identifier not in _TABLE:
            raise lookup.unknown("activation", identifier, _TABLE)
        return _TABLE[identifier]
    if not callable(identifier):
        raise TypeError(f"activation: expected a name or a callable, received {identifier!r}")
    return identifier  # type: ignore[no-any-return]


def name_of(function: Any) -> str | None:
    """The name under which kernels have this activation, or None."""
    for name, known in _TABLE.items():
        if function is known and name in ops.activations.CODES:
            return name
    return None
