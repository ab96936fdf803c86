"""Shapes as methods of Tensor, in NumPy's and in PyTorch's words.

Where the two mean different things by one call, NumPy's methods keep their meaning (`repeat`), and
what NumPy's arrays have no method for is PyTorch's (`split`). `transpose` of two numbers exchanges
those two axes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, SupportsIndex

from corereg.autograd import ops
from corereg.autograd.aliases import Axis
from corereg.autograd.methods.words import one_of, unpacked
from corereg.autograd.ops.arguments import normalize_axis
from corereg.autograd.ops.shaping import Reshape
from corereg.autograd.tensor import Tensor, apply


def reshape(self: Tensor, *shape: SupportsIndex | Sequence[int]) -> Tensor:
    """``t.reshape(2, 3)`` or ``t.reshape((2, 3))``: see `corereg.autograd.ops.reshape`.

    >>> Tensor([1, 2, 3, 4, 5, 6]).reshape(2, -1)
    Tensor([[1, 2, 3],
            [4, 5, 6]], dtype=int64)
    """
    return ops.reshape(self, shape[0] if len(shape) == 1 else shape)  # type: ignore[arg-type]


def view(self: Tensor, *shape: Any) -> Tensor:
    """As `reshape`. The elements are copied where they do not lie so that a view is possible.

    >>> Tensor([[1, 2], [3, 4]]).view(-1)
    Tensor([1, 2, 3, 4], dtype=int64)
    """
    if len(shape) == 1 and not isinstance(shape[0], SupportsIndex | Sequence):
        raise TypeError(
            f"Tensor.view: expected lengths, received {shape[0]!r}; t.to(dtype) converts, "
            "t.numpy().view(dtype) reads the same bytes as another dtype"
        )
    return ops.reshape(self, unpacked(shape))


def shape_of(other: Tensor) -> tuple[int, ...]:
    """The shape of another tensor or array; TypeError for what has none."""
    if not hasattr(other, "shape"):
        raise TypeError(f"expected a tensor whose shape to take, received {other!r:.60}")
    return tuple(other.shape)


def view_as(self: Tensor, other: Tensor) -> Tensor:
    """The elements in the shape of other.

    >>> Tensor([1, 2, 3, 4]).view_as(Tensor([[0, 0], [0, 0]]))
    Tensor([[1, 2],
            [3, 4]], dtype=int64)
    """
    return ops.reshape(self, shape_of(other))


def reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """The elements in the shape of other.

    >>> Tensor([1, 2, 3, 4]).reshape_as(Tensor([[0, 0], [0, 0]]))
    Tensor([[1, 2],
            [3, 4]], dtype=int64)
    """
    return ops.reshape(self, shape_of(other))


def transpose(
    self: Tensor,
    *axes: SupportsIndex | Sequence[int],
    dim0: int | None = None,
    dim1: int | None = None,
) -> Tensor:
    """``t.transpose(0, 1)``, also with names dim0 and dim1, exchanges two axes, as in PyTorch.
    ``t.transpose(2, 0, 1)`` and ``t.transpose((1, 0))`` put all axes into this order, and
    ``t.transpose()`` into the reversed one, as in NumPy.

    >>> x = Tensor(np.ones((2, 3, 4)))
    >>> x.transpose(0, 1).shape, x.transpose(2, 0, 1).shape, x.transpose().shape
    ((3, 2, 4), (4, 2, 3), (4, 3, 2))
    """
    if dim0 is not None or dim1 is not None:
        axes = (*axes, *(n for n in (dim0, dim1) if n is not None))
        if len(axes) != 2:
            raise TypeError(f"Tensor.transpose: expected dim0 and dim1, received {axes}")
    if not axes:
        return ops.transpose(self)
    if len(axes) == 2:
        return ops.swapaxes(self, *axes)  # type: ignore[arg-type]
    return ops.transpose(self, axes[0] if len(axes) == 1 else axes)  # type: ignore[arg-type]


def permute(self: Tensor, *dims: Any) -> Tensor:
    """The axes in this order: ``t.permute(2, 0, 1)`` or ``t.permute((2, 0, 1))``.

    >>> Tensor(np.ones((2, 3, 4))).permute(2, 0, 1).shape
    (4, 2, 3)
    """
    return ops.transpose(self, unpacked(dims))


def swapdims(self: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two axes exchanged.

    >>> Tensor(np.ones((2, 3, 4))).swapdims(0, -1).shape
    (4, 3, 2)
    """
    return ops.swapaxes(self, dim0, dim1)


def movedim(self: Tensor, source: Any, destination: Any) -> Tensor:
    """Axes moved to other places; the others keep their order.

    >>> Tensor(np.ones((2, 3, 4))).movedim(0, -1).shape
    (3, 4, 2)
    """
    given = [[n] if isinstance(n, int) else list(n) for n in (source, destination)]
    old, new = ([normalize_axis(n, self.ndim, "movedim") for n in axes] for axes in given)
    if not len(old) == len({*old}) == len(new) == len({*new}):
        raise ValueError(f"Tensor.movedim: expected each axis once, received {old} and {new}")
    order = [n for n in range(self.ndim) if n not in old]
    for to, axis in sorted(zip(new, old, strict=True)):
        order.insert(to, axis)
    return ops.transpose(self, order)


def t(self: Tensor) -> Tensor:
    """A matrix transposed; a tensor of one axis or none as it is. ValueError for more axes.

    >>> Tensor([[1, 2, 3]]).t()
    Tensor([[1],
            [2],
            [3]], dtype=int64)
    """
    if self.ndim > 2:
        raise ValueError(
            f"Tensor.t: expected up to two axes, received shape {self.shape}; use .mT or .T"
        )
    return ops.transpose(self)


def matrix_transpose(self: Tensor) -> Tensor:
    """The last two axes exchanged: (..., m, n) -> (..., n, m).

    >>> Tensor(np.ones((5, 2, 3))).mT.shape
    (5, 3, 2)
    """
    return ops.swapaxes(self, -1, -2)


def unsqueeze(self: Tensor, dim: int) -> Tensor:
    """A new axis of length 1, which is `dim` in the result.

    >>> Tensor([1, 2]).unsqueeze(1)
    Tensor([[1],
            [2]], dtype=int64)
    """
    return ops.expand_dims(self, dim)


def squeeze(self: Tensor, axis: Axis = None, *, dim: Axis = None) -> Tensor:
    """Without these axes, which must have length 1 (ValueError); None: without all such axes. Of
    dim, as in PyTorch, axes of other lengths stay.

    >>> x = Tensor(np.ones((1, 2, 1)))
    >>> x.squeeze().shape, x.squeeze(0).shape, x.squeeze(dim=1).shape
    ((2,), (2, 1), (1, 2, 1))
    """
    if dim is None:
        return ops.squeeze(self, axis)
    one_of("squeeze", axis, dim)
    given = [dim] if isinstance(dim, int) else dim
    axes = [normalize_axis(n, self.ndim, "squeeze") for n in given]
    return ops.squeeze(self, [n for n in axes if self.shape[n] == 1])


def flatten(self: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """The axes from start_dim to end_dim, both included, as one.

    >>> Tensor(np.ones((2, 3, 4))).flatten(start_dim=1).shape
    (2, 12)
    """
    if start_dim == 0 and end_dim == -1:
        return apply(Reshape(-1), self)
    first = normalize_axis(start_dim, self.ndim, "flatten")
    last = normalize_axis(end_dim, self.ndim, "flatten")
    if first > last:
        raise ValueError(
            f"Tensor.flatten: expected start_dim before end_dim, received {start_dim} and {end_dim}"
        )
    middle = math.prod(self.shape[first : last + 1])
    return ops.reshape(self, (*self.shape[:first], middle, *self.shape[last + 1 :]))


def ravel(self: Tensor) -> Tensor:
    """All elements in one axis.

    >>> Tensor([[1, 2], [3, 4]]).ravel()
    Tensor([1, 2, 3, 4], dtype=int64)
    """
    return apply(Reshape(-1), self)


def unflatten(self: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """The axis dim as several, of these lengths, one of which may be -1.

    >>> Tensor(np.ones((2, 12))).unflatten(1, (3, -1)).shape
    (2, 3, 4)
    """
    axis = normalize_axis(dim, self.ndim, "unflatten")
    sizes = list(sizes)
    if -1 in sizes:
        others = math.prod(n for n in sizes if n != -1)
        sizes[sizes.index(-1)] = self.shape[axis] // max(others, 1)
    if math.prod(sizes) != self.shape[axis]:
        raise ValueError(
            f"Tensor.unflatten: expected lengths of product {self.shape[axis]}, received {sizes}"
        )
    return ops.reshape(self, (*self.shape[:axis], *sizes, *self.shape[axis + 1 :]))


def expand(self: Tensor, *sizes: Any) -> Tensor:
    """Repeated, without copying, to these lengths; -1 keeps an axis's own. New axes come first.

    >>> Tensor([[1], [2]]).expand(-1, 3)
    Tensor([[1, 1, 1],
            [2, 2, 2]], dtype=int64)
    """
    given = unpacked(sizes)
    new = len(given) - self.ndim
    shape = [self.shape[i - new] if n == -1 and i >= new else n for i, n in enumerate(given)]
    if new < 0 or any(n < 0 for n in shape):
        raise ValueError(
            f"Tensor.expand: expected {self.ndim} lengths or more, those of new axes not -1, "
            f"received {given}"
        )
    return ops.broadcast_to(self, shape)


def expand_as(self: Tensor, other: Tensor) -> Tensor:
    """Repeated, without copying, to the shape of other.

    >>> Tensor([1, 2]).expand_as(Tensor([[0, 0], [0, 0]]))
    Tensor([[1, 2],
            [1, 2]], dtype=int64)
    """
    return ops.broadcast_to(self, shape_of(other))


def tile(self: Tensor, *dims: Any) -> Tensor:
    """Laid out so often along each axis: ``t.tile(2, 3)`` or ``t.tile((2, 3))``; this is what
    PyTorch calls `repeat` too. See `corereg.autograd.ops.tile`.

    >>> Tensor([1, 2]).tile(2, 2)
    Tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]], dtype=int64)
    """
    return ops.tile(self, unpacked(dims))


def repeat(self: Tensor, repeats: Any, axis: Any = None, *more: Any) -> Tensor:
    """Each element several times, one beside the other, as NumPy's method does; PyTorch's `repeat`
    is `tile`, and this one is its `repeat_interleave`. See `corereg.autograd.ops.repeat`.

    >>> Tensor([1, 2]).repeat(2)
    Tensor([1, 1, 2, 2], dtype=int64)
    """
    if more:
        raise TypeError(
            "Tensor.repeat: expected repeats and an axis, as NumPy's method; PyTorch's repeat is "
            "t.tile(2, 3, 4)"
        )
    return ops.repeat(self, repeats, axis)


def repeat_interleave(self: Tensor, repeats: Any, dim: int | None = None) -> Tensor:
    """Each element several times along dim (None: flattened): see `corereg.autograd.ops.repeat`.

    >>> Tensor([1, 2]).repeat_interleave(Tensor([3, 1]))
    Tensor([1, 1, 1, 2], dtype=int64)
    """
    return ops.repeat(self, repeats, dim)


def flip(self: Tensor, axis: Axis = None, *more: int, dims: Axis = None) -> Tensor:
    """The order of elements reversed along these axes (None: all): ``t.flip(0, 1)``,
    ``t.flip((0, 1))``.

    >>> Tensor([[1, 2], [3, 4]]).flip(1)
    Tensor([[2, 1],
            [4, 3]], dtype=int64)
    """
    axes = one_of("flip", axis, dims, "axis and dims")
    return ops.flip(self, [axes, *more] if more else axes)


def roll(self: Tensor, shifts: Any, dims: Axis = None, *, axis: Axis = None) -> Tensor:
    """Elements moved along dims, or axis: see `corereg.autograd.ops.roll`.

    >>> Tensor([1, 2, 3, 4]).roll(1)
    Tensor([4, 1, 2, 3], dtype=int64)
    """
    along = one_of("roll", dims, axis, "dims and axis")
    if isinstance(along, Sequence) and len(along) == 1 and not isinstance(shifts, Sequence):
        along = along[0]
    return ops.roll(self, shifts, along)


def diagonal(
    self: Tensor,
    offset: int = 0,
    axis1: int | None = None,
    axis2: int | None = None,
    *,
    dim1: int | None = None,
    dim2: int | None = None,
) -> Tensor:
    """The diagonal of the matrices along two axes, 0 and 1 unless given: see
    `corereg.autograd.ops.diagonal`.

    >>> Tensor([[1, 2], [3, 4]]).diagonal()
    Tensor([1, 4], dtype=int64)
    """
    first = one_of("diagonal", axis1, dim1, "axis1 and dim1")
    second = one_of("diagonal", axis2, dim2, "axis2 and dim2")
    return ops.diagonal(
        self, offset, 0 if first is None else first, 1 if second is None else second
    )


def triu(self: Tensor, diagonal: int = 0) -> Tensor:
    """With zeros below this diagonal: see `corereg.autograd.ops.triu`.

    >>> Tensor([[1, 2], [3, 4]]).triu()
    Tensor([[1, 2],
            [0, 4]], dtype=int64)
    """
    return ops.triu(self, diagonal)


def tril(self: Tensor, diagonal: int = 0) -> Tensor:
    """With zeros above this diagonal: see `corereg.autograd.ops.tril`.

    >>> Tensor([[1, 2], [3, 4]]).tril()
    Tensor([[1, 0],
            [3, 4]], dtype=int64)
    """
    return ops.tril(self, diagonal)
