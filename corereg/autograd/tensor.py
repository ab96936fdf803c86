"""Tensor: a NumPy array that remembers how it was made.

Dtypes: NumPy's promotion. Python numbers and lists take the other operand's float dtype; arrays
and NumPy scalars keep theirs, so float32 with float64 gives float64. A gradient always has the
dtype of its tensor. The kernels (exp, log, activations, dense, dropout, losses) take float32 or
float64, all operands alike, and raise TypeError otherwise.

Division by zero, overflow and the like follow IEEE 754: infinity and NaN. Going forward, NumPy's
arithmetic warns or raises as `np.errstate` says there, and the kernels never do; `backward` is
silent.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, SupportsIndex

import numpy as np

from corereg import _kernels, config
from corereg.autograd import engine
from corereg.autograd.engine import Array, Op, run_backward
from corereg.autograd.mode import state

if TYPE_CHECKING:
    from corereg.regularizers import Regularizer

FLOATS = (np.dtype("float32"), np.dtype("float64"))
ONES = {d: np.ones((), d) for d in FLOATS}
"""The gradient of a scalar with respect to itself; ops may test for it with `is`."""
for _one in ONES.values():
    _one.flags.writeable = False


class Tensor:
    """An n-dimensional array with automatic differentiation.

    data: array_like. Arrays of float32, float64, integers or bool are wrapped without a copy and
        keep their dtype; Python floats and lists of them become `corereg.config.floatx()`.
        Other dtypes raise TypeError.
    requires_grad: whether `backward` should leave a gradient in `.grad`. Only float tensors can.
    """

    __slots__ = ("__weakref__", "_grad", "buffer", "data", "node", "requires_grad")
    __array_priority__ = 1000
    __array_ufunc__ = None  # array + tensor asks the tensor

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        if isinstance(data, Tensor):
            data = data.data
        array = data if type(data) is np.ndarray else _array(data)
        if array.dtype not in FLOATS and array.dtype.kind not in "iub":
            raise TypeError(
                f"Tensor: expected numbers of dtype float32, float64, integer or bool, received "
                f"{array.dtype}; convert with .astype('float32')"
            )
        if requires_grad and array.dtype not in FLOATS:
            raise TypeError(
                f"Tensor: expected a float32 or float64 array for requires_grad=True, received "
                f"{array.dtype}; convert with .astype('float32')"
            )
        self.data: Array = array
        self.requires_grad = requires_grad
        self.node: Op | None = None
        self._grad: Array | None = None
        self.buffer: Array | None = None  # where a Parameter keeps its gradient

    # ---- what it is -------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        return self.data.ndim

    @property
    def size(self) -> int:
        return self.data.size

    @property
    def is_leaf(self) -> bool:
        """True for tensors that no op made."""
        return self.node is None

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` left here, as a Tensor on the same memory, or None."""
        return None if self._grad is None else Tensor(self._grad)

    @grad.setter
    def grad(self, value: Any) -> None:
        if value is None:
            self._grad = None
            return
        array = np.asarray(value.data if isinstance(value, Tensor) else value, self.dtype)
        if array.shape != self.shape:
            raise ValueError(
                f"Tensor.grad: expected shape {self.shape} as the tensor's, received {array.shape}"
            )
        self._grad = array

    def numpy(self) -> Array:
        """The array itself, not a copy."""
        return self.data

    def item(self) -> float:
        """The only element, as a Python number; ValueError when there are more."""
        if self.size != 1:
            raise ValueError(f"Tensor.item: expected one element, received shape {self.shape}")
        _kernels.cannot_record("a value is read into Python")
        return self.data.item()  # type: ignore[no-any-return]

    def detach(self) -> Tensor:
        """The same data, outside the graph."""
        return Tensor(self.data)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        if self.requires_grad and state.enabled:
            raise RuntimeError(
                "Tensor: a tensor that requires grad does not turn into an array by itself, as "
                "its gradient would be lost; use .detach() or .numpy()"
            )
        return np.array(self.data, dtype, copy=copy)

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("Tensor: len() of a 0-d tensor")
        return len(self.data)

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __repr__(self) -> str:
        text = np.array2string(self.data, separator=", ", prefix="Tensor(", threshold=100)
        shape = "" if self.size else f", shape={self.shape}"
        dtype = "" if self.dtype == np.float32 else f", dtype={self.dtype}"
        op = f", op={type(self.node).__name__}" if self.node else ""
        grad = ", requires_grad=True" if self.requires_grad and not self.node else ""
        return f"{type(self).__name__}({text}{shape}{dtype}{op}{grad})"

    # ---- gradients --------------------------------------------------------------------------

    def backward(self, grad: Any = None, retain_graph: bool = False) -> None:
        """Adds the gradient of this tensor to `.grad` of every leaf that requires one.

        grad: the gradient of this tensor, of its shape; may be left out for one element (then 1).
        retain_graph: keep the graph for another backward; otherwise it is freed.
        Raises RuntimeError when nothing here requires grad, the graph was freed, or grad is left
        out for more than one element; ValueError for a grad of another shape.
        """
        if not self.requires_grad:
            raise RuntimeError(
                "backward: this tensor does not depend on any tensor that requires grad"
            )
        if grad is None:
            if self.size != 1:
                raise RuntimeError(
                    f"backward: expected one element or an explicit grad, received shape "
                    f"{self.shape}; use .sum().backward() or pass grad"
                )
            one = ONES[self.dtype]
            array = one if not self.ndim else one.reshape(self.shape)
        else:
            array = np.asarray(grad.data if isinstance(grad, Tensor) else grad, self.dtype)
            if array.shape != self.shape:
                raise ValueError(
                    f"backward: expected grad of shape {self.shape}, received {array.shape}"
                )
        if self.node is None:
            engine.accumulate(self, array, fresh=False)
        else:
            run_backward(self.node, array, retain_graph)

    def zero_grad(self) -> None:
        """Forgets the gradient."""
        self._grad = None

    # ---- arithmetic: operands broadcast as NumPy's do ------------------------------------------

    def __add__(self, other: Any) -> Tensor:
        return ops.add(self, other)

    def __radd__(self, other: Any) -> Tensor:
        return ops.add(other, self)

    def __sub__(self, other: Any) -> Tensor:
        return ops.subtract(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return ops.subtract(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return ops.multiply(self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return ops.multiply(other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return ops.divide(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return ops.divide(other, self)

    def __pow__(self, other: Any) -> Tensor:
        return ops.power(self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return ops.power(other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return ops.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return ops.matmul(other, self)

    def __neg__(self) -> Tensor:
        return ops.negative(self)

    def __abs__(self) -> Tensor:
        return ops.abs(self)

    # ---- functions ----------------------------------------------------------------------------

    def sum(self, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        return ops.sum(self, axis, keepdims)

    def mean(self, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        return ops.mean(self, axis, keepdims)

    def exp(self) -> Tensor:
        return ops.exp(self)

    def log(self) -> Tensor:
        return ops.log(self)

    def abs(self) -> Tensor:
        return ops.abs(self)

    def clip(self, low: float, high: float) -> Tensor:
        return ops.clip(self, low, high)

    def relu(self) -> Tensor:
        return ops.relu(self)

    def sigmoid(self) -> Tensor:
        return ops.sigmoid(self)

    def tanh(self) -> Tensor:
        return ops.tanh(self)

    def softmax(self, axis: int = -1) -> Tensor:
        return ops.softmax(self, axis)

    def reshape(self, *shape: SupportsIndex | Sequence[int]) -> Tensor:
        return ops.reshape(self, shape[0] if len(shape) == 1 else shape)  # type: ignore[arg-type]

    def transpose(self, *axes: SupportsIndex | Sequence[int]) -> Tensor:
        if not axes:
            return ops.transpose(self)
        return ops.transpose(self, axes[0] if len(axes) == 1 else axes)  # type: ignore[arg-type]

    @property
    def T(self) -> Tensor:
        return ops.transpose(self)


_names = itertools.count()


class Parameter(Tensor):
    """A named leaf that training changes: its array and its gradient's stay where they are.

    data: float32 or float64, as for Tensor, copied to memory that begins at a cache line.
    regularizer: a `corereg.regularizers.Regularizer` (or callable) whose penalty belongs to the
        parameter, or None. trainable: False freezes it: no update, no penalty.
    """

    __slots__ = ("name", "regularizer")

    def __init__(
        self, data: Any, name: str | None = None, regularizer: Regularizer | None = None
    ) -> None:
        super().__init__(data, requires_grad=True)
        self.data = aligned(self.data)
        self.name = name or f"parameter_{next(_names)}"
        self.regularizer = regularizer
        self.buffer = aligned(np.zeros_like(self.data))

    @property
    def trainable(self) -> bool:
        return self.requires_grad

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self.requires_grad = bool(value)
        if not value:
            self._grad = None

    def assign(self, value: Any) -> None:
        """Overwrites the values in place: value of the same shape, cast to the same dtype."""
        array = np.asarray(value.data if isinstance(value, Tensor) else value)
        if array.shape != self.shape:
            raise ValueError(
                f"Parameter {self.name!r}: expected a value of shape {self.shape}, received "
                f"{array.shape}"
            )
        if array.dtype.kind not in "fiub":
            raise TypeError(
                f"Parameter {self.name!r}: expected numbers, received dtype {array.dtype}"
            )
        np.copyto(self.data, array, casting="unsafe")


def aligned(array: Array) -> Array:
    """A contiguous copy that begins at a multiple of 64 bytes, a cache line."""
    raw = np.empty(array.nbytes + 64, np.uint8)
    start = -raw.ctypes.data % 64
    out = raw[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    np.copyto(out, array)
    return out


def _array(value: Any, like: Tensor | None = None) -> Array:
    """value as an array; Python numbers and lists take like's dtype, or floatx."""
    array = np.asarray(value)
    if isinstance(value, np.ndarray | np.generic):
        return array
    if like is not None and like.dtype in FLOATS and array.dtype.kind in "fiub":
        return array.astype(like.dtype)
    return array.astype(config.floatx()) if array.dtype == np.float64 else array


def tensor(value: Any, like: Tensor | None = None) -> Tensor:
    """value as a Tensor: itself if it is one, else wrapped. Python numbers and lists take like's
    dtype if that is a float."""
    if isinstance(value, Tensor):
        return value
    if like is not None and type(value) in (int, float, bool) and like.dtype in FLOATS:
        return new_tensor(np.asarray(value, like.dtype))
    return Tensor(_array(value, like))


def new_tensor(data: Array) -> Tensor:
    made = Tensor.__new__(Tensor)
    made.data = data
    made.requires_grad = False
    made.node = made._grad = made.buffer = None
    return made


def apply(op: Op, *inputs: Tensor) -> Tensor:
    """Runs op.forward on the inputs and, unless gradients are off, adds it to the graph."""
    out = op.forward(*[t.data for t in inputs])
    if not op.recordable:
        _kernels.cannot_record(f"{type(op).__name__} computes in Python")
    result = new_tensor(out if type(out) is np.ndarray else np.asarray(out))
    if state.enabled:
        for t in inputs:
            if t.requires_grad:
                op.inputs = inputs
                op.out = result.data
                result.node = op
                result.requires_grad = True
                break
    return result


from corereg.autograd import ops  # noqa: E402  (ops are written in terms of Tensor)
