"""Ops and their registry. How they run and how gradients go back is in src/graph.pxi."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from corereg import _kernels

if TYPE_CHECKING:
    from corereg.autograd.tensor import Tensor

Array = np.ndarray[Any, Any]

registry: dict[str, type[Op]] = {}
"""Every op by its class's name; the test suite walks it."""


class Op(_kernels.Node):
    """One operation: subclass it, write `forward` and `backward`, and `apply(TheOp(), *tensors)`.
    An instance is one node of the graph: make a new one for every call.

    forward(*arrays) -> array
        The value, from the inputs' arrays. It may keep on `self` what backward will want.
    backward(grad, out, *arrays) -> tuple
        The gradient of each input (None where there is none), from the gradient of the output,
        the output and the inputs. The engine sums gradients of inputs that were broadcast back to
        the input's shape, and casts them to its dtype. `self.wants(i)` says whether gradient i is
        needed at all. The arrays given must not be written to.
    derivative(grad, out, *tensors) -> tuple
        The same with Tensors, for derivatives of higher order. By default it is `backward`: what
        is written with operators, methods and functions of NumPy runs on Tensors too. Write it
        where backward runs kernels or writes into arrays. What is kept on `self` is constant to it.

    `fresh = True` promises that backward returns newly made arrays, each of which nobody else
    holds: the engine then adds to them in place and gives them to leaves without a copy.
    `linear = True` says that backward looks at the shapes and dtypes of inputs and output, not at
    their values: they may be changed in place before it runs.
    `recordable = True` says that forward and backward compute by kernels alone, on the arrays that
    they are given, so that a recording of them can be replayed.
    A class whose name begins with an underscore is a base of ops, not an op.
    """

    __slots__ = ()
    fresh: ClassVar[bool] = False
    linear: ClassVar[bool] = False
    recordable: ClassVar[bool] = False

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if not cls.__name__.startswith("_"):
            registry[cls.__name__] = cls

    def forward(self, *arrays: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__}: forward is not written")

    def backward(self, grad: Any, out: Any, *arrays: Any) -> tuple[Any, ...]:
        raise NotImplementedError(f"{type(self).__name__}: backward is not written")

    def derivative(self, grad: Any, out: Any, *tensors: Any) -> tuple[Any, ...]:
        return self.backward(grad, out, *tensors)


def fitted(op: Op, grad: Any, like: Array) -> Array:
    """A gradient as a new array of like's dtype and shape: summed over axes that were broadcast."""
    _kernels.fail_recording("a gradient is cast or summed in Python")
    total = np.array(_summed(op, np.asarray(grad), like.shape), like.dtype)
    return total.reshape(like.shape)


def fitted_tensor(op: Op | None, grad: Any, like: Array) -> Tensor:
    """The same as a Tensor, which stays in its graph."""
    grad = _kernels.tensor(grad)
    if grad.shape != like.shape:
        grad = _summed(op, grad, like.shape).reshape(like.shape)
    return grad if grad.dtype == like.dtype else grad.astype(like.dtype)  # type: ignore[no-any-return]


def _summed(op: Op | None, grad: Any, shape: tuple[int, ...]) -> Any:
    extra = grad.ndim - len(shape)
    axes = tuple(
        i for i in range(grad.ndim) if i < extra or (shape[i - extra] == 1 != grad.shape[i])
    )
    total = grad.sum(axis=axes, keepdims=True) if axes else grad
    if total.shape[max(extra, 0) :] != shape:
        raise RuntimeError(
            f"{type(op).__name__}.backward: expected a gradient of shape {shape} as the input's, "
            f"or of one that it broadcasts to, received {grad.shape}"
        )
    return total
