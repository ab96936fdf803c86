"""Elements by their places as methods of Tensor, in PyTorch's words."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import ops
from corereg.autograd.ops.arguments import array_of, constant, normalize_axis
from corereg.autograd.ops.indexing import as_integers
from corereg.autograd.tensor import Tensor, tensor


def along(who: str, x: Tensor, dim: int, index: Any) -> tuple[Any, ...]:
    """The index into x that takes index's places along dim, and its own places along the others,
    where it may be shorter than x."""
    axis, places = normalize_axis(dim, x.ndim, who), as_integers(index, f"Tensor.{who}")
    fits = places.ndim == x.ndim and all(
        n <= m or i == axis for i, (n, m) in enumerate(zip(places.shape, x.shape, strict=True))
    )
    if not fits:
        raise ValueError(
            f"Tensor.{who}: expected index of {x.ndim} axes, but for dim={dim} not longer than "
            f"{x.shape}, received shape {places.shape}"
        )
    parts: list[Any] = [
        np.arange(n).reshape(-1, *(1,) * (x.ndim - i - 1)) for i, n in enumerate(places.shape)
    ]
    parts[axis] = places
    return tuple(parts)


def gather(self: Tensor, dim: int, index: Any) -> Tensor:
    """self[i, index[i, j]] for dim 1, self[index[i, j], j] for dim 0, and the like: of the shape of
    index, which may be shorter than self along the other axes. IndexError out of range.

    >>> Tensor([[5, 7], [9, 8]]).gather(1, [[1], [0]])
    Tensor([[7],
            [9]], dtype=int64)
    """
    return ops.getitem(self, along("gather", self, dim, index))


def take_along_dim(self: Tensor, indices: Any, dim: int | None = None) -> Tensor:
    """The elements at indices along dim, where the other axes broadcast; None: of the flattened
    tensor.

    >>> Tensor([[5, 7], [9, 8]]).take_along_dim([[1], [0]], dim=1)
    Tensor([[7],
            [9]], dtype=int64)
    """
    if dim is None:
        return ops.take(self, as_integers(indices, "Tensor.take_along_dim").reshape(-1))
    return ops.take_along_axis(self, indices, dim)


def source_of(x: Tensor, src: Any, where: tuple[Any, ...]) -> Any:
    """The part of src that an index's places take: src may be longer than the index."""
    src = tensor(src, x)
    if not src.ndim:
        return src
    shape = np.broadcast_shapes(*(part.shape for part in where))
    return ops.getitem(src, tuple(slice(n) for n in shape))


def scatter(self: Tensor, dim: int, index: Any, src: Any) -> Tensor:
    """A copy with self[i, index[i, j]] = src[i, j] for dim 1, and the like; src: a tensor or a
    number. Where a place comes twice, the last one counts. IndexError out of range.

    >>> Tensor([[0.0, 0.0], [0.0, 0.0]]).scatter(1, [[1], [0]], 5.0)
    Tensor([[0., 5.],
            [5., 0.]])
    """
    where = along("scatter", self, dim, index)
    return ops.set_at(self, where, source_of(self, src, where))


def scatter_add(self: Tensor, dim: int, index: Any, src: Any) -> Tensor:
    """A copy with src[i, j] added to self[i, index[i, j]] for dim 1, and the like, as often as a
    place comes. IndexError out of range.

    >>> Tensor([0.0, 0.0]).scatter_add(0, [0, 1, 0], [1.0, 2.0, 3.0])
    Tensor([4., 2.])
    """
    where = along("scatter_add", self, dim, index)
    return ops.add_at(self, where, source_of(self, src, where))


def vector_along(who: str, x: Tensor, dim: int, index: Any) -> tuple[Any, ...]:
    """An index that takes the places of a vector along dim."""
    places = as_integers(index, f"Tensor.{who}")
    if places.ndim > 1:
        raise ValueError(f"Tensor.{who}: expected a vector as index, received {places.shape}")
    before = (slice(None),) * normalize_axis(dim, x.ndim, who)
    return (*before, places.reshape(-1))


def index_select(self: Tensor, dim: int, index: Any) -> Tensor:
    """The elements at the places that a vector of integers names along dim. IndexError out of
    range.

    >>> Tensor([[1, 2, 3], [4, 5, 6]]).index_select(1, [2, 0])
    Tensor([[3, 1],
            [6, 4]], dtype=int64)
    """
    return ops.getitem(self, vector_along("index_select", self, dim, index))


def index_add(self: Tensor, dim: int, index: Any, source: Any, *, alpha: float = 1) -> Tensor:
    """A copy with alpha * source added at the places that a vector of integers names along dim, as
    often as a place comes.

    >>> Tensor([[0.0, 0.0], [1.0, 1.0]]).index_add(0, [1], [[5.0, 6.0]], alpha=2)
    Tensor([[ 0.,  0.],
            [11., 13.]])
    """
    added = tensor(source, self) if alpha == 1 else ops.multiply(tensor(source, self), alpha)
    return ops.add_at(self, vector_along("index_add", self, dim, index), added)


def index_fill(self: Tensor, dim: int, index: Any, value: Any) -> Tensor:
    """A copy with value at the places that a vector of integers names along dim.

    >>> Tensor([[1, 2, 3], [4, 5, 6]]).index_fill(1, [0, 2], 9)
    Tensor([[9, 2, 9],
            [9, 5, 9]], dtype=int64)
    """
    return ops.set_at(self, vector_along("index_fill", self, dim, index), value)


def masked_select(self: Tensor, mask: Any) -> Tensor:
    """The elements where mask, which broadcasts, is true, as a vector. How many there are depends
    on values, so that it cannot be recorded.

    >>> x = Tensor([[1, 7], [8, 2]])
    >>> x.masked_select(x > 4)
    Tensor([7, 8], dtype=int64)
    """
    found = np.asarray(array_of(mask), bool)
    shape = np.broadcast_shapes(found.shape, self.shape)
    return ops.getitem(ops.broadcast_to(self, shape), np.broadcast_to(found, shape))


def nonzero(self: Tensor, *, as_tuple: bool = False) -> Any:
    """The places of the elements that are not 0: int64 of shape (number, axes), or with as_tuple a
    vector for each axis. How many there are depends on values, so that it cannot be recorded.

    >>> Tensor([[0, 7], [8, 0]]).nonzero()
    Tensor([[0, 1],
            [1, 0]], dtype=int64)
    """
    found = np.argwhere(np.asarray(self.detach()))
    return tuple(constant(found[:, i]) for i in range(self.ndim)) if as_tuple else constant(found)
