"""Products of vectors and matrices as methods of Tensor, in PyTorch's words."""

from __future__ import annotations

from typing import Any

from corereg.autograd import ops
from corereg.autograd.methods.elementwise import add
from corereg.autograd.ops.arguments import as_floats
from corereg.autograd.tensor import Tensor, tensor


def matmul(self: Tensor, other: Any) -> Tensor:
    """self @ other: see `corereg.autograd.ops.matmul`.

    >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).matmul(Tensor([1.0, 10.0]))
    Tensor([21., 43.])
    """
    return ops.matmul(self, other)


def outer(self: Tensor, other: Any) -> Tensor:
    """self[i] * other[j]: vectors (m,) and (n,) -> (m, n). See `corereg.autograd.ops.outer`.

    >>> Tensor([1, 2]).outer(Tensor([1, 10]))
    Tensor([[ 1, 10],
            [ 2, 20]], dtype=int64)
    """
    return ops.outer(self, other)


def of_axes(who: str, a: Tensor, b: Any, first: int, second: int) -> Tensor:
    """a @ b, for operands of so many axes."""
    b = as_floats(b, f"Tensor.{who}") if not isinstance(b, Tensor) else b
    if (a.ndim, b.ndim) != (first, second):
        raise ValueError(
            f"Tensor.{who}: expected tensors of {first} and {second} axes, received shapes "
            f"{a.shape} and {b.shape}; matmul (@) takes all of them"
        )
    return ops.matmul(a, b)


def mm(self: Tensor, mat2: Any) -> Tensor:
    """The product of two matrices: (m, k) by (k, n) -> (m, n). ValueError for other numbers of
    axes.

    >>> Tensor([[1.0, 2.0]]).mm(Tensor([[3.0], [4.0]]))
    Tensor([[11.]])
    """
    return of_axes("mm", self, mat2, 2, 2)


def bmm(self: Tensor, mat2: Any) -> Tensor:
    """The products of stacks of matrices: (b, m, k) by (b, k, n) -> (b, m, n). ValueError for other
    numbers of axes.

    >>> Tensor(np.ones((5, 2, 3))).bmm(Tensor(np.ones((5, 3, 4)))).shape
    (5, 2, 4)
    """
    return of_axes("bmm", self, mat2, 3, 3)


def mv(self: Tensor, vec: Any) -> Tensor:
    """The product of a matrix (m, k) and a vector (k,): (m,). ValueError for other numbers of axes.

    >>> Tensor([[1.0, 2.0], [3.0, 4.0]]).mv(Tensor([1.0, 10.0]))
    Tensor([21., 43.])
    """
    return of_axes("mv", self, vec, 2, 1)


def dot(self: Tensor, other: Any) -> Tensor:
    """The sum of the products of two vectors' elements. Matrices too are multiplied, as NumPy's
    method does.

    >>> Tensor([1.0, 2.0]).dot(Tensor([3.0, 4.0]))
    Tensor(11.)
    """
    other = tensor(other, self)
    if not self.ndim or not other.ndim:
        return ops.multiply(self, other)
    return of_axes("dot", self, other, min(self.ndim, 2), min(other.ndim, 2))


def addmm(self: Tensor, mat1: Any, mat2: Any, *, beta: float = 1, alpha: float = 1) -> Tensor:
    """beta * self + alpha * mat1 @ mat2, for matrices mat1 (m, k) and mat2 (k, n).

    >>> Tensor([10.0]).addmm(Tensor([[1.0, 2.0]]), Tensor([[3.0], [4.0]]))
    Tensor([[21.]])
    """
    product = of_axes("addmm", tensor(mat1), mat2, 2, 2)
    return add(self if beta == 1 else ops.multiply(self, beta), product, alpha=alpha)
