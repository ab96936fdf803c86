"""custom_gradient: functions that say their gradient themselves."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from corereg.autograd import Op, Tensor, apply, no_grad, ops
from corereg.graph import SymbolicTensor
from corereg.ops.operands import as_tensor


class _OwnGradient(Op):
    """f(*inputs), whose gradient f tells."""

    recordable = True
    __slots__ = ("f", "grad", "many", "shapes")

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f

    def forward(self, *arrays: Any) -> Any:
        with no_grad():
            made = self.f(*(Tensor(a) for a in arrays))
            if not isinstance(made, tuple) or len(made) != 2 or not callable(made[1]):
                raise TypeError(
                    f"custom_gradient: expected {_name(self.f)} to return its output and a "
                    f"function of gradients, received {type(made).__name__}"
                )
            found, self.grad = made
            self.many = isinstance(found, list | tuple)
            outputs = [as_tensor(one) for one in found] if self.many else [as_tensor(found)]
            self.shapes = [one.shape for one in outputs]
            if not self.many:
                return outputs[0].data
            return ops.concatenate([ops.reshape(one, -1) for one in outputs]).data

    def backward(self, grad: Any, out: Any, *arrays: Any) -> tuple[Any, ...]:
        as_tensors = isinstance(grad, Tensor)
        whole = grad if as_tensors else Tensor(grad)
        found = self.grad(*(self.parts(whole) if self.many else [whole]))
        gradients = list(found) if isinstance(found, list | tuple) else [found]
        if len(gradients) != len(arrays):
            raise ValueError(
                f"custom_gradient: expected the gradients of the {len(arrays)} inputs of "
                f"{_name(self.f)}, received {len(gradients)}"
            )
        given = [None if g is None else as_tensor(g) for g in gradients]
        return tuple(g if as_tensors or g is None else g.data for g in given)

    def parts(self, whole: Tensor) -> list[Tensor]:
        """The outputs, or their gradients, out of one vector."""
        found, begin = [], 0
        for shape in self.shapes:
            size = 1
            for length in shape:
                size *= length
            found.append(ops.reshape(ops.getitem(whole, slice(begin, begin + size)), shape))
            begin += size
        return found


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """A decorator: f(*tensors) returns its output (or a tuple of outputs, of one dtype) and a
    function that makes of the gradients of these those of the inputs, one, or a tuple of them. What
    f computes is not differentiated, and what that function holds of it is a constant to
    derivatives of higher order. It is recorded as far as the ops of f are.

    TypeError if f returns something else, and for symbolic tensors, on which a Layer may call it;
    ValueError for another number of gradients.

    >>> @ops.custom_gradient
    ... def log1pexp(x):
    ...     e = ops.exp(x)
    ...     return ops.log(1 + e), lambda upstream: upstream * (1 - 1 / (1 + e))
    >>> x = corereg.Tensor(100.0, requires_grad=True)
    >>> log1pexp(x).backward()
    >>> x.grad
    Tensor(1.)
    """

    @functools.wraps(f)
    def wrapped(*args: Any) -> Any:
        if any(isinstance(one, SymbolicTensor) for one in args):
            raise TypeError(
                f"custom_gradient: expected tensors for {_name(f)}, received a symbolic one; call "
                "it in the call of a Layer"
            )
        op = _OwnGradient(f)
        made = apply(op, *(as_tensor(one) for one in args))
        return tuple(op.parts(made)) if op.many else made

    return wrapped


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", type(f).__name__)
