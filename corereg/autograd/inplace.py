"""Changes of a tensor's values where they are. They count in `Tensor._version`, so that `backward`
can tell."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from corereg import _kernels
from corereg.autograd.mode import state


class InPlace(_kernels.TensorCore):
    """The part of Tensor that changes it; each method returns the tensor.

    No graph knows of such a change, so it is a RuntimeError if gradients are on and the tensor or
    the other values require grad. Those broadcast to the tensor's shape (else ValueError), and
    the result is cast to its dtype (TypeError from floats to integers).

    `t += x` and the like change a leaf that requires grad, as `add_` does: `w -= rate * w.grad`
    inside no_grad(). Of any other tensor they make a new one, t + x, with its gradient.
    """

    __slots__ = ()

    def copy_(self, value: Any) -> Self:
        """Takes the values of another tensor, array or number, which broadcast.

        >>> Tensor([1.0, 2.0]).copy_([7.0, 8.0])
        Tensor([7., 8.])
        """
        return self._change("copy_", np.positive, value)

    def fill_(self, value: float) -> Self:
        """Makes all elements this number.

        >>> Tensor([1.0, 2.0]).fill_(3.0)
        Tensor([3., 3.])
        """
        return self._change("fill_", np.positive, value)

    def zero_(self) -> Self:
        """Makes all elements 0.

        >>> Tensor([1.0, 2.0]).zero_()
        Tensor([0., 0.])
        """
        return self._change("zero_", np.positive, 0)

    def add_(self, other: Any, *, alpha: float = 1) -> Self:
        """Adds alpha * other. A weight, which requires grad, is changed inside no_grad().

        >>> w = Tensor([1.0, 2.0], requires_grad=True)
        >>> with corereg.no_grad():
        ...     w.add_([10.0, 20.0], alpha=-0.5)
        Tensor([-4., -8.], requires_grad=True)
        """
        other = other if alpha == 1 else self._scaled("add_", other, alpha)
        return self._change("add_", np.add, self, other)

    def sub_(self, other: Any, *, alpha: float = 1) -> Self:
        """Subtracts alpha * other.

        >>> Tensor([1.0, 2.0]).sub_(0.5)
        Tensor([0.5, 1.5])
        """
        other = other if alpha == 1 else self._scaled("sub_", other, alpha)
        return self._change("sub_", np.subtract, self, other)

    def mul_(self, other: Any) -> Self:
        """Multiplies by other.

        >>> Tensor([1.0, 2.0]).mul_([3.0, 4.0])
        Tensor([3., 8.])
        """
        return self._change("mul_", np.multiply, self, other)

    def div_(self, other: Any) -> Self:
        """Divides by other.

        >>> Tensor([1.0, 2.0]).div_(4)
        Tensor([0.25, 0.5 ])
        """
        return self._change("div_", np.divide, self, other)

    def __iadd__(self, other: Any) -> Any:
        return self.add_(other) if self._is_weight() else NotImplemented

    def __isub__(self, other: Any) -> Any:
        return self.sub_(other) if self._is_weight() else NotImplemented

    def __imul__(self, other: Any) -> Any:
        return self.mul_(other) if self._is_weight() else NotImplemented

    def __itruediv__(self, other: Any) -> Any:
        return self.div_(other) if self._is_weight() else NotImplemented

    def _is_weight(self) -> bool:
        return self.requires_grad and self.node is None

    def __setitem__(self, index: Any, value: Any) -> None:
        self._refuse("t[index] = value", value)
        parts = index if isinstance(index, tuple) else (index,)
        parts = tuple(map(_kernels.array_in_op, parts))
        target = _kernels.array_in_op(self)
        target[parts if isinstance(index, tuple) else parts[0]] = _kernels.array_in_op(value)
        self.changed()

    def _scaled(self, name: str, other: Any, alpha: float) -> Any:
        """alpha * other, of what `add_` takes."""
        self._refuse(f"Tensor.{name}", other)
        return np.multiply(_kernels.array_in_op(other), alpha)

    def _change(self, name: str, function: np.ufunc, *operands: Any) -> Self:
        self._refuse(f"Tensor.{name}", operands[-1])
        arrays = [_kernels.array_in_op(x) for x in operands]
        target = _kernels.array_in_op(self)
        try:
            function(*arrays, out=(target,), casting="same_kind")
        except (TypeError, ValueError) as error:
            value = np.asarray(_kernels.plain_array(arrays[-1]))
            raise (TypeError if isinstance(error, TypeError) else ValueError)(
                f"Tensor.{name}: expected values that broadcast to shape {self.shape} and dtype "
                f"{self.dtype} without loss, received shape {value.shape} and dtype {value.dtype}"
            ) from error
        self.changed()
        return self

    def _refuse(self, who: str, value: Any) -> None:
        grad = self.requires_grad or (
            isinstance(value, _kernels.TensorCore) and value.requires_grad
        )
        if grad and state.enabled:
            raise RuntimeError(
                f"{who}: a change in place has no gradient; make a new tensor (t + x, "
                "ops.set_at(t, index, value)), or do it inside no_grad()"
            )
