"""Linear algebra on the last two axes: determinants, inverses, equations, decompositions. LAPACK
does the work, through NumPy.

x is float32 or float64, (..., n, n) or (..., m, n); TypeError for other dtypes, ValueError for
other shapes, `numpy.linalg.LinAlgError` where the numbers have no such result. These ops are not
recorded: a recorded function that uses one raises RuntimeError, and training runs through Python.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import as_floats
from corereg.autograd.ops.indexing import Getitem
from corereg.autograd.ops.reductions import products_of_others
from corereg.autograd.ops.shaping import Reshape
from corereg.autograd.tensor import Tensor, apply


class Inv(Op):
    __slots__ = ()
    returns_new_arrays = True
    recordable = False

    def forward(self, x: Any) -> Any:
        return np.linalg.inv(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        turned = mT(out)
        return (-(turned @ grad @ turned),)


class Det(Op):
    """The derivative is the matrix of cofactors, which singular matrices have, too."""

    __slots__ = ()
    returns_new_arrays = True
    recordable = False

    def forward(self, x: Any) -> Any:
        return np.linalg.det(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        finite = np.isfinite(x).all((-2, -1), keepdims=True)
        u, s, vh = np.linalg.svd(np.where(finite, x, 0))  # it raises for others
        s = np.where(finite[..., 0], s, np.nan)
        sign = np.linalg.det(u) * np.linalg.det(vh)
        cofactors = (u * products_of_others(s)[..., None, :]) @ vh
        return ((grad * sign)[..., None, None] * cofactors,)

    def derivative(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return ((grad * out)[..., None, None] * mT(inverse(x)),)


class LogAbsDet(Op):
    """log |det x|"""

    __slots__ = ()
    returns_new_arrays = True
    recordable = False

    def forward(self, x: Any) -> Any:
        return np.linalg.slogdet(x)[1]

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad[..., None, None] * mT(inverse(x)),)


class Solve(Op):
    """The x with a x = b: a (..., n, n), b (..., n, k)."""

    __slots__ = ()
    returns_new_arrays = True
    recordable = False

    def forward(self, a: Any, b: Any) -> Any:
        return np.linalg.solve(a, b)

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        turned = mT(a)
        db = apply(Solve(), turned, grad) if isinstance(a, Tensor) else self.forward(turned, grad)
        return -(db @ mT(out)) if self.needs_gradient(0) else None, db


class Cholesky(Op):
    """The lower triangular L with L L' = x. The derivative is symmetric, as x is."""

    __slots__ = ()
    returns_new_arrays = True
    recordable = False

    def forward(self, x: Any) -> Any:
        return np.linalg.cholesky(x)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        n = x.shape[-1]
        half = np.tri(n, dtype=out.dtype) - np.eye(n, dtype=out.dtype) / 2
        back = inverse(out)
        d = mT(back) @ ((mT(out) @ grad) * half) @ back
        return ((d + mT(d)) / 2,)


class _Packed(Op):
    """An op of several results: each flattened over its own axes, and these one after the other
    along the last axis. `sizes` are those of one stack's results."""

    __slots__ = ("shapes",)
    returns_new_arrays = True
    recordable = False

    def __init__(self, shapes: Sequence[tuple[int, ...]]) -> None:
        self.shapes = shapes

    def packed(self, parts: Sequence[Any]) -> Any:
        """The results as one array."""
        both = zip(parts, self.shapes, strict=True)
        flat = [p.reshape(*p.shape[: p.ndim - len(s)], math.prod(s)) for p, s in both]
        return np.concatenate(flat, -1)

    def parts(self, packed: Any) -> list[Any]:
        """The results, of an array or a tensor."""
        found, start = [], 0
        for shape in self.shapes:
            end = start + math.prod(shape)
            found.append(packed[..., start:end].reshape((*packed.shape[:-1], *shape)))
            start = end
        return found


class Qr(_Packed):
    """x = q r for m >= n, or any form of x without a derivative: q orthogonal, r upper
    triangular."""

    __slots__ = ()

    def forward(self, x: Any) -> Any:
        complete = self.shapes[0][-1] != min(x.shape[-2:])
        return self.packed(np.linalg.qr(x, "complete" if complete else "reduced"))

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        (q, r), (dq, dr) = self.parts(out), self.parts(grad)
        if q.shape[-1] != r.shape[-1]:
            raise ValueError(
                f"qr: expected a reduced decomposition of a matrix with as many rows as columns or "
                f"more to differentiate, received shape {x.shape}"
            )
        lower = np.tri(x.shape[-1], dtype=x.dtype)
        whole = r @ mT(dr) - mT(dq) @ q
        below = whole * lower
        whole = below + mT(whole * (lower - np.eye(x.shape[-1], dtype=x.dtype)))
        return ((dq + q @ whole) @ mT(inverse(r)),)


class Eigh(_Packed):
    """Eigenvalues, ascending, and eigenvectors, as columns, of symmetric matrices. The derivative
    is symmetric; it is infinite where eigenvalues are equal and the vectors are used."""

    __slots__ = ()

    def forward(self, x: Any) -> Any:
        return self.packed(np.linalg.eigh((finite("eigh", x) + mT(x)) / 2))

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        (w, v), (dw, dv) = self.parts(out), self.parts(grad)
        eye = np.eye(x.shape[-1], dtype=x.dtype)
        apart = w[..., None, :] - w[..., :, None] + eye
        inner = eye * dw[..., None, :] + (1 - eye) * (mT(v) @ dv) / apart
        d = v @ inner @ mT(v)
        return ((d + mT(d)) / 2,)


class Svd(_Packed):
    """u (..., m, k), s (..., k) descending and vh (..., k, n) with u diag(s) vh = x and
    k = min(m, n). The derivative by u and vh is infinite where singular values are equal or 0."""

    __slots__ = ()

    def forward(self, x: Any) -> Any:
        return self.packed(np.linalg.svd(finite("svd", x), full_matrices=False))

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        (u, s, vh), (du, ds, dvh) = self.parts(out), self.parts(grad)
        v, dv = mT(vh), mT(dvh)
        k = s.shape[-1]
        eye = np.eye(k, dtype=x.dtype)
        row, column = s[..., None, :], s[..., :, None]
        over = (1 - eye) / ((row - column) * (row + column) + eye)
        left, right = mT(u) @ du, mT(v) @ dv
        inner = eye * ds[..., None, :]
        inner = inner + (over * (left - mT(left))) * row + column * (over * (right - mT(right)))
        d = u @ inner @ vh
        rows, columns = x.shape[-2:]
        if rows > k:
            d = d + (du - u @ left) / row @ vh
        if columns > k:
            d = d + u @ mT((dv - v @ right) / row)
        return (d,)


class SingularValues(Op):
    """s (..., k), descending."""

    __slots__ = ()
    returns_new_arrays = True
    recordable = False

    def forward(self, x: Any) -> Any:
        return np.linalg.svd(finite("singular_values", x), compute_uv=False)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        u, _, vh = svd(x) if isinstance(x, Tensor) else np.linalg.svd(x, full_matrices=False)
        return ((u * grad[..., None, :]) @ vh,)


def finite(who: str, x: Any) -> Any:
    """x itself; LinAlgError if it has NaN or infinity, with which LAPACK may never end."""
    if not np.isfinite(x).all():
        raise np.linalg.LinAlgError(f"{who}: expected finite numbers, received NaN or infinity")
    return x


def mT(x: Any) -> Any:
    """The last two axes exchanged, of an array or a tensor."""
    return x.swapaxes(-1, -2)


def inverse(x: Any) -> Any:
    """The inverse of an array, or of a tensor under create_graph."""
    return apply(Inv(), x) if isinstance(x, Tensor) else np.linalg.inv(x)


def as_matrices(x: Any, who: str, square: bool = False) -> Tensor:
    """x as a tensor of floats with matrices in its last two axes; ValueError otherwise."""
    made = as_floats(x, who)
    if made.ndim < 2 or (square and made.shape[-1] != made.shape[-2]):
        form = "(..., n, n)" if square else "(..., m, n)"
        raise ValueError(f"{who}: expected x of shape {form}, received {made.shape}")
    return made


def unpacked(op: _Packed, x: Tensor) -> tuple[Tensor, ...]:
    """The results of an op that packs them."""
    packed, found, start = apply(op, x), [], 0
    for shape in op.shapes:
        end = start + math.prod(shape)
        part = apply(Getitem((..., slice(start, end))), packed)
        found.append(apply(Reshape((*packed.shape[:-1], *shape)), part))
        start = end
    return tuple(found)


def inv(x: Any) -> Tensor:
    """The inverse of each matrix: (..., n, n) -> (..., n, n). `numpy.linalg.LinAlgError` for
    singular ones.

    >>> Tensor([[2.0, 0.0], [0.0, 4.0]]).inverse()
    Tensor([[0.5 , 0.  ],
            [0.  , 0.25]])
    """
    return apply(Inv(), as_matrices(x, "inv", square=True))


def det(x: Any) -> Tensor:
    """The determinant of each matrix: (..., n, n) -> (...).

    >>> x = Tensor([[2.0, 0.0], [0.0, 3.0]], requires_grad=True)
    >>> x.det().backward()
    >>> x.grad.round(4)
    Tensor([[3., 0.],
            [0., 2.]])
    """
    return apply(Det(), as_matrices(x, "det", square=True))


def log_abs_det(x: Any) -> Tensor:
    """log |det x| of each matrix: (..., n, n) -> (...); -infinity of singular ones.

    >>> ops.log_abs_det([[2.0, 0.0], [0.0, 0.5]]).round(4)
    Tensor(0.)
    """
    return apply(LogAbsDet(), as_matrices(x, "log_abs_det", square=True))


def solve(a: Any, b: Any) -> Tensor:
    """The x with a x = b: a (..., n, n), b (..., n, k) -> (..., n, k); the leading axes broadcast.
    `numpy.linalg.LinAlgError` for a singular a.

    >>> ops.solve([[2.0, 0.0], [0.0, 4.0]], [[2.0], [2.0]])
    Tensor([[1. ],
            [0.5]])
    """
    a, b = as_matrices(a, "solve", square=True), as_matrices(b, "solve")
    return apply(Solve(), a, b)


def cholesky(x: Any) -> Tensor:
    """The lower triangular L with L L' = x, of each symmetric positive definite matrix: (..., n, n)
    -> (..., n, n). `numpy.linalg.LinAlgError` for others.

    >>> Tensor([[4.0, 2.0], [2.0, 5.0]]).cholesky()
    Tensor([[2., 0.],
            [1., 2.]])
    """
    return apply(Cholesky(), as_matrices(x, "cholesky", square=True))


def qr(x: Any, mode: str = "reduced") -> tuple[Tensor, ...]:
    """(q, r) with q r = x, q orthogonal, r upper triangular: (..., m, k) and (..., k, n).

    mode: "reduced" for k = min(m, n), "complete" for k = m. Derivatives only for k = n.

    >>> q, r = ops.qr(np.ones((3, 2)))
    >>> q.shape, r.shape
    ((3, 2), (2, 2))
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(f"qr: expected mode 'reduced' or 'complete', received {mode!r}")
    x = as_matrices(x, "qr")
    m, n = x.shape[-2:]
    k = m if mode == "complete" else min(m, n)
    return unpacked(Qr([(m, k), (k, n)]), x)


def eigh(x: Any) -> tuple[Tensor, ...]:
    """(w, v) of each symmetric matrix: eigenvalues (..., n), ascending, and eigenvectors as the
    columns of (..., n, n).

    >>> values, vectors = ops.eigh([[2.0, 0.0], [0.0, 1.0]])
    >>> values.round(4)
    Tensor([1., 2.])
    """
    x = as_matrices(x, "eigh", square=True)
    n = x.shape[-1]
    return unpacked(Eigh([(n,), (n, n)]), x)


def svd(x: Any) -> tuple[Tensor, ...]:
    """(u, s, vh) with u diag(s) vh = x: (..., m, k), (..., k) descending, (..., k, n) for
    k = min(m, n).

    >>> u, s, vh = ops.svd([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]])
    >>> u.shape, s.round(4), vh.shape
    ((3, 2), Tensor([4., 3.]), (2, 2))
    """
    x = as_matrices(x, "svd")
    m, n = x.shape[-2:]
    k = min(m, n)
    return unpacked(Svd([(m, k), (k,), (k, n)]), x)


def singular_values(x: Any) -> Tensor:
    """The singular values of each matrix: (..., m, n) -> (..., min(m, n)), descending.

    >>> ops.singular_values([[3.0, 0.0], [0.0, 4.0]]).round(4)
    Tensor([4., 3.])
    """
    return apply(SingularValues(), as_matrices(x, "singular_values"))
