"""Elements by index: NumPy's rules, with tensors of integers or bool as indices too."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.aliases import Array
from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import array_of, filled, new_copy, normalize_axis
from corereg.autograd.ops.shaping import Reshape
from corereg.autograd.tensor import Tensor, apply, tensor


def copy_index(index: Any) -> Any:
    """An index with arrays of its own in the place of tensors, lists and arrays, so that backward
    finds it unchanged."""
    if isinstance(index, tuple):
        return tuple(copy_index(part) for part in index)
    index = array_of(index)
    if isinstance(index, np.ndarray) or hasattr(index, "astype"):
        return index.copy()
    if isinstance(index, list):
        return np.array(index) if index else np.zeros(0, np.intp)
    return index


def may_repeat(index: Any) -> bool:
    """Whether an index may name an element twice: one with an array of integers."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(hasattr(part, "astype") and part.dtype.kind in "iu" for part in parts)


def plain_index(index: Any) -> Any:
    """An index with arrays that NumPy takes, for shapes alone."""
    parts = index if isinstance(index, tuple) else (index,)
    return tuple(map(_kernels.plain_array, parts))


def add_into(array: Array, index: Any, value: Any) -> None:
    if may_repeat(index):
        np.add.at(array, index, value)
    else:
        array[index] += value


class Getitem(Op):
    __slots__ = ("index",)
    returns_new_arrays = linear = True

    def __init__(self, index: Any) -> None:
        self.index = index

    def forward(self, x: Any) -> Any:
        return x[self.index]

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        dx = filled(x.shape, 0, grad.dtype)
        add_into(dx, self.index, grad)
        return (dx,)

    def derivative(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        zeros = Tensor(np.zeros(x.shape, grad.dtype))
        return (apply(AddAt(self.index), zeros, grad),)


class AddAt(Op):
    """x with value added at an index, as often as the index names an element."""

    __slots__ = ("index",)
    linear = True

    def __init__(self, index: Any) -> None:
        self.index = index

    def forward(self, x: Any, value: Any) -> Any:
        out = x.copy()
        add_into(out, self.index, value)
        return out

    def backward(self, grad: Any, out: Any, x: Any, value: Any) -> tuple[Any, ...]:
        return grad, grad[self.index]


class SetAt(Op):
    """x with value at an index. Where the index names an element twice, the last value stays, and
    the others get no gradient."""

    __slots__ = ("index",)
    linear = True

    def __init__(self, index: Any) -> None:
        self.index = index

    def forward(self, x: Any, value: Any) -> Any:
        out = x.copy()
        out[self.index] = value
        return out

    def backward(self, grad: Any, out: Any, x: Any, value: Any) -> tuple[Any, ...]:
        changed = filled(x.shape, False, bool)
        changed[self.index] = True
        taken = grad[self.index]
        if may_repeat(self.index):
            order = np.arange(taken.size).reshape(taken.shape)
            last = filled(x.shape, 0, np.intp)
            last[self.index] = order
            taken = np.where(last[self.index] == order, taken, 0)
        return np.where(changed, 0, grad), taken


def getitem(x: Any, index: Any) -> Tensor:
    """x[index] by NumPy's rules: integers, slices, None, ..., arrays of integers or bool, and
    tuples of these. A view of x for an index without arrays. IndexError out of range.

    >>> x = Tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> ops.getitem(x, [0, 0, 2]).sum().backward()
    >>> x.grad
    Tensor([2., 0., 1.])
    """
    return apply(Getitem(copy_index(index)), tensor(x))


def set_at(x: Any, index: Any, value: Any) -> Tensor:
    """A copy of x with x[index] = value; value is broadcast to the shape of x[index] and cast to
    the dtype of x.

    The gradient to x is 0 at the index, that to value comes from there. Where the index names an
    element twice, the last value stays, and only that gets a gradient (PyTorch's index_put is
    undefined there). ValueError if value does not broadcast; IndexError out of range.

    >>> ops.set_at(Tensor([1.0, 2.0, 3.0]), slice(0, 2), 9.0)
    Tensor([9., 9., 3.])
    """
    op = SetAt(copy_index(index))
    return apply(op, *inputs_at(op, x, value, "set_at"))


def add_at(x: Any, index: Any, value: Any) -> Tensor:
    """A copy of x with x[index] += value, where each mention of an element in the index adds to it;
    value as in `set_at`. PyTorch's index_put with accumulate=True.

    >>> ops.add_at(Tensor([0.0, 0.0]), [0, 1, 0], [1.0, 2.0, 3.0])
    Tensor([4., 2.])
    """
    op = AddAt(copy_index(index))
    return apply(op, *inputs_at(op, x, value, "add_at"))


def inputs_at(op: SetAt | AddAt, x: Any, value: Any, who: str) -> tuple[Tensor, Tensor]:
    """The inputs of an op: x, and value if it broadcasts to the shape of x[index]."""
    x = tensor(x)
    value = tensor(value, x)
    shape = x.data[plain_index(op.index)].shape
    both = zip(reversed(value.shape), reversed(shape), strict=False)
    if value.ndim > len(shape) or any(n not in (1, m) for n, m in both):
        raise ValueError(
            f"{who}: expected a value that broadcasts to shape {shape}, received {value.shape}"
        )
    return x, value


def take(x: Any, indices: Any, axis: int | None = None) -> Tensor:
    """The elements at these places along an axis (None: of the flattened x): integers of any shape,
    negative ones from the end. x (a, n, b) with axis 1 and indices (i, j) -> (a, i, j, b).
    IndexError out of range.

    >>> Tensor([[1, 2, 3], [4, 5, 6]]).take([2, 0], axis=1)
    Tensor([[3, 1],
            [6, 4]], dtype=int64)
    """
    x, places = tensor(x), as_integers(indices, "take")
    if axis is None:
        return apply(Getitem(places), apply(Reshape(-1), x))
    before = (slice(None),) * normalize_axis(axis, x.ndim, "take")
    return apply(Getitem((*before, places)), x)


def take_along_axis(x: Any, indices: Any, axis: int = -1) -> Tensor:
    """x[i, indices[i, j]] and the like: along an axis, the elements at places that differ from row
    to row. indices: integers with as many axes as x; the other axes broadcast against x's.

    >>> Tensor([[5, 7], [9, 8]]).take_along_axis([[1], [0]], axis=1)
    Tensor([[7],
            [9]], dtype=int64)
    """
    x, places = tensor(x), as_integers(indices, "take_along_axis")
    axis = normalize_axis(axis, x.ndim, "take_along_axis")
    if places.ndim != x.ndim:
        raise ValueError(
            f"take_along_axis: expected indices of {x.ndim} axes as x, received {places.ndim}"
        )
    index = [np.arange(n).reshape(-1, *(1,) * (x.ndim - i - 1)) for i, n in enumerate(x.shape)]
    index[axis] = places
    return apply(Getitem(tuple(index)), x)


def as_integers(indices: Any, who: str) -> Array:
    """Indices as a new array of integers; TypeError for others."""
    array: Array = new_copy(indices)
    if not array.size and array.dtype.kind == "f":
        array = array.astype(np.intp)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{who}: expected integers as indices, received {array.dtype}")
    return array
