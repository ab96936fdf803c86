"""New tensors: constants, ranges, triangles, identities. dtype None is `corereg.config.floatx()`
unless something else is said."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from corereg import config
from corereg.autograd import Tensor, ops
from corereg.autograd.aliases import Shape
from corereg.autograd.ops.arguments import check_size
from corereg.ops.operands import as_tensor, keras_op


@keras_op
def zeros(shape: Shape, dtype: Any = None) -> Tensor:
    """A tensor of zeros; dtype None is `corereg.config.floatx()`.

    >>> ops.zeros((2, 3))
    Tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    return Tensor(np.zeros(shape, dtype or config.floatx()))


@keras_op
def ones(shape: Shape, dtype: Any = None) -> Tensor:
    """A tensor of ones; dtype None is `corereg.config.floatx()`.

    >>> ops.ones((2, 2), "int32")
    Tensor([[1, 1],
            [1, 1]], dtype=int32)
    """
    return Tensor(np.ones(shape, dtype or config.floatx()))


@keras_op
def empty(shape: Shape, dtype: Any = None) -> Tensor:
    """A tensor whose values nobody should look at (they are zeros); dtype None is
    `corereg.config.floatx()`.

    >>> ops.empty((2, 3)).shape
    (2, 3)
    """
    return Tensor(np.zeros(shape, dtype or config.floatx()))


@keras_op
def full(shape: Shape, fill_value: Any, dtype: Any = None) -> Tensor:
    """A tensor of one number, or of an array that broadcasts to the shape.

    >>> ops.full((2, 2), [1.0, 2.0])
    Tensor([[1., 2.],
            [1., 2.]])
    """
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    value = ops.astype(as_tensor(fill_value), dtype or config.floatx())
    return ops.broadcast_to(value, shape) + Tensor(np.zeros((), value.dtype))


@keras_op
def zeros_like(x: Any, dtype: Any = None) -> Tensor:
    """Zeros in the shape of x; dtype None is that of x.

    >>> ops.zeros_like([[1, 2]])
    Tensor([[0, 0]], dtype=int32)
    """
    return ops.zeros_like(as_tensor(x), dtype)


@keras_op
def ones_like(x: Any, dtype: Any = None) -> Tensor:
    """Ones in the shape of x; dtype None is that of x.

    >>> ops.ones_like([[1, 2]], dtype="float32")
    Tensor([[1., 1.]])
    """
    return ops.ones_like(as_tensor(x), dtype)


@keras_op
def empty_like(x: Any, dtype: Any = None) -> Tensor:
    """As `empty`, in the shape of x; dtype None is that of x.

    >>> ops.empty_like([[1.0, 2.0]]).shape
    (1, 2)
    """
    return ops.zeros_like(as_tensor(x), dtype)


@keras_op
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> Tensor:
    """As `full`, in the shape of x; dtype None is that of x.

    >>> ops.full_like([[1, 2]], 7)
    Tensor([[7, 7]], dtype=int32)
    """
    x = as_tensor(x)
    value = ops.astype(as_tensor(fill_value), dtype or x.dtype)
    return ops.broadcast_to(value, x.shape) + Tensor(np.zeros((), value.dtype))


@keras_op
def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """(N, M) with ones on the k-th diagonal, 0 the main one and k > 0 above it, and zeros
    elsewhere. M None is N, dtype None `corereg.config.floatx()`.

    >>> ops.eye(2, 3, k=1)
    Tensor([[0., 1., 0.],
            [0., 0., 1.]])
    """
    return Tensor(np.eye(N, M, k, dtype or config.floatx()))


@keras_op
def identity(n: int, dtype: Any = None) -> Tensor:
    """(n, n) with ones on the diagonal and zeros elsewhere. dtype None is
    `corereg.config.floatx()`.

    >>> ops.identity(2)
    Tensor([[1., 0.],
            [0., 1.]])
    """
    return Tensor(np.eye(n, dtype=dtype or config.floatx()))


@keras_op
def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:
    """(N, M) with ones on the k-th diagonal and below it, and zeros elsewhere. M None is N, dtype
    None `corereg.config.floatx()`.

    >>> ops.tri(3)
    Tensor([[1., 0., 0.],
            [1., 1., 0.],
            [1., 1., 1.]])
    """
    return Tensor(np.tri(N, M, k, dtype or config.floatx()))


@keras_op
def array(x: Any, dtype: Any = None) -> Tensor:
    """x as a new tensor, in another dtype if that is given.

    >>> ops.array([[1, 2], [3, 4]], dtype="float32")
    Tensor([[1., 2.],
            [3., 4.]])
    """
    x = as_tensor(x)
    return ops.astype(x, dtype or x.dtype)


@keras_op
def copy(x: Any) -> Tensor:
    """A copy of x in memory of its own; gradients flow to x.

    >>> x = Tensor([1.0, 2.0])
    >>> ops.copy(x).zero_(), x
    (Tensor([0., 0.]), Tensor([1., 2.]))
    """
    x = as_tensor(x)
    return ops.astype(x, x.dtype)


@keras_op
def meshgrid(*x: Any, indexing: str = "xy") -> list[Tensor]:
    """One tensor for each of the vectors x, all of one shape: each vector varies along an axis of
    its own. indexing "xy": the first along the second axis; "ij": in order.

    >>> ops.meshgrid([1, 2, 3], [10, 20])[1]
    Tensor([[10, 10, 10],
            [20, 20, 20]], dtype=int32)
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: expected indexing 'xy' or 'ij', received {indexing!r}")
    vectors = [ops.reshape(as_tensor(v), -1) for v in x]
    axes = list(range(len(vectors)))
    if indexing == "xy" and len(axes) > 1:
        axes[:2] = [1, 0]
    shape = [0] * len(axes)
    for axis, v in zip(axes, vectors, strict=True):
        shape[axis] = v.size
    return [
        ops.broadcast_to(ops.reshape(v, [-1 if i == axis else 1 for i in range(len(axes))]), shape)
        for axis, v in zip(axes, vectors, strict=True)
    ]


@keras_op
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Tensor:
    """Powers of a vector as columns: (n,) -> (n, N), the highest first unless increasing; N None is
    n.

    >>> ops.vander([1, 2, 3])
    Tensor([[1, 1, 1],
            [4, 2, 1],
            [9, 3, 1]], dtype=int32)
    """
    x = as_tensor(x)
    if x.ndim != 1:
        raise ValueError(f"vander: expected a vector, received shape {x.shape}")
    count = x.size if N is None else operator.index(N)
    check_size("vander", (max(x.size, 1), count), x.dtype)
    powers = np.arange(count, dtype=None if x.dtype == bool else x.dtype)
    if not increasing:
        powers = powers[::-1]
    return ops.power(ops.expand_dims(x, 1), powers)
