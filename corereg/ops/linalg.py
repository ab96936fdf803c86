"""Linear algebra on the last two axes: determinants, inverses, equations, decompositions, norms.
Those that LAPACK computes are not recorded: what uses them runs through Python."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corereg.autograd import Tensor, is_grad_enabled, ops
from corereg.autograd.ops.arguments import constant
from corereg.autograd.ops.decompositions import as_matrices, finite
from corereg.ops.operands import (
    as_float,
    counted,
    keras_op,
    keras_op_shaped_like,
    places,
    promoted_floats,
)


@keras_op
def det(x: Any) -> Tensor:
    """The determinant of each matrix, as floats: (..., n, n) -> (...).

    >>> ops.det([[1.0, 2.0], [3.0, 4.0]]).round(4)
    Tensor(-2.)
    """
    return ops.det(as_float(x))


@keras_op
def slogdet(x: Any) -> tuple[Tensor, Tensor]:
    """(sign, log of the absolute value) of each determinant; (0, -infinity) of singular ones.

    >>> sign, log = ops.slogdet([[0.0, 1.0], [1.0, 0.0]])
    >>> float(sign), float(log)
    (-1.0, 0.0)
    """
    x = as_float(x)
    return constant(np.linalg.slogdet(x.data)[0]), ops.log_abs_det(x)


@keras_op
def logdet(x: Any) -> Tensor:
    """log |det x| of each matrix: (..., n, n) -> (...); -infinity of singular ones.

    >>> ops.logdet([[2.0, 0.0], [0.0, 0.5]]).round(4)
    Tensor(0.)
    """
    return ops.log_abs_det(as_float(x))


def _same(x: Any, upper: bool = False) -> Tensor:
    return as_matrices(as_float(x), "linalg", square=True)


def _product(a: Any, b: Any, lower: bool = False) -> Tensor:
    a, b = promoted_floats(a, b)
    as_matrices(a, "solve", square=True)
    column = b.ndim == a.ndim - 1
    made = ops.matmul(a, ops.expand_dims(b, -1) if column else b)
    return ops.squeeze(made, -1) if column else made


@keras_op_shaped_like(_same)
def inv(x: Any) -> Tensor:
    """The inverse of each matrix: (..., n, n) -> (..., n, n). `numpy.linalg.LinAlgError` for
    singular ones.

    >>> ops.inv([[2.0, 0.0], [0.0, 4.0]])
    Tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    return ops.inv(as_float(x))


@keras_op_shaped_like(_product)
def solve(a: Any, b: Any) -> Tensor:
    """The x with a x = b: a (..., n, n), b (..., n) or (..., n, k). `numpy.linalg.LinAlgError` for
    a singular a.

    >>> ops.solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 2.0])
    Tensor([1. , 0.5])
    """
    a, b = promoted_floats(a, b)
    if b.ndim == a.ndim - 1:
        return ops.squeeze(ops.solve(a, ops.expand_dims(b, -1)), -1)
    return ops.solve(a, b)


@keras_op_shaped_like(_product)
def solve_triangular(a: Any, b: Any, lower: bool = False) -> Tensor:
    """As `solve`, by the upper triangle of a alone, or the lower one.

    >>> ops.solve_triangular([[2.0, 0.0], [1.0, 1.0]], [2.0, 3.0], lower=True)
    Tensor([1., 2.])
    """
    a, b = promoted_floats(a, b)
    return solve(ops.tril(a) if lower else ops.triu(a), b)


@keras_op_shaped_like(_same)
def cholesky(x: Any, upper: bool = False) -> Tensor:
    """The lower triangular L with L L' = x, or the upper one U with U' U = x, of each symmetric
    positive definite matrix. `numpy.linalg.LinAlgError` for others.

    >>> ops.cholesky([[4.0, 2.0], [2.0, 5.0]])
    Tensor([[2., 0.],
            [1., 2.]])
    """
    made = ops.cholesky(as_float(x))
    return ops.swapaxes(made, -1, -2) if upper else made


@keras_op_shaped_like(_same)
def cholesky_inverse(x: Any, upper: bool = False) -> Tensor:
    """The inverse of the matrix whose Cholesky factor is x, lower or upper.

    >>> factor = [[2.0, 0.0], [0.0, 4.0]]
    >>> ops.cholesky_inverse(factor)
    Tensor([[0.25  , 0.    ],
            [0.    , 0.0625]])
    """
    x = as_matrices(as_float(x), "cholesky_inverse", square=True)
    back = ops.inv(ops.triu(x) if upper else ops.tril(x))
    turned = ops.swapaxes(back, -1, -2)
    return ops.matmul(back, turned) if upper else ops.matmul(turned, back)


@keras_op
def qr(x: Any, mode: str = "reduced") -> tuple[Tensor, ...]:
    """(q, r) with q r = x, q orthogonal, r upper triangular; mode "reduced" or "complete".

    >>> q, r = ops.qr(np.ones((3, 2)))
    >>> q.shape, r.shape
    ((3, 2), (2, 2))
    """
    return ops.qr(as_float(x), mode)


@keras_op
def lu_factor(x: Any) -> tuple[Tensor, Tensor]:
    """(lu, pivots) of each matrix, as LAPACK has them: x with row i exchanged with row pivots[i],
    one after the other, is L U; lu (..., m, n) has U in its upper triangle, and below it L, whose
    diagonal is 1; pivots int32 (..., min(m, n)). It has no derivative: ValueError.

    >>> ops.lu_factor([[1.0, 2.0], [2.0, 2.0]])
    (Tensor([[2. , 2. ],
            [0.5, 1. ]]), Tensor([1, 1], dtype=int32))
    """
    x = as_float(x)
    if x.ndim < 2:
        raise ValueError(f"lu_factor: expected x of shape (..., m, n), received {x.shape}")
    if x.requires_grad and is_grad_enabled():
        raise ValueError(
            "lu_factor: it has no derivative, received x that requires one; use solve, det or inv, "
            "or pass x.detach()"
        )
    m, n = x.shape[-2:]
    lu = x.numpy().reshape(math.prod(x.shape[:-2]), m, n).copy()
    rows, pivots = np.arange(len(lu)), np.zeros((len(lu), min(m, n)), "int32")
    for j in range(min(m, n)):
        pivots[:, j] = largest = j + abs(lu[:, j:, j]).argmax(axis=1)
        lu[rows, j], lu[rows, largest] = lu[rows, largest], lu[rows, j]
        first = lu[:, j, j]
        lu[:, j + 1 :, j] /= np.where(first == 0, 1, first)[:, None]
        lu[:, j + 1 :, j + 1 :] -= lu[:, j + 1 :, j, None] * lu[:, j, None, j + 1 :]
    return constant(lu.reshape(x.shape)), constant(pivots.reshape(*x.shape[:-2], min(m, n)))


@keras_op
def eigh(x: Any) -> tuple[Tensor, ...]:
    """(w, v) of each symmetric matrix: eigenvalues, ascending, and eigenvectors as columns.

    >>> values, vectors = ops.eigh([[2.0, 0.0], [0.0, 1.0]])
    >>> values.round(4)
    Tensor([1., 2.])
    """
    return ops.eigh(as_float(x))


@keras_op
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """(u, s, vh) with u diag(s) vh = x, s descending; s alone for compute_uv=False.

    full_matrices: u and vh square; where x is not, that has no derivative (ValueError), pass
    full_matrices=False then.

    >>> u, s, vh = ops.svd([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]], full_matrices=False)
    >>> u.shape, s.round(4), vh.shape
    ((3, 2), Tensor([4., 3.]), (2, 2))
    """
    x = as_float(x)
    if not compute_uv:
        return ops.singular_values(x)
    if not full_matrices or x.ndim < 2 or x.shape[-1] == x.shape[-2]:
        return ops.svd(x)
    if x.requires_grad and is_grad_enabled():
        raise ValueError(
            f"svd: expected full_matrices=False to differentiate a matrix that is not square, "
            f"received shape {x.shape}"
        )
    return tuple(constant(part) for part in np.linalg.svd(finite("svd", x.data)))


def _inverted(s: Tensor, rcond: float) -> Tensor:
    """1/s of singular values, 0 where they are below rcond times the largest."""
    values = s.data
    small = values <= rcond * values.max(axis=-1, keepdims=True, initial=0)
    return ops.where(small, 0.0, ops.reciprocal(ops.where(small, 1.0, s)))


def _solved(x: Tensor, rcond: float) -> Tensor:
    u, s, vh = ops.svd(x)
    scaled = ops.swapaxes(vh, -1, -2) * ops.expand_dims(_inverted(s, rcond), -2)
    return ops.matmul(scaled, ops.swapaxes(u, -1, -2))


@keras_op
def pinv(x: Any, rcond: float | None = None) -> Tensor:
    """Moore and Penrose's inverse: (..., m, n) -> (..., n, m). rcond: singular values below so many
    times the largest count as 0; None: 10 times the larger length times the machine's epsilon.

    >>> ops.pinv([[2.0], [1.0]]).round(4)
    Tensor([[0.4, 0.2]])
    """
    x = as_float(x)
    small = 10 * max(x.shape[-2:], default=1) * np.finfo(x.dtype).eps
    return _solved(x, float(small if rcond is None else rcond))


@keras_op
def lstsq(a: Any, b: Any, rcond: float | None = None) -> Tensor:
    """The x that makes |a x - b| smallest, and of several such x the one with the smallest |x|: a
    (m, n), b (m,) or (m, k). rcond: as for `pinv`; None: the larger length times the machine's
    epsilon.

    >>> ops.lstsq([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [1.0, 3.0, 5.0]).round(4)
    Tensor([1., 2.])
    """
    a, b = promoted_floats(a, b)
    small = max(a.shape[-2:], default=1) * np.finfo(a.dtype).eps
    return ops.matmul(_solved(a, float(small if rcond is None else rcond)), b)


@keras_op
def matrix_rank(x: Any, tol: float | None = None) -> Tensor:
    """How many singular values are above tol: int32. None: the largest one times the larger length
    times the machine's epsilon.

    >>> ops.matrix_rank([[1.0, 2.0], [2.0, 4.0]])
    Tensor(1, dtype=int32)
    """
    x = as_float(x)
    s = ops.singular_values(x).data
    limit = s.max(axis=-1, keepdims=True, initial=0) * max(x.shape[-2:]) * np.finfo(x.dtype).eps
    return places(constant((s > (limit if tol is None else tol)).sum(axis=-1)))


@keras_op
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The norm of vectors along one axis, or of matrices in two axes. axis None: of x flattened if
    ord is None, else of x itself, which is a vector or a matrix. ord of vectors: a number, 2 if
    None; of matrices: "fro" (None), "nuc", 1, -1, 2, -2, inf or -inf. ValueError for other ord, and
    for more axes.

    >>> ops.norm([[3.0, 4.0], [0.0, 2.0]], axis=1)
    Tensor([5., 2.])
    """
    x = as_float(x)
    if axis is None and ord is None:
        return ops.norm(x, 2, None, keepdims)
    axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = tuple(counted(a, x.ndim, "norm") for a in axes)
    if len(axes) == 1:
        if isinstance(ord, str):
            raise ValueError(f"norm: expected a number as ord of vectors, received {ord!r}")
        return ops.norm(x, 2 if ord is None else ord, axes[0], keepdims)
    if len(axes) != 2:
        raise ValueError(f"norm: expected one axis or two, received {axes} of shape {x.shape}")
    return _matrix_norm(x, ord, axes, keepdims)


def _matrix_norm(x: Tensor, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Tensor:
    if ord in (None, "fro"):
        return ops.norm(x, 2, axes, keepdims)
    if ord in (1, -1, math.inf, -math.inf):
        inner, outer = axes if abs(ord) == 1 else axes[::-1]
        sums = ops.sum(ops.abs(x), inner, keepdims=True)
        made = (ops.max if ord > 0 else ops.min)(sums, outer, keepdims=True)
    elif ord in ("nuc", 2, -2):
        order = [i for i in range(x.ndim) if i not in axes] + list(axes)
        s = ops.singular_values(ops.transpose(x, order))
        made = ops.sum(s, -1) if ord == "nuc" else (ops.max if ord > 0 else ops.min)(s, -1)
        made = ops.reshape(made, [1 if i in axes else n for i, n in enumerate(x.shape)])
    else:
        raise ValueError(
            f"norm: expected ord None, 'fro', 'nuc', 1, -1, 2, -2, inf or -inf of matrices, "
            f"received {ord!r}"
        )
    return made if keepdims else ops.squeeze(made, axes)


@keras_op
def cdist(x: Any, y: Any) -> Tensor:
    """The Euclidean distances between rows: (..., m, k) and (..., n, k) -> (..., m, n).

    >>> ops.cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 1.0]])
    Tensor([[5., 1.]])
    """
    x, y = promoted_floats(x, y)
    apart = ops.expand_dims(x, -2) - ops.expand_dims(y, -3)
    return ops.norm(apart, 2, -1)
