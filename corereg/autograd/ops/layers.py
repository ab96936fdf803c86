"""The dense layer and dropout as single ops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.mode import state
from corereg.autograd.op import Op
from corereg.autograd.ops.activations import (
    CODES,
    LINEAR,
    RELU,
    SLOPED,
    SOFTMAX,
    SOFTPLUS,
    Activation,
    slope,
)
from corereg.autograd.tensor import Tensor, apply, tensor


class Dense(Op):
    """act(x w + b): x (batch, inputs), w (inputs, units), b (units,) if given. Its three products
    have the precision that holds when it is made."""

    __slots__ = ("code", "kept", "parts")
    returns_new_arrays = recordable = True

    def __init__(self, code: int = LINEAR) -> None:
        self.code = code
        self.kept: Any = None
        self.parts = _kernels.matmul_parts()

    def forward(self, x: Any, w: Any, b: Any = None) -> Any:
        if self.code not in SLOPED or not state.enabled:
            return _kernels.dense_forward(x, w, b, self.code, parts=self.parts)
        self.kept = np.empty((len(x), w.shape[-1]), x.dtype)
        return _kernels.dense_forward(x, w, b, self.code, slope=self.kept, parts=self.parts)

    def backward(self, grad: Any, out: Any, x: Any, w: Any, b: Any = None) -> tuple[Any, ...]:
        if self.code != LINEAR:
            known = out if self.kept is None else self.kept
            grad = _kernels.activation_backward(grad, known, self.code)
        dx = None
        if self.needs_gradient(0):
            dx = _kernels.dense_backward_input(grad, w, parts=self.parts)
        dw = self.gradient_array(1, w) if self.needs_gradient(1) else None
        db = self.gradient_array(2, b) if b is not None and self.needs_gradient(2) else None
        if dw is not None or db is not None:
            _kernels.dense_backward_weights(x, grad, dw, db, self.parts)
        return (dx, dw) if b is None else (dx, dw, db)

    def derivative(self, grad: Any, out: Any, x: Any, w: Any, b: Any = None) -> tuple[Any, ...]:
        if self.code == SOFTPLUS or self.code in SLOPED:
            z = x @ w if b is None else x @ w + b
            grad = slope(grad, out, z, self.code)
        else:
            grad = slope(grad, out, None, self.code)
        dx = grad @ w.T if self.needs_gradient(0) else None
        dw = x.T @ grad if self.needs_gradient(1) else None
        return (dx, dw) if b is None else (dx, dw, grad.sum(axis=0))

    def gradient_array(self, i: int, like: Any) -> Any:
        """Where the gradient of input i may be written: a parameter's own buffer if it is free
        and the parameter is not x too."""
        assert self.inputs is not None
        leaf = self.inputs[i]
        if leaf.buffer is not None and leaf._grad is None and leaf is not self.inputs[0]:
            return leaf.buffer
        return np.empty(like.shape, like.dtype)


class Dropout(Op):
    """x with a share `rate` of its elements zeroed, the rest scaled by 1/(1-rate).

    The mask comes from the counter (element, stream, step) under the key `seed` (see kernels.h).
    Behind a relu the output itself tells what was kept, and no mask is stored.
    """

    __slots__ = ("bits", "rate", "seed", "step")
    returns_new_arrays = recordable = True

    def __init__(self, rate: float, seed: int, step: Any, behind_relu: bool, size: int) -> None:
        self.rate = rate
        self.seed = seed
        self.step = step
        self.bits = None if behind_relu else np.empty((size + 7) // 8, np.uint8)

    def forward(self, x: Any) -> Any:
        return _kernels.dropout_forward(x, self.rate, self.seed, self.step, 0, self.bits)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (_kernels.dropout_backward(grad, self.rate, self.bits, out),)

    def derivative(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        ones = np.ones(out.shape, out.dtype)
        return (grad * _kernels.dropout_backward(ones, self.rate, self.bits, out.data),)


def dense(x: Any, w: Any, b: Any = None, activation: str = "linear") -> Tensor:
    """act(x w + b) as one op: x (batch, inputs), w (inputs, units), b (units,) or None.

    >>> ops.dense([[1.0, 2.0]], [[1.0, -1.0], [1.0, -1.0]], [0.5, 0.5], "relu")
    Tensor([[3.5, 0. ]])
    """
    if activation not in CODES:
        raise ValueError(
            f"dense: expected an activation of {sorted(CODES)}, received {activation!r}"
        )
    code = CODES[activation]
    x, w = tensor(x), tensor(w)
    inputs = (x, w) if b is None else (x, w, tensor(b))
    if code == SOFTMAX:  # its own op, see Dense in corereg.layers
        return apply(Activation(code), apply(Dense(), *inputs))
    return apply(Dense(code), *inputs)


def is_relu(x: Tensor) -> bool:
    """Whether x is what a relu gave, so that x > 0 says where its gradient flows."""
    return isinstance(x.node, Dense | Activation) and x.node.code == RELU


def filled_shape(
    who: str, noise_shape: Sequence[int | None] | None, shape: tuple[int, ...]
) -> tuple[int, ...]:
    """The shape of a mask for an input of this shape: noise_shape with the input's lengths in place
    of None; the input's own where it is None. ValueError if it does not fit."""
    if noise_shape is None:
        return shape
    if len(noise_shape) != len(shape) or any(
        m not in (None, 1, n) for m, n in zip(noise_shape, shape, strict=True)
    ):
        raise ValueError(
            f"{who}: expected an input whose shape fits noise_shape {tuple(noise_shape)}, received "
            f"{shape}"
        )
    return tuple(n if m is None else m for m, n in zip(noise_shape, shape, strict=True))


def dropout(x: Any, rate: float, seed: int, step: int | Any = 0) -> Tensor:
    """Dropout (Srivastava et al. 2014) by a reproducible mask: a share of the elements becomes 0,
    the others are multiplied by 1 / (1 - rate). rate in [0, 1]: the share dropped; seed: 64-bit
    key; step: which mask of the seed's sequence, an integer or an int64 array that holds it.

    >>> dropped = ops.dropout(np.ones(10_000), 0.25, seed=7)
    >>> np.unique(dropped).round(4), bool(abs(dropped.mean() - 1) < 0.05)
    (array([0.    , 1.3333]), True)
    """
    x = tensor(x)
    counter = step if isinstance(step, np.ndarray) else np.array(step, np.int64)
    return apply(Dropout(rate, seed, counter, is_relu(x), x.size), x)
