"""The ops as methods of Tensor, under the names of NumPy and PyTorch.

An op makes a Tensor, so `corereg.autograd.ops` stands above `corereg.autograd.tensor` and Tensor
cannot name its ops. This module stands above both, and gives Tensor its methods when the package is
imported. `Tensor` itself holds their signatures, for type checkers: a test compares.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, SupportsIndex

import numpy as np

from corereg import _kernels
from corereg.autograd import numpy_functions, ops
from corereg.autograd.ops import arithmetic, linalg
from corereg.autograd.tensor import Tensor

COMPARABLE = (Tensor, int, float, np.ndarray, np.generic, list, tuple)


def equal(self: Tensor, other: Any) -> Tensor:
    """self == other, elementwise: of bools."""
    return ops.equal(self, other) if isinstance(other, COMPARABLE) else NotImplemented


def not_equal(self: Tensor, other: Any) -> Tensor:
    """self != other, elementwise: of bools."""
    return ops.not_equal(self, other) if isinstance(other, COMPARABLE) else NotImplemented


def reversed_power(self: Tensor, other: Any) -> Tensor:
    """other ** self"""
    return ops.power(other, self)


def reversed_floor_divide(self: Tensor, other: Any) -> Tensor:
    """other // self"""
    return ops.floor_divide(other, self)


def reversed_remainder(self: Tensor, other: Any) -> Tensor:
    """other % self"""
    return ops.remainder(other, self)


def maximum(self: Tensor, other: Any) -> Tensor:
    """See `corereg.autograd.ops.maximum`."""
    return ops.maximum(self, other)


def minimum(self: Tensor, other: Any) -> Tensor:
    """See `corereg.autograd.ops.minimum`."""
    return ops.minimum(self, other)


def matmul(self: Tensor, other: Any) -> Tensor:
    """See `corereg.autograd.ops.matmul`."""
    return ops.matmul(self, other)


def outer(self: Tensor, other: Any) -> Tensor:
    """See `corereg.autograd.ops.outer`."""
    return ops.outer(self, other)


def reshape(self: Tensor, *shape: SupportsIndex | Sequence[int]) -> Tensor:
    """``t.reshape(2, 3)`` or ``t.reshape((2, 3))``: see `corereg.autograd.ops.reshape`."""
    return ops.reshape(self, shape[0] if len(shape) == 1 else shape)  # type: ignore[arg-type]


def transpose(self: Tensor, *axes: SupportsIndex | Sequence[int]) -> Tensor:
    """``t.transpose(1, 0)``, ``t.transpose((1, 0))``, or ``t.transpose()`` for the reversed order:
    see `corereg.autograd.ops.transpose`."""
    if not axes:
        return ops.transpose(self)
    return ops.transpose(self, axes[0] if len(axes) == 1 else axes)  # type: ignore[arg-type]


def matrix_transpose(self: Tensor) -> Tensor:
    """The last two axes exchanged."""
    return ops.swapaxes(self, -1, -2)


# The method is the op's function itself, and has its name.
FUNCTIONS: tuple[Callable[..., Any], ...] = (
    *(ops.abs, ops.sign, ops.sqrt, ops.rsqrt, ops.square, ops.reciprocal, ops.exp, ops.expm1),
    *(ops.log, ops.log1p, ops.sin, ops.cos, ops.tanh, ops.sigmoid, ops.erf, ops.relu),
    *(ops.softmax, ops.log_softmax, ops.clip, ops.astype),
    *(ops.sum, ops.mean, ops.prod, ops.var, ops.std, ops.max, ops.min, ops.argmax, ops.argmin),
    *(ops.cumsum, ops.logsumexp, ops.norm),
    *(ops.swapaxes, ops.squeeze, ops.expand_dims, ops.broadcast_to, ops.flatten, ops.flip),
    *(ops.tile, ops.repeat, ops.split),
    *(ops.take, ops.take_along_axis, ops.set_at, ops.add_at),
)
# Methods with arguments or names of their own.
METHODS: dict[str, Any] = {
    "maximum": maximum,
    "minimum": minimum,
    "matmul": matmul,
    "outer": outer,
    "reshape": reshape,
    "transpose": transpose,
    "T": property(ops.transpose),
    "mT": property(matrix_transpose),
    "__getitem__": ops.getitem,
    "__eq__": equal,
    "__ne__": not_equal,
    "__lt__": ops.less,
    "__le__": ops.less_equal,
    "__gt__": ops.greater,
    "__ge__": ops.greater_equal,
    "__and__": ops.logical_and,
    "__rand__": ops.logical_and,
    "__or__": ops.logical_or,
    "__ror__": ops.logical_or,
    "__invert__": ops.logical_not,
    "__pow__": ops.power,
    "__rpow__": reversed_power,
    "__floordiv__": ops.floor_divide,
    "__rfloordiv__": reversed_floor_divide,
    "__mod__": ops.remainder,
    "__rmod__": reversed_remainder,
    "__abs__": ops.abs,
    "__array_ufunc__": numpy_functions.array_ufunc,
    "__array_function__": numpy_functions.array_function,
}

for _name, _method in {**{f.__name__: f for f in FUNCTIONS}, **METHODS}.items():
    setattr(Tensor, _name, _method)

# + - * / @ and the sign are compiled, see TensorCore in src/tensor.pxi.
_kernels.bind_operators(
    *(arithmetic.Add, arithmetic.Subtract, arithmetic.Multiply, arithmetic.Divide),
    *(linalg.Matmul, arithmetic.Negative),
)
