"""The gradient of an input that was broadcast: the sum over the axes that broadcasting made, in the
input's shape and dtype. src/backward.pxi calls this where an op's gradient is not of that shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels

if TYPE_CHECKING:
    from corereg.autograd.aliases import Array


def unbroadcast(op: _kernels.Node, grad: Any, like: Array) -> Array:
    """A gradient that op gave, as a new array of the shape and dtype of `like`, the input."""
    grad = _kernels.array_in_op(np.asarray(grad))
    total = _summed(op, grad, like.shape).astype(like.dtype)  # a copy in any case
    plain: Array = _kernels.plain_array(total.reshape(like.shape))
    return plain


def unbroadcast_tensor(op: _kernels.Node | None, grad: Any, like: Array) -> Any:
    """The same as a Tensor, which stays in its graph."""
    grad = _kernels.tensor(grad)
    if grad.shape != like.shape:
        grad = _summed(op, grad, like.shape).reshape(like.shape)
    return grad if grad.dtype == like.dtype else grad.astype(like.dtype)


def _summed(op: _kernels.Node | None, grad: Any, shape: tuple[int, ...]) -> Any:
    """grad summed over axes, which stay with length 1; RuntimeError if shape does not broadcast to
    that of grad."""
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
