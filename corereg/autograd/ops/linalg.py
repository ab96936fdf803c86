"""Products of matrices and vectors: matmul, outer, einsum."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import check_size
from corereg.autograd.ops.arithmetic import Multiply
from corereg.autograd.ops.indexing import Getitem
from corereg.autograd.ops.reductions import Sum
from corereg.autograd.ops.shaping import BroadcastTo, Reshape, Transpose
from corereg.autograd.tensor import Tensor, apply, pair, tensor

_FLOAT32 = np.dtype(np.float32)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Matmul(Op):
    """a @ b by NumPy's rules: matrices, stacks of them, and vectors on either side. Its products
    have the precision that holds when it is made."""

    __slots__ = ("parts",)
    returns_new_arrays = True

    def __init__(self) -> None:
        self.parts = _kernels.matmul_parts()

    def forward(self, a: Any, b: Any) -> Any:
        return product(a, b, self.parts) if self.parts else a @ b

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        left = a if a.ndim > 1 else a[None, :]
        right = b if b.ndim > 1 else b[:, None]
        if a.ndim == 1:
            grad = grad[None, ...] if b.ndim == 1 else np.expand_dims(grad, -2)
        if b.ndim == 1:
            grad = grad[..., None]
        da = db = None
        if self.needs_gradient(0):
            da = product(grad, right.swapaxes(-1, -2), self.parts)
            da = da if a.ndim > 1 else da.sum(axis=tuple(range(da.ndim - 1)))
        if self.needs_gradient(1):
            db = product(left.swapaxes(-1, -2), grad, self.parts)
            db = db if b.ndim > 1 else db[..., 0].sum(axis=tuple(range(db.ndim - 2)))
        return da, db


class Einsum(Op):
    """The sum of products of two operands over the labels that `to` has not. No label comes twice
    in one of the three, every label of an operand in one of the other two, and lengths agree: so
    each gradient is such a sum itself."""

    __slots__ = ("left", "parts", "right", "to")
    returns_new_arrays = True

    def __init__(self, left: str, right: str, to: str) -> None:
        self.left = left
        self.right = right
        self.to = to
        self.parts = _kernels.matmul_parts()

    def forward(self, a: Any, b: Any) -> Any:
        return contracted(self.left, self.right, self.to, a, b, self.parts)

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        left, right, to, parts = self.left, self.right, self.to, self.parts
        return (
            contracted(to, right, left, grad, b, parts) if self.needs_gradient(0) else None,
            contracted(to, left, right, grad, a, parts) if self.needs_gradient(1) else None,
        )


def product(a: Any, b: Any, parts: int) -> Any:
    """a @ b of arrays, or of tensors under create_graph. parts: of the operands of float32, by
    kernels (see `_kernels.matmul_parts`); 0: NumPy multiplies."""
    if isinstance(a, Tensor) or not parts or not a.dtype == b.dtype == _FLOAT32:
        return a @ b
    left = a if a.ndim > 1 else a[None, :]
    right = b if b.ndim > 1 else b[:, None]
    if not a.ndim or not b.ndim or left.shape[-1] != right.shape[-2]:
        return a @ b  # raises
    plain = [getattr(x, "array", x) for x in (left, right)]  # of TracedArrays: kernels are recorded
    stack = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    xs, ws = (np.broadcast_to(x, (*stack, *x.shape[-2:])) for x in plain)
    made = np.empty((*stack, left.shape[-2], right.shape[-1]), np.float32)
    for place in np.ndindex(stack):
        _kernels.dense_forward(xs[place], ws[place], out=made[place], parts=parts)
    kept = (*stack, *left.shape[-2:-1][: a.ndim > 1], *right.shape[-1:][: b.ndim > 1])
    made = made.reshape(kept)
    return made if plain[0] is left else type(left)(made)


def contracted(left: str, right: str, to: str, a: Any, b: Any, parts: int) -> Any:
    """The two-operand sum of arrays, or of tensors under create_graph."""
    if isinstance(a, Tensor):
        return apply(Einsum(left, right, to), a, b)
    sizes = {**dict(zip(left, a.shape, strict=True)), **dict(zip(right, b.shape, strict=True))}
    stack = [s for s in left if s in right and s in to]
    summed = [s for s in left if s in right and s not in to]
    rows = [s for s in left if s not in right]
    columns = [s for s in right if s not in left]

    def laid_out(x: Any, labels: str, *groups: list[str]) -> Any:
        """x with one axis for each group of labels behind those of the stack."""
        order = [labels.index(s) for group in (stack, *groups) for s in group]
        shape = [math.prod(sizes[s] for s in group) for group in groups]
        return x.transpose(order).reshape([*(sizes[s] for s in stack), *shape])

    if summed:
        first, second = laid_out(a, left, rows, summed), laid_out(b, right, summed, columns)
        made = product(first, second, parts)
    else:
        made = laid_out(a, left, rows, []) * laid_out(b, right, [], columns)
    found = [*stack, *rows, *columns]
    return made.reshape([sizes[s] for s in found]).transpose([found.index(s) for s in to])


def matmul(a: Any, b: Any) -> Tensor:
    """a @ b: (..., m, k) @ (..., k, n) -> (..., m, n), the leading axes broadcast; a vector (k,) on
    the left is a row, on the right a column, and its axis is dropped. ValueError for 0-d operands
    and where the inner lengths differ.

    >>> ops.matmul(Tensor([[1.0, 2.0], [3.0, 4.0]]), [1.0, 10.0])
    Tensor([21., 43.])
    """
    return pair(Matmul(), a, b)


def outer(a: Any, b: Any) -> Tensor:
    """a[i] * b[j]: vectors (m,) and (n,) -> (m, n). ValueError for other shapes.

    >>> ops.outer(Tensor([1, 2]), Tensor([1, 10, 100]))
    Tensor([[  1,  10, 100],
            [  2,  20, 200]], dtype=int64)
    """
    a = tensor(a)
    b = tensor(b, a)
    if a.ndim != 1 or b.ndim != 1:
        raise ValueError(f"outer: expected two vectors, received shapes {a.shape} and {b.shape}")
    check_size("outer", (a.size, b.size), a.dtype)
    return apply(Multiply(), apply(Reshape((-1, 1)), a), b)


def einsum(subscripts: str, *operands: Any) -> Tensor:
    """Sums of products by labels, as `numpy.einsum`: ``einsum("bij,bjk->bik", a, b)``.

    subscripts: a letter for each axis, the operands' separated by a comma; "..." for axes that
    broadcast; a label that comes twice in one operand takes its diagonal. Without "->" the result
    has the labels that come once, in the alphabet's order. One or two operands. ValueError where
    labels and shapes do not agree.

    >>> ops.einsum("ij,ij->i", [[1, 2], [3, 4]], [[1, 1], [2, 2]])
    Tensor([ 3, 14], dtype=int64)
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"einsum: expected subscripts as a text, received {subscripts!r:.60}")
    tensors = [tensor(x) for x in operands]
    *terms, to = parsed(subscripts, tuple(x.ndim for x in tensors))
    sizes = lengths(terms, tensors)
    for i, term in enumerate(terms):
        others = to + "".join(terms[:i] + terms[i + 1 :])
        terms[i], tensors[i] = simplified(term, tensors[i], sizes, others)
    if len(terms) == 1:
        return apply(Transpose([terms[0].index(label) for label in to]), tensors[0])
    return apply(Einsum(terms[0], terms[1], to), *tensors)


@functools.lru_cache(maxsize=256)
def parsed(subscripts: str, ndims: tuple[int, ...]) -> tuple[str, ...]:
    """The labels of each operand and of the result, with letters in the place of "..."."""
    source, arrow, to = subscripts.replace(" ", "").partition("->")
    terms = source.split(",")
    if not len(terms) == len(ndims) <= 2:
        raise ValueError(
            f"einsum: expected one or two operands, as many as in {subscripts!r}, received "
            f"{len(ndims)}"
        )
    spare = [letter for letter in LETTERS if letter not in subscripts]
    dots = ""
    for i, (term, ndim) in enumerate(zip(terms, ndims, strict=True)):
        missing = ndim - len(term.replace("...", ""))
        if missing < 0 or (missing and "..." not in term):
            raise ValueError(
                f"einsum: expected {term!r} to label {ndim} axes in {subscripts!r}, as its operand "
                "has"
            )
        filling = "".join(spare[len(spare) - missing :])
        terms[i] = term.replace("...", filling, 1)
        dots = max(dots, filling, key=len)
    if arrow:
        to = to.replace("...", dots, 1)
    else:
        labels = "".join(terms)
        to = dots + "".join(sorted(s for s in {*labels} - {*dots} if labels.count(s) == 1))
    used = set("".join(terms))
    if not (used <= {*LETTERS} and {*to} <= used and len({*to}) == len(to)):
        raise ValueError(
            f"einsum: expected letters, and in the result each once and from an operand, received "
            f"{subscripts!r}"
        )
    return (*terms, to)


def lengths(terms: list[str], tensors: list[Tensor]) -> dict[str, int]:
    """The length of each label's axes; 1 broadcasts, but not to the same label's in one operand."""
    sizes: dict[str, int] = {}
    for term, x in zip(terms, tensors, strict=True):
        for label, n in zip(term, x.shape, strict=True):
            first, known = x.shape[term.index(label)], sizes.get(label, 1)
            if n != first or (n != known and n != 1 and known != 1):
                other = known if n == first else first
                raise ValueError(
                    f"einsum: expected axes of one length under a label, received {other} and {n}"
                )
            sizes[label] = n if known == 1 else known
    return sizes


def simplified(term: str, x: Tensor, sizes: dict[str, int], others: str) -> tuple[str, Tensor]:
    """An operand broadcast to the lengths, each label once, without those that nobody else has."""
    shape = tuple(sizes[label] for label in term)
    if shape != x.shape:
        x = apply(BroadcastTo(shape), x)
    while len({*term}) < len(term):
        label = next(s for s in term if term.count(s) > 1)
        first, second = term.index(label), term.rindex(label)
        rest = [i for i in range(len(term)) if i not in (first, second)]
        along = np.arange(sizes[label])
        x = apply(Getitem((along, along)), apply(Transpose([first, second, *rest]), x))
        term = label + "".join(term[i] for i in rest)
    alone = tuple(i for i, label in enumerate(term) if label not in others)
    if alone:
        x = apply(Sum(alone, False), x)
        term = "".join(label for i, label in enumerate(term) if i not in alone)
    return term, x
