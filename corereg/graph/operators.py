"""Operators, slices and Tensor's methods on symbolic tensors."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from corereg.graph.operations import OPERATIONS, make_node
from corereg.graph.tensor import SymbolicTensor

_BINARY = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "true_divide": operator.truediv,
    "power": operator.pow,
    "floor_divide": operator.floordiv,
    "mod": operator.mod,
    "matmul": operator.matmul,
}
_COMPARISONS = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
}
_OTHERS: dict[str, Callable[..., Any]] = {
    "negative": operator.neg,
    "absolute": operator.abs,
    "get_item": operator.getitem,
}
_SPECIAL = {"true_divide": "truediv", "subtract": "sub", "multiply": "mul", "power": "pow"}
_SPECIAL |= {"floor_divide": "floordiv"}
_SPECIAL |= {"less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge"}
_SPECIAL |= {"negative": "neg", "absolute": "abs", "get_item": "getitem"}
METHODS = (
    *("reshape", "flatten", "transpose", "swapaxes", "squeeze", "expand_dims", "astype"),
    *("sum", "mean", "prod", "var", "std", "max", "min", "argmax", "argmin", "cumsum"),
    *("logsumexp", "norm", "abs", "sign", "sqrt", "square", "exp", "log", "log1p", "sin", "cos"),
    *("tanh", "sigmoid", "relu", "softmax", "log_softmax", "clip", "maximum", "minimum", "matmul"),
)


def _forward(key: str) -> Callable[..., Any]:
    return lambda self, *others: make_node(key, (self, *others), {})


def _backward(key: str) -> Callable[..., Any]:
    return lambda self, other: make_node(key, (other, self), {})


def _method(name: str) -> Callable[..., Any]:
    key = f"tensor.{name}"

    def method(self: SymbolicTensor, *args: Any, **kwargs: Any) -> Any:
        return make_node(key, (self, *args), kwargs)

    method.__doc__ = f"As `Tensor.{name}`, symbolically."
    return method


_ALL: dict[str, Callable[..., Any]] = {**_BINARY, **_COMPARISONS, **_OTHERS}
for _name, _function in _ALL.items():
    OPERATIONS[f"operator.{_name}"] = _function
    _special = _SPECIAL.get(_name, _name)
    setattr(SymbolicTensor, f"__{_special}__", _forward(f"operator.{_name}"))
    if _name in _BINARY:
        setattr(SymbolicTensor, f"__r{_special}__", _backward(f"operator.{_name}"))
for _name in METHODS:
    setattr(SymbolicTensor, _name, _method(_name))
SymbolicTensor.T = property(_forward("tensor.transpose"))  # type: ignore[attr-defined]


def mask_of(x: Any) -> Any:
    """The mask that a tensor has once it is there."""
    return x._keras_mask


OPERATIONS["graph.mask_of"] = mask_of
SymbolicTensor._keras_mask = property(  # type: ignore[method-assign, assignment]
    lambda self: None if self._mask_spec is None else make_node("graph.mask_of", (self,), {})
)
