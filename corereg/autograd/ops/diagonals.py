"""The diagonal of matrices, and what is above and below it."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd.aliases import Array
from corereg.autograd.ops.arguments import normalize_axes
from corereg.autograd.ops.indexing import Getitem
from corereg.autograd.ops.reductions import Sum
from corereg.autograd.ops.selection import Where
from corereg.autograd.ops.shaping import Transpose
from corereg.autograd.tensor import Tensor, apply, tensor


def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The elements x[i, i + offset] of the matrices along two axes, as the last axis of the result:
    a copy. ValueError for fewer than two axes, or twice the same.

    >>> ops.diagonal([[1, 2], [3, 4]])
    Tensor([1, 4], dtype=int64)
    """
    x = tensor(x)
    first, second = normalize_axes((axis1, axis2), x.ndim, "diagonal")
    rest = [i for i in range(x.ndim) if i not in (first, second)]
    rows = np.arange(max(-offset, 0), min(x.shape[first], x.shape[second] - offset))
    return apply(Getitem((..., rows, rows + offset)), apply(Transpose([*rest, first, second]), x))


def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal, see `diagonal`.

    >>> x = Tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    >>> x.trace().backward()
    >>> x.grad
    Tensor([[1., 0.],
            [0., 1.]])
    """
    return apply(Sum(-1, False), diagonal(x, offset, axis1, axis2))


def triu(x: Any, k: int = 0) -> Tensor:
    """The matrices in the last two axes with zeros below the k-th diagonal (0: the main one, above
    it k > 0). ValueError for fewer than two axes.

    >>> ops.triu([[1, 2], [3, 4]])
    Tensor([[1, 2],
            [0, 4]], dtype=int64)
    """
    x, lower = with_lower_part(x, k - 1, "triu")
    return apply(Where(~lower), x, Tensor(np.zeros((), x.dtype)))


def tril(x: Any, k: int = 0) -> Tensor:
    """The matrices in the last two axes with zeros above the k-th diagonal, as `triu`.

    >>> ops.tril([[1, 2], [3, 4]], k=-1)
    Tensor([[0, 0],
            [3, 0]], dtype=int64)
    """
    x, lower = with_lower_part(x, k, "tril")
    return apply(Where(lower), x, Tensor(np.zeros((), x.dtype)))


def with_lower_part(x: Any, k: int, who: str) -> tuple[Tensor, Array]:
    """x as a tensor, and where its matrices are on or below the k-th diagonal."""
    made = tensor(x)
    if made.ndim < 2:
        raise ValueError(f"{who}: expected matrices, received shape {made.shape}")
    rows, columns = made.shape[-2:]
    return made, np.tri(rows, columns, k, dtype=bool)
