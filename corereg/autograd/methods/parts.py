"""Parts of a tensor along one of its axes as methods of Tensor, in PyTorch's words."""

from __future__ import annotations

from typing import Any

from corereg.autograd import ops
from corereg.autograd.ops.arguments import normalize_axis
from corereg.autograd.tensor import Tensor


def split(self: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut along dim into parts of this length, the last one shorter if need be, or of these
    lengths: views. `corereg.autograd.ops.split` and `tensor_split` take the number of parts.

    >>> Tensor([1, 2, 3]).split(2)
    (Tensor([1, 2], dtype=int64), Tensor([3], dtype=int64))
    """
    size = split_size_or_sections
    if not isinstance(size, int):
        return tuple(ops.split(self, size, dim))
    axis = normalize_axis(dim, self.ndim, "split")
    length = self.shape[axis]
    if size < 1 and length:
        raise ValueError(f"Tensor.split: expected a length of 1 or more, received {size}")
    sizes = [min(size, length - start) for start in range(0, length, max(size, 1))]
    return tuple(ops.split(self, sizes or [0], axis))


def chunk(self: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut along dim into `chunks` parts at most, all of one length but the last one, which may be
    shorter: views. ValueError for chunks < 1.

    >>> [part.tolist() for part in Tensor([1, 2, 3, 4, 5]).chunk(3)]
    [[1, 2], [3, 4], [5]]
    """
    if chunks < 1:
        raise ValueError(f"Tensor.chunk: expected one part or more, received {chunks}")
    length = self.shape[normalize_axis(dim, self.ndim, "chunk")]
    if not length:
        return tuple(ops.split(self, chunks, dim))
    return split(self, -(-length // chunks), dim)


def tensor_split(self: Tensor, sections: int, dim: int = 0) -> tuple[Tensor, ...]:
    """Cut along dim into `sections` parts, whose lengths differ by 1 at most: views.

    >>> Tensor([1, 2, 3]).tensor_split(2)
    (Tensor([1, 2], dtype=int64), Tensor([3], dtype=int64))
    """
    return tuple(ops.split(self, sections, dim))


def unbind(self: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """The parts along dim, one for each place, without that axis: views.

    >>> Tensor([[1, 2], [3, 4]]).unbind(1)
    (Tensor([1, 3], dtype=int64), Tensor([2, 4], dtype=int64))
    """
    before = (slice(None),) * normalize_axis(dim, self.ndim, "unbind")
    return tuple(ops.getitem(self, (*before, i)) for i in range(self.shape[len(before)]))


def narrow(self: Tensor, dim: int, start: int, length: int) -> Tensor:
    """The part of `length` places along dim from start on: a view. ValueError for what is not
    within the axis.

    >>> Tensor([[1, 2, 3], [4, 5, 6]]).narrow(1, 1, 2)
    Tensor([[2, 3],
            [5, 6]], dtype=int64)
    """
    axis = normalize_axis(dim, self.ndim, "narrow")
    n = self.shape[axis]
    first = start + n if start < 0 else start
    if not (0 <= first <= n and 0 <= length <= n - first):
        raise ValueError(
            f"Tensor.narrow: expected start and length within {n}, received {start} and {length}"
        )
    return ops.getitem(self, (*(slice(None),) * axis, slice(first, first + length)))


def select(self: Tensor, dim: int, index: int) -> Tensor:
    """The elements at one place along dim, without it: a view.

    >>> Tensor([[1, 2, 3], [4, 5, 6]]).select(1, -1)
    Tensor([3, 6], dtype=int64)
    """
    axis = normalize_axis(dim, self.ndim, "select")
    return ops.getitem(self, (*(slice(None),) * axis, index))
