"""What several families of ops use: checks of arguments, and axes."""

from __future__ import annotations

import math
from _thread import _local
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg.autograd.tensor import FLOATS, Tensor, tensor

if TYPE_CHECKING:
    from corereg.autograd.aliases import Array, Axis


def as_floats(x: Any, who: str) -> Tensor:
    """x as a tensor of floats; TypeError if it has another dtype."""
    made = tensor(x)
    if made.data.dtype not in FLOATS:
        raise TypeError(
            f"{who}: expected a float32 or float64 tensor, received {made.dtype}; convert with "
            f".astype('float32')"
        )
    return made


def array_of(x: Any) -> Any:
    """The array behind x, for masks and counts, which are constants in every derivative. NumPy's
    functions take it, also while a function is recorded; `np.array` and `np.asarray` do not."""
    return _kernels.array_in_op(x) if isinstance(x, Tensor) else x


def constant(array: Any) -> Tensor:
    """A result that nothing is differentiated through, of integers or bools."""
    return Tensor(np.asarray(_kernels.plain_array(array)))


def new_copy(x: Any, dtype: Any = None) -> Any:
    """A new array of x, a tensor, an array or a list, in its dtype or another one."""
    x = array_of(x)
    return x.astype(dtype or x.dtype) if hasattr(x, "astype") else np.array(x, dtype)


def filled(shape: tuple[int, ...], value: Any, dtype: Any) -> Any:
    """An array of one number that an op may write into: NumPy's, or in a recording one that every
    replay fills again."""
    made = np.full(shape, value, dtype)
    inside: Any = _kernels.array_in_op(made)
    return made if inside is made else np.full_like(inside, value)


class _Most(_local):
    bytes = 2**47  # what no machine's memory holds


_most = _Most()


@contextmanager
def results_up_to(size: int) -> Iterator[None]:
    """Inside, this thread's ops refuse to make results of more bytes than that."""
    outer, _most.bytes = _most.bytes, min(size, _most.bytes)
    try:
        yield
    finally:
        _most.bytes = outer


def check_size(who: str, shape: Sequence[int], dtype: Any) -> None:
    """MemoryError for a result that no memory holds, or that is larger than `results_up_to` allows.
    Ops whose results may be much larger than what they are given call this before they take the
    memory; NumPy's own functions end the process for some of these sizes, and count to the others
    where an axis of no length leaves nothing to do."""
    needed = math.prod(max(int(n), 1) for n in shape) * np.dtype(dtype).itemsize
    if needed > _most.bytes:
        raise MemoryError(
            f"{who}: expected a result that fits into memory, received a shape of "
            f"{tuple(map(int, shape))}, {needed:.3g} bytes"
        )


def as_numpy_axis(axis: Axis) -> int | tuple[int, ...] | None:
    """An axis or several as NumPy takes them."""
    return tuple(axis) if isinstance(axis, Sequence) else axis


def normalize_axis(axis: int, ndim: int, who: str) -> int:
    """An axis counted from 0; ValueError if a tensor of ndim axes has it not, TypeError for what is
    no integer."""
    if not hasattr(axis, "__index__"):
        raise TypeError(f"{who}: expected an axis as an integer, received {axis!r}")
    if not -ndim <= axis < ndim:
        raise ValueError(f"{who}: expected an axis of a tensor of {ndim} axes, received {axis}")
    return axis % ndim


def normalize_axes(axis: Axis, ndim: int, who: str) -> tuple[int, ...]:
    """The axes that an argument names, counted from 0, None for all."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, Sequence) else (axis,)
    axes = tuple(normalize_axis(a, ndim, who) for a in given)
    if len(set(axes)) != len(axes):
        raise ValueError(f"{who}: expected each axis once, received {axis}")
    return axes


def reduced_count(x: Array, kept: Array) -> int:
    """How many elements of x went into each of kept, a reduction of x with keepdims."""
    return math.prod(n for n, m in zip(x.shape, kept.shape, strict=True) if n != m)


def restore_axes(grad: Any, axis: Axis, keepdims: bool, ndim: int) -> Any:
    """The gradient of a reduction of `ndim` axes with the reduced ones back, of length 1; for all
    axes and no keepdims, as it is: it broadcasts. So it is of a number, which has no axis,
    although NumPy and PyTorch let one reduce it along axis 0."""
    return grad if axis is None or keepdims or not ndim else np.expand_dims(grad, axis)
