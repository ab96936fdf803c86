"""Products of vectors and matrices, and of more axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.autograd.ops.arguments import check_size
from corereg.ops.operands import as_tensor, counted, keras_op, promoted
from corereg.ops.reductions import summed


def _of_integers(made: Tensor, x: Tensor) -> Tensor:
    return summed(made, x) if x.dtype.kind in "iu" else made


@keras_op
def matmul(x1: Any, x2: Any) -> Tensor:
    """x1 @ x2: matrices, stacks of them, which broadcast, and vectors on either side.

    >>> ops.matmul([[1, 2], [3, 4]], [1, 10])
    Tensor([21, 43], dtype=int32)
    """
    x1, x2 = promoted(x1, x2)
    return _of_integers(ops.matmul(x1, x2), x1)


@keras_op
def dot(x1: Any, x2: Any) -> Tensor:
    """The sums of products over the last axis of x1 and the last but one of x2 (of a vector its
    only one); a product if one of them is a number.

    >>> ops.dot([1.0, 2.0], [3.0, 4.0])
    Tensor(11.)
    """
    x1, x2 = promoted(x1, x2)
    if not x1.ndim or not x2.ndim:
        return ops.multiply(x1, x2)
    return _contracted("dot", x1, x2, [x1.ndim - 1], [max(x2.ndim - 2, 0)])


@keras_op
def inner(x1: Any, x2: Any) -> Tensor:
    """The sums of products over the last axes; a product if one of them is a number.

    >>> ops.inner([[1, 2], [3, 4]], [1, 10])
    Tensor([21, 43], dtype=int32)
    """
    x1, x2 = promoted(x1, x2)
    if not x1.ndim or not x2.ndim:
        return ops.multiply(x1, x2)
    return _contracted("inner", x1, x2, [x1.ndim - 1], [x2.ndim - 1])


@keras_op
def vdot(x1: Any, x2: Any) -> Tensor:
    """The sum of products of all elements, both flattened.

    >>> ops.vdot([[1, 2]], [[3], [4]])
    Tensor(11, dtype=int32)
    """
    x1, x2 = promoted(x1, x2)
    return _contracted("vdot", ops.flatten(x1), ops.flatten(x2), [0], [0])


@keras_op
def outer(x1: Any, x2: Any) -> Tensor:
    """Each element of x1 times each of x2, both flattened: (x1.size, x2.size).

    >>> ops.outer([1, 2], [1, 10, 100])
    Tensor([[  1,  10, 100],
            [  2,  20, 200]], dtype=int32)
    """
    x1, x2 = promoted(x1, x2)
    return ops.outer(ops.flatten(x1), ops.flatten(x2))


@keras_op
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> Tensor:
    """The sums of products over axes of x1 and as many of x2: a number n for the last n of x1 and
    the first n of x2, or a pair of an axis or several of each.

    >>> ops.tensordot(np.ones((2, 3, 4)), np.ones((3, 4)), axes=2)
    Tensor([12., 12.], dtype=float64)
    """
    x1, x2 = promoted(x1, x2)
    if isinstance(axes, int):
        if not 0 <= axes <= min(x1.ndim, x2.ndim):
            raise ValueError(
                f"tensordot: expected axes from 0 to {min(x1.ndim, x2.ndim)}, which both have, "
                f"received {axes}"
            )
        first, second = list(range(x1.ndim - axes, x1.ndim)), list(range(axes))
    else:
        first, second = ([a] if isinstance(a, int) else [*a] for a in axes)
    first = [counted(a, x1.ndim, "tensordot") for a in first]
    second = [counted(a, x2.ndim, "tensordot") for a in second]
    return _contracted("tensordot", x1, x2, first, second)


def _contracted(
    who: str, a: Tensor, b: Tensor, first: Sequence[int], second: Sequence[int]
) -> Tensor:
    """The sum of products over axes of a and of b; the others follow, those of a first."""
    left, right = [a.shape[i] for i in first], [b.shape[i] for i in second]
    if left != right:
        raise ValueError(
            f"{who}: expected axes of equal lengths, received {left} of shape {a.shape} and "
            f"{right} of shape {b.shape}"
        )
    rows = [i for i in range(a.ndim) if i not in first]
    columns = [i for i in range(b.ndim) if i not in second]
    shape = [*(a.shape[i] for i in rows), *(b.shape[i] for i in columns)]
    size = math.prod(left)
    x = ops.reshape(ops.transpose(a, [*rows, *first]), (math.prod(a.shape[i] for i in rows), size))
    y = ops.reshape(
        ops.transpose(b, [*second, *columns]), (size, math.prod(b.shape[i] for i in columns))
    )
    return _of_integers(ops.reshape(ops.matmul(x, y), shape), a)


@keras_op
def kron(x1: Any, x2: Any) -> Tensor:
    """Kronecker's product: x1 with each element replaced by its product with x2.

    >>> ops.kron([[1, 2]], [[1, 10]])
    Tensor([[ 1, 10,  2, 20]], dtype=int32)
    """
    x1, x2 = promoted(x1, x2)
    ndim = max(x1.ndim, x2.ndim)
    a, b = ((1,) * (ndim - t.ndim) + t.shape for t in (x1, x2))
    check_size("kron", (x1.size, x2.size), x1.dtype)
    left = ops.reshape(x1, [n for size in a for n in (size, 1)])
    right = ops.reshape(x2, [n for size in b for n in (1, size)])
    return ops.reshape(ops.multiply(left, right), [n * m for n, m in zip(a, b, strict=True)])


@keras_op
def cross(
    x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Tensor:
    """The vector products along an axis of length 3 (or 2, for vectors in a plane; two of those
    give the third component alone). axisa, axisb, axisc: that axis of x1, x2 and the result;
    axis: of all three.

    >>> ops.cross([1, 0, 0], [0, 1, 0])
    Tensor([0, 0, 1], dtype=int32)
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x1, x2 = promoted(x1, x2)
    a = _components(x1, axisa)
    b = _components(x2, axisb)
    if len(a) == len(b) == 2:
        return a[0] * b[1] - a[1] * b[0]
    a, b = (v if len(v) == 3 else [*v, v[0] * 0] for v in (a, b))
    made = [a[i - 2] * b[i - 1] - a[i - 1] * b[i - 2] for i in range(3)]
    return ops.stack(made, axisc)


def _components(x: Tensor, axis: int) -> list[Tensor]:
    axis = counted(axis, x.ndim, "cross")
    if x.shape[axis] not in (2, 3):
        raise ValueError(f"cross: expected vectors of 2 or 3 numbers, received shape {x.shape}")
    before = (slice(None),) * axis
    return [ops.getitem(x, (*before, i)) for i in range(x.shape[axis])]


@keras_op
def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> Tensor:
    """Sums of products by labels, as `numpy.einsum`: ``einsum("bij,bjk->bik", a, b)``. Three
    operands or more are multiplied from the left. kwargs, such as optimize, change no result.

    >>> ops.einsum("ij,ij->i", [[1, 2], [3, 4]], [[1, 1], [2, 2]])
    Tensor([ 3, 14], dtype=int32)
    """
    tensors = promoted(*operands)
    if len(tensors) < 3 or not isinstance(subscripts, str):
        return _of_integers(ops.einsum(subscripts, *tensors), tensors[0])
    source, arrow, to = subscripts.replace(" ", "").partition("->")
    terms = source.split(",")
    if len(terms) != len(tensors) or "." in source:
        raise ValueError(
            f"einsum: expected {len(tensors)} operands in {subscripts!r}, without '...' where they "
            "are three or more"
        )
    labels = "".join(terms)
    if not arrow:
        to = "".join(sorted(s for s in {*labels} if labels.count(s) == 1))
    left, made = terms[0], tensors[0]
    for i in range(1, len(terms)):
        wanted = to + "".join(terms[i + 1 :])
        kept = "".join(dict.fromkeys(s for s in left + terms[i] if s in wanted))
        kept = to if i == len(terms) - 1 else kept
        made = ops.einsum(f"{left},{terms[i]}->{kept}", made, tensors[i])
        left = kept
    return _of_integers(made, tensors[0])


@keras_op
def diff(a: Any, n: int = 1, axis: int = -1) -> Tensor:
    """The differences of neighbours along an axis, n times; of bools whether they differ.

    >>> ops.diff([1, 4, 9, 16])
    Tensor([3, 5, 7], dtype=int32)
    """
    x = as_tensor(a)
    if n < 0:
        raise ValueError(f"diff: expected n >= 0, received {n}")
    axis = counted(axis, x.ndim, "diff")
    before = (slice(None),) * axis
    for _ in range(min(n, x.shape[axis])):  # then nothing is left
        later = ops.getitem(x, (*before, slice(1, None)))
        earlier = ops.getitem(x, (*before, slice(None, -1)))
        of = ops.not_equal if x.dtype == bool else ops.subtract
        x = of(later, earlier)
    return x


@keras_op
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """The integral of y along an axis by the trapezoidal rule. x: where y was taken, a vector or of
    the shape of y; None: at distances dx.

    >>> ops.trapezoid([0.0, 1.0, 2.0], dx=0.5)
    Tensor(1.)
    """
    y = as_tensor(y)
    y = y if y.dtype.kind == "f" else promoted(y, 1.0)[0]
    axis = counted(axis, y.ndim, "trapezoid")
    before = (slice(None),) * axis
    sides = ops.getitem(y, (*before, slice(1, None))) + ops.getitem(y, (*before, slice(None, -1)))
    if x is None:
        return ops.sum(sides, axis) * (dx / 2)
    at = as_tensor(x)
    steps = diff(at, axis=-1 if at.ndim == 1 else axis)
    if at.ndim == 1:
        steps = ops.reshape(steps, [-1 if i == axis else 1 for i in range(y.ndim)])
    return ops.sum(ops.multiply(*promoted(sides, steps)), axis) / 2


@keras_op
def corrcoef(x: Any) -> Tensor:
    """The correlations of the rows of a matrix with each other: (n, samples) -> (n, n), of one row
    a number.

    >>> ops.corrcoef([[1.0, 2.0, 3.0], [6.0, 4.0, 2.0]]).round(4)
    Tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    x = as_tensor(x)
    x = x if x.dtype.kind == "f" else promoted(x, 1.0)[0]
    rows = ops.reshape(x, (1, -1)) if x.ndim < 2 else x
    if rows.size:  # else squares of large numbers would overflow
        largest = ops.max(ops.abs(rows.detach()), 1, keepdims=True)
        rows = rows / ops.where(largest > 0, largest, 1.0)
    apart = rows - ops.mean(rows, 1, keepdims=True)
    cov = ops.matmul(apart, ops.transpose(apart))
    scale = ops.sqrt(ops.getitem(cov, (np.arange(cov.shape[0]), np.arange(cov.shape[0]))))
    made = cov / ops.reshape(scale, (-1, 1)) / ops.reshape(scale, (1, -1))
    made = ops.clip(made, -1.0, 1.0)
    return made if made.shape[0] > 1 else ops.reshape(made, ())
