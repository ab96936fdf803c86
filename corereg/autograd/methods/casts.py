"""Copies and casts as methods of Tensor, in PyTorch's words."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from corereg.autograd import ops
from corereg.autograd.creation import on_cpu
from corereg.autograd.tensor import Tensor


def clone(self: Tensor) -> Tensor:
    """A copy, in the graph.

    >>> x = Tensor([1.0, 2.0], requires_grad=True)
    >>> x.clone().sum().backward()
    >>> x.grad
    Tensor([1., 1.])
    """
    return ops.copy(self)


def contiguous(self: Tensor) -> Tensor:
    """The tensor itself if its elements lie one behind the other, else a copy of which they do.

    >>> x = Tensor([[1, 2], [3, 4]]).T
    >>> x.is_contiguous(), x.contiguous().is_contiguous()
    (False, True)
    """
    return self if self.data.flags.c_contiguous else ops.copy(self)


def to(
    self: Tensor,
    *args: Any,
    dtype: Any = None,
    device: Any = None,
    copy: builtins.bool = False,
    non_blocking: builtins.bool = False,
) -> Tensor:
    """``t.to("float64")``, ``t.to(other)``, ``t.to("cpu")``, ``t.to("cpu", "float64")``: cast to a
    dtype, that of another tensor too. The tensor itself if it has it already and copy is False.
    ValueError for other devices than the CPU.

    >>> Tensor([1, 2]).to("float64")
    Tensor([1., 2.], dtype=float64)
    """
    for arg in args:
        if isinstance(arg, Tensor):
            dtype = arg.dtype
        elif isinstance(arg, str) and is_device(arg):
            device = arg
        elif arg is not None:
            dtype = arg
    on_cpu("Tensor.to", device)
    if dtype is None or np.dtype(dtype) == self.dtype:
        return ops.copy(self) if copy else self
    return ops.astype(self, dtype)


def is_device(name: str) -> builtins.bool:
    """Whether a name such as "cuda:0" is none of a dtype."""
    try:
        np.dtype(name)
    except TypeError:
        return True
    return False


def cpu(self: Tensor) -> Tensor:
    """The tensor itself: corereg computes on the CPU alone.

    >>> x = Tensor([1.0])
    >>> x.cpu() is x
    True
    """
    return self


def type(self: Tensor, dtype: Any = None) -> Any:
    """The tensor in another dtype; without one, the name of its dtype.

    >>> Tensor([1.0]).type(), Tensor([1.0]).type("int32")
    ('float32', Tensor([1], dtype=int32))
    """
    return self.dtype.name if dtype is None else to(self, dtype=dtype)


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor in the dtype of another one.

    >>> Tensor([1, 2]).type_as(Tensor([0.5]))
    Tensor([1., 2.])
    """
    if not hasattr(other, "dtype"):
        raise TypeError(f"expected a tensor whose dtype to take, received {other!r:.60}")
    return to(self, dtype=other.dtype)


def float(self: Tensor) -> Tensor:
    """The tensor in float32.

    >>> Tensor([1, 2]).float()
    Tensor([1., 2.])
    """
    return to(self, dtype=np.float32)


def double(self: Tensor) -> Tensor:
    """The tensor in float64.

    >>> Tensor([1, 2]).double()
    Tensor([1., 2.], dtype=float64)
    """
    return to(self, dtype=np.float64)


def int(self: Tensor) -> Tensor:
    """The tensor in int32, fractions cut off.

    >>> Tensor([1.7, -1.7]).int()
    Tensor([ 1, -1], dtype=int32)
    """
    return to(self, dtype=np.int32)


def long(self: Tensor) -> Tensor:
    """The tensor in int64, fractions cut off.

    >>> Tensor([1.7, -1.7]).long()
    Tensor([ 1, -1], dtype=int64)
    """
    return to(self, dtype=np.int64)


def short(self: Tensor) -> Tensor:
    """The tensor in int16, fractions cut off.

    >>> Tensor([1.7, -1.7]).short()
    Tensor([ 1, -1], dtype=int16)
    """
    return to(self, dtype=np.int16)


def bool(self: Tensor) -> Tensor:
    """Whether each element is not 0.

    >>> Tensor([0.0, 0.5]).bool()
    Tensor([False,  True], dtype=bool)
    """
    return to(self, dtype=np.bool_)
