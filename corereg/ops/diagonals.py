"""Diagonals of matrices, and the triangles beside them."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.autograd.ops.arguments import check_size
from corereg.ops.operands import as_int, as_tensor, keras_op
from corereg.ops.reductions import summed


@keras_op
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The elements x[i, i + offset] of the matrices along two axes, as the last axis of the
    result.

    >>> ops.diagonal([[1, 2], [3, 4]])
    Tensor([1, 4], dtype=int32)
    """
    return ops.diagonal(as_tensor(x), offset, axis1, axis2)


@keras_op
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """The sum of a diagonal: see `diagonal`.

    >>> ops.trace([[1, 2], [3, 4]])
    Tensor(5, dtype=int32)
    """
    x = as_int(x)
    return summed(ops.trace(x, offset, axis1, axis2), x)


@keras_op
def tril(x: Any, k: int = 0) -> Tensor:
    """The matrices in the last two axes with zeros above the k-th diagonal.

    >>> ops.tril([[1, 2], [3, 4]])
    Tensor([[1, 0],
            [3, 4]], dtype=int32)
    """
    return ops.tril(as_tensor(x), k)


@keras_op
def triu(x: Any, k: int = 0) -> Tensor:
    """The matrices in the last two axes with zeros below the k-th diagonal.

    >>> ops.triu([[1, 2], [3, 4]])
    Tensor([[1, 2],
            [0, 4]], dtype=int32)
    """
    return ops.triu(as_tensor(x), k)


@keras_op
def diag(x: Any, k: int = 0) -> Tensor:
    """The k-th diagonal of a matrix, or the matrix with a vector on it and zeros elsewhere.

    >>> ops.diag([1, 2])
    Tensor([[1, 0],
            [0, 2]], dtype=int32)
    >>> ops.diag([[1, 2], [3, 4]])
    Tensor([1, 4], dtype=int32)
    """
    x = as_tensor(x)
    if x.ndim == 1:
        return _on_diagonal(x, k)
    if x.ndim != 2:
        raise ValueError(f"diag: expected a vector or a matrix, received shape {x.shape}")
    m, n = x.shape
    count = max(0, min(m + min(k, 0), n - max(k, 0)))
    row = np.arange(count)
    return ops.getitem(x, (row - min(k, 0), row + max(k, 0)))


@keras_op
def diagflat(x: Any, k: int = 0) -> Tensor:
    """The matrix with the flattened x on its k-th diagonal and zeros elsewhere.

    >>> ops.diagflat([[1], [2]])
    Tensor([[1, 0],
            [0, 2]], dtype=int32)
    """
    return _on_diagonal(ops.flatten(as_tensor(x)), k)


def _on_diagonal(x: Tensor, k: int) -> Tensor:
    n, row = x.size + abs(k), np.arange(x.size)
    check_size("diag", (n, n), x.dtype)
    return ops.set_at(Tensor(np.zeros((n, n), x.dtype)), (row - min(k, 0), row + max(k, 0)), x)
