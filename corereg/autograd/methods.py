"""The ops as methods of Tensor, under the names of NumPy and PyTorch. See the function of each
name in `corereg.autograd.ops`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from corereg import _kernels

if TYPE_CHECKING:
    from corereg.autograd import ops
    from corereg.autograd.tensor import Tensor

COMPARABLE = (_kernels.TensorCore, int, float, np.ndarray, np.generic, list, tuple)
Axis = int | Sequence[int] | None


class Methods(_kernels.TensorCore):
    """The part of Tensor that calls ops; tensor.py sets `ops` in this module."""

    __slots__ = ()
    __hash__ = object.__hash__

    # ---- comparisons: tensors of bool, outside the graph ---------------------------------------

    def __eq__(self, other: Any) -> Tensor:  # type: ignore[override]
        return ops.equal(self, other) if isinstance(other, COMPARABLE) else NotImplemented

    def __ne__(self, other: Any) -> Tensor:  # type: ignore[override]
        return ops.not_equal(self, other) if isinstance(other, COMPARABLE) else NotImplemented

    def __lt__(self, other: Any) -> Tensor:
        return ops.less(self, other)

    def __le__(self, other: Any) -> Tensor:
        return ops.less_equal(self, other)

    def __gt__(self, other: Any) -> Tensor:
        return ops.greater(self, other)

    def __ge__(self, other: Any) -> Tensor:
        return ops.greater_equal(self, other)

    def __and__(self, other: Any) -> Tensor:
        return ops.logical_and(self, other)

    def __or__(self, other: Any) -> Tensor:
        return ops.logical_or(self, other)

    __rand__, __ror__ = __and__, __or__

    def __invert__(self) -> Tensor:
        return ops.logical_not(self)

    # ---- elementwise ------------------------------------------------------------------------

    def __pow__(self, other: Any) -> Tensor:
        return ops.power(self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return ops.power(other, self)

    def __abs__(self) -> Tensor:
        return ops.abs(self)

    def abs(self) -> Tensor:
        return ops.abs(self)

    def sign(self) -> Tensor:
        return ops.sign(self)

    def sqrt(self) -> Tensor:
        return ops.sqrt(self)

    def rsqrt(self) -> Tensor:
        return ops.rsqrt(self)

    def square(self) -> Tensor:
        return ops.square(self)

    def reciprocal(self) -> Tensor:
        return ops.reciprocal(self)

    def exp(self) -> Tensor:
        return ops.exp(self)

    def expm1(self) -> Tensor:
        return ops.expm1(self)

    def log(self) -> Tensor:
        return ops.log(self)

    def log1p(self) -> Tensor:
        return ops.log1p(self)

    def sin(self) -> Tensor:
        return ops.sin(self)

    def cos(self) -> Tensor:
        return ops.cos(self)

    def tanh(self) -> Tensor:
        return ops.tanh(self)

    def sigmoid(self) -> Tensor:
        return ops.sigmoid(self)

    def erf(self) -> Tensor:
        return ops.erf(self)

    def relu(self) -> Tensor:
        return ops.relu(self)

    def softmax(self, axis: int = -1) -> Tensor:
        return ops.softmax(self, axis)

    def log_softmax(self, axis: int = -1) -> Tensor:
        return ops.log_softmax(self, axis)

    def clip(self, low: Any, high: Any) -> Tensor:
        return ops.clip(self, low, high)

    def maximum(self, other: Any) -> Tensor:
        return ops.maximum(self, other)

    def minimum(self, other: Any) -> Tensor:
        return ops.minimum(self, other)

    def astype(self, dtype: Any) -> Tensor:
        return ops.astype(self, dtype)

    # ---- reductions -------------------------------------------------------------------------

    def sum(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return ops.sum(self, axis, keepdims)

    def mean(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return ops.mean(self, axis, keepdims)

    def prod(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return ops.prod(self, axis, keepdims)

    def var(self, axis: Axis = None, keepdims: bool = False, correction: float = 0) -> Tensor:
        return ops.var(self, axis, keepdims, correction)

    def std(self, axis: Axis = None, keepdims: bool = False, correction: float = 0) -> Tensor:
        return ops.std(self, axis, keepdims, correction)

    def max(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return ops.max(self, axis, keepdims)

    def min(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return ops.min(self, axis, keepdims)

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        return ops.argmax(self, axis, keepdims)

    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        return ops.argmin(self, axis, keepdims)

    def cumsum(self, axis: int | None = None) -> Tensor:
        return ops.cumsum(self, axis)

    def logsumexp(self, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return ops.logsumexp(self, axis, keepdims)

    def norm(self, ord: float = 2, axis: Axis = None, keepdims: bool = False) -> Tensor:
        return ops.norm(self, ord, axis, keepdims)

    # ---- linear algebra ---------------------------------------------------------------------

    def matmul(self, other: Any) -> Tensor:
        return ops.matmul(self, other)

    def outer(self, other: Any) -> Tensor:
        return ops.outer(self, other)

    # ---- shape ------------------------------------------------------------------------------

    def reshape(self, *shape: SupportsIndex | Sequence[int]) -> Tensor:
        return ops.reshape(self, shape[0] if len(shape) == 1 else shape)  # type: ignore[arg-type]

    def transpose(self, *axes: SupportsIndex | Sequence[int]) -> Tensor:
        if not axes:
            return ops.transpose(self)
        return ops.transpose(self, axes[0] if len(axes) == 1 else axes)  # type: ignore[arg-type]

    @property
    def T(self) -> Tensor:
        return ops.transpose(self)

    @property
    def mT(self) -> Tensor:
        return ops.swapaxes(self, -1, -2)

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        return ops.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Axis = None) -> Tensor:
        return ops.squeeze(self, axis)

    def expand_dims(self, axis: int | Sequence[int]) -> Tensor:
        return ops.expand_dims(self, axis)

    def broadcast_to(self, shape: int | Sequence[int]) -> Tensor:
        return ops.broadcast_to(self, shape)

    def flatten(self) -> Tensor:
        return ops.flatten(self)

    def flip(self, axis: Axis = None) -> Tensor:
        return ops.flip(self, axis)

    def tile(self, reps: int | Sequence[int]) -> Tensor:
        return ops.tile(self, reps)

    def repeat(self, repeats: Any, axis: int | None = None) -> Tensor:
        return ops.repeat(self, repeats, axis)

    def split(self, sections_or_sizes: int | Sequence[int], axis: int = 0) -> list[Tensor]:
        return ops.split(self, sections_or_sizes, axis)

    # ---- indexing ---------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Tensor:
        return ops.getitem(self, index)

    def take(self, indices: Any, axis: int | None = None) -> Tensor:
        return ops.take(self, indices, axis)

    def take_along_axis(self, indices: Any, axis: int = -1) -> Tensor:
        return ops.take_along_axis(self, indices, axis)

    def set_at(self, index: Any, value: Any) -> Tensor:
        return ops.set_at(self, index, value)

    def add_at(self, index: Any, value: Any) -> Tensor:
        return ops.add_at(self, index, value)
