"""Functions that PyTorch has at its top: tensors of data, several tensors put together, the switch
of gradients. Methods of Tensor and `corereg.ops` have all others."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import ops
from corereg.autograd.creation import on_cpu
from corereg.autograd.methods.words import one_of
from corereg.autograd.mode import enable_grad, no_grad
from corereg.autograd.tensor import Tensor


def tensor(
    data: Any, dtype: Any = None, requires_grad: bool = False, *, device: Any = None
) -> Tensor:
    """A tensor on a copy of data, a leaf. Python floats become `corereg.config.floatx()`.

    >>> corereg.tensor([[1, 2], [3, 4]], dtype="float32", requires_grad=True)
    Tensor([[1., 2.],
            [3., 4.]], requires_grad=True)
    """
    on_cpu("tensor", device)
    made = Tensor(data).detach()
    array = made.data.astype(made.dtype if dtype is None else np.dtype(dtype))
    return Tensor(_kernels.plain_array(array), requires_grad)


def as_tensor(data: Any, dtype: Any = None, *, device: Any = None) -> Tensor:
    """data as a tensor, without a copy where it is one or an array of that dtype already; a tensor
    stays in its graph.

    >>> array = np.ones(2)
    >>> corereg.as_tensor(array).data is array
    True
    """
    on_cpu("as_tensor", device)
    made = data if isinstance(data, Tensor) else Tensor(data)
    return made if dtype is None or np.dtype(dtype) == made.dtype else ops.astype(made, dtype)


def from_numpy(array: Any) -> Tensor:
    """A tensor on the memory of an array, without a copy. TypeError for anything else.

    >>> array = np.zeros(2)
    >>> corereg.from_numpy(array).fill_(7)
    Tensor([7., 7.], dtype=float64)
    >>> array
    array([7., 7.])
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(
            f"from_numpy: expected an array, received {type(array).__name__}; "
            "corereg.tensor takes all else"
        )
    return Tensor(array)


def is_tensor(value: Any) -> bool:
    """Whether a value is a Tensor.

    >>> corereg.is_tensor(Tensor(1.0)), corereg.is_tensor(np.ones(2))
    (True, False)
    """
    return isinstance(value, Tensor)


def cat(tensors: Sequence[Any], dim: int | None = None, *, axis: int | None = None) -> Tensor:
    """Tensors joined along dim, or axis (0 unless given); all other lengths must be alike
    (ValueError).

    >>> corereg.cat([Tensor([[1, 2]]), Tensor([[3, 4]])], dim=1)
    Tensor([[1, 2, 3, 4]], dtype=int64)
    """
    along = one_of("cat", dim, axis)
    return ops.concatenate(tensors, 0 if along is None else along)


def stack(tensors: Sequence[Any], dim: int | None = None, *, axis: int | None = None) -> Tensor:
    """Tensors of one shape along a new axis, dim or axis (0): see `corereg.autograd.ops.stack`.

    >>> corereg.stack([Tensor([1, 2]), Tensor([3, 4])], dim=1)
    Tensor([[1, 3],
            [2, 4]], dtype=int64)
    """
    along = one_of("stack", dim, axis)
    return ops.stack(tensors, 0 if along is None else along)


def where(condition: Any, input: Any, other: Any) -> Tensor:
    """input where condition is true, other elsewhere: see `corereg.autograd.ops.where`.

    >>> corereg.where([True, False], Tensor([1.0, 2.0]), 0.0)
    Tensor([1., 0.])
    """
    return ops.where(condition, input, other)


def matmul(input: Any, other: Any) -> Tensor:
    """input @ other: see `corereg.autograd.ops.matmul`.

    >>> corereg.matmul(Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([1.0, 10.0]))
    Tensor([21., 43.])
    """
    return ops.matmul(input, other)


def allclose(
    input: Any, other: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> bool:
    """Whether all elements are close: |input - other| <= atol + rtol * |other|.

    >>> corereg.allclose(Tensor([1.0, 2.0]), [1.000001, 2.0])
    True
    """
    return as_tensor(input).allclose(other, rtol, atol, equal_nan)


class set_grad_enabled:
    """``with set_grad_enabled(training):`` turns gradients on or off until the end of the block.
    Other than PyTorch's it does nothing outside of `with`, and warns of that.

    >>> x = Tensor(3.0, requires_grad=True)
    >>> with corereg.set_grad_enabled(False):
    ...     y = x * x
    >>> y.requires_grad
    False
    """

    def __init__(self, mode: bool) -> None:
        self._switch = enable_grad() if mode else no_grad()
        self._used = False

    def __enter__(self) -> None:
        self._used = True
        self._switch.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._switch.__exit__(*error)

    def __del__(self) -> None:
        if not self._used:
            warnings.warn(
                "set_grad_enabled: nothing was switched; write `with set_grad_enabled(...):`",
                RuntimeWarning,
                stacklevel=2,
            )
