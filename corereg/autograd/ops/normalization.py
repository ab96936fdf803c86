"""Batch normalization, normalization of rows, and alpha dropout, as single ops over kernels.

The layers of `corereg.layers` use them. x is float32 or float64, of any shape.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import as_floats
from corereg.autograd.tensor import Tensor, apply

ALPHA = -1.7581  # what alpha dropout puts in the place of the elements dropped, before its scale


class _Norm(Op):
    """What the normalizations share. Inputs: x, then gamma if `scale`, then beta if `center`."""

    __slots__ = ("center", "epsilon", "inv", "mean", "scale")
    mean: Any
    inv: Any

    def __init__(self, epsilon: float, scale: bool, center: bool) -> None:
        self.epsilon, self.scale, self.center = epsilon, scale, center

    def named(self, weights: tuple[Any, ...]) -> tuple[Any, Any]:
        """gamma and beta, or None, of the inputs behind x."""
        return weights[0] if self.scale else None, weights[-1] if self.center else None

    def gradient_arrays(self, weights: tuple[Any, ...]) -> list[Any]:
        """Where the gradients of gamma and beta may be written: in their own buffers if they are
        free and no other input is the same tensor; None: in a new array."""
        assert self.inputs is not None
        found: list[Any] = []
        for i, leaf in enumerate(self.inputs):
            alone = sum(leaf is one for one in self.inputs) == 1
            free = alone and i and leaf.buffer is not None and leaf._grad is None
            found.append(leaf.buffer if free and self.needs_gradient(i) else None)
        return [found[1] if self.scale else None, found[-1] if self.center else None]

    def by_kernel(self, grad: Any, x: Any, weights: Any, given: bool) -> tuple[Any, Any, Any]:
        """The gradients of x, gamma and beta in batch normalization."""
        dgamma, dbeta = self.gradient_arrays(weights)
        return _kernels.batch_norm_backward(
            grad,
            x,
            self.mean,
            self.inv,
            self.named(weights)[0],
            given,
            dgamma=dgamma,
            dbeta=dbeta,
            input_gradient=self.needs_gradient(0),
        )

    def of_inputs(self, dx: Any, dgamma: Any, dbeta: Any) -> tuple[Any, ...]:
        """The gradients in the order of the inputs."""
        return (dx, *((dgamma,) if self.scale else ()), *((dbeta,) if self.center else ()))


class BatchNorm(_Norm):
    """(x - mean) * (gamma/sqrt(variance + epsilon)) + beta, by the mean and the variance of x over
    all axes but the last. moving: the moving averages of mean and variance, which go one batch
    further by this op (arrays or None, both)."""

    __slots__ = ("momentum", "moving")
    returns_new_arrays = recordable = True

    def __init__(
        self, epsilon: float, scale: bool, center: bool, momentum: float, moving: Any
    ) -> None:
        super().__init__(epsilon, scale, center)
        self.momentum, self.moving = momentum, moving

    def forward(self, x: Any, *weights: Any) -> Any:
        gamma, beta = self.named(weights)
        mean, variance = self.moving
        y, self.mean, self.inv = _kernels.batch_norm_forward(
            x, gamma, beta, mean, variance, self.momentum, self.epsilon
        )
        return y

    def backward(self, grad: Any, out: Any, x: Any, *weights: Any) -> tuple[Any, ...]:
        return self.of_inputs(*self.by_kernel(grad, x, weights, given=False))

    def derivative(self, grad: Any, out: Any, x: Any, *weights: Any) -> tuple[Any, ...]:
        axes = tuple(range(x.ndim - 1))
        rows = max(int(np.prod(x.shape[:-1])), 1)
        centered = x - x.sum(axis=axes) / rows
        inv = ((centered * centered).sum(axis=axes) / rows + self.epsilon) ** -0.5
        xhat = centered * inv
        gamma = self.named(weights)[0]
        dgamma, dbeta = (grad * xhat).sum(axis=axes), grad.sum(axis=axes)
        dx = (grad - dbeta / rows - xhat * (dgamma / rows)) * inv
        return self.of_inputs(dx if gamma is None else dx * gamma, dgamma, dbeta)


class BatchNormGiven(_Norm):
    """The same by a mean and a variance that are given, arrays of one number for each column, which
    get no gradient. keep: whether there may be a backward pass."""

    __slots__ = ("keep", "variance")
    returns_new_arrays = recordable = True

    def __init__(
        self, epsilon: float, scale: bool, center: bool, mean: Any, variance: Any, keep: bool
    ) -> None:
        super().__init__(epsilon, scale, center)
        self.mean, self.variance, self.keep = mean, variance, keep

    def forward(self, x: Any, *weights: Any) -> Any:
        mean, self.inv = self.mean, None
        if self.keep:  # for the way back: the moving averages may move before
            self.mean, self.inv = np.empty_like(mean), np.empty_like(mean)
            _kernels.copy_into(self.mean, mean)
        gamma, beta = self.named(weights)
        return _kernels.batch_norm_inference(
            x, mean, self.variance, gamma, beta, self.epsilon, None, self.inv
        )

    def backward(self, grad: Any, out: Any, x: Any, *weights: Any) -> tuple[Any, ...]:
        return self.of_inputs(*self.by_kernel(grad, x, weights, given=True))

    def derivative(self, grad: Any, out: Any, x: Any, *weights: Any) -> tuple[Any, ...]:
        axes = tuple(range(x.ndim - 1))
        gamma = self.named(weights)[0]
        dx = grad * self.inv
        dgamma = (dx * (x - self.mean)).sum(axis=axes)
        return self.of_inputs(dx if gamma is None else dx * gamma, dgamma, grad.sum(axis=axes))


class RowNorm(_Norm):
    """(x - mean)/sqrt(variance + epsilon) * gamma + beta, by the mean and the variance along the
    last axis; without `centered`, x/sqrt(mean of x**2 + epsilon) * gamma + beta."""

    __slots__ = ("centered",)
    returns_new_arrays = recordable = True

    def __init__(self, epsilon: float, scale: bool, center: bool, centered: bool) -> None:
        super().__init__(epsilon, scale, center)
        self.centered = centered

    def forward(self, x: Any, *weights: Any) -> Any:
        gamma, beta = self.named(weights)
        y, self.mean, self.inv = _kernels.row_norm_forward(
            x, gamma, beta, self.epsilon, self.centered
        )
        return y

    def backward(self, grad: Any, out: Any, x: Any, *weights: Any) -> tuple[Any, ...]:
        gamma, dx = self.named(weights)[0], None
        if self.needs_gradient(0):
            dx = _kernels.row_norm_backward(grad, x, self.inv, self.mean, gamma)
        if not weights:
            return (dx,)
        dgamma, dbeta = self.gradient_arrays(weights)
        found = _kernels.row_norm_backward_weights(grad, x, self.inv, self.mean, dgamma, dbeta)
        return self.of_inputs(dx, *found)

    def derivative(self, grad: Any, out: Any, x: Any, *weights: Any) -> tuple[Any, ...]:
        n = max(x.shape[-1], 1)
        centered = x - x.sum(axis=-1, keepdims=True) / n if self.centered else x
        square = (centered * centered).sum(axis=-1, keepdims=True) / n
        xhat = centered * (square + self.epsilon) ** -0.5
        gamma = self.named(weights)[0]
        g = grad if gamma is None else grad * gamma
        dx = g - xhat * ((g * xhat).sum(axis=-1, keepdims=True) / n)
        if self.centered:
            dx = dx - g.sum(axis=-1, keepdims=True) / n
        axes = tuple(range(x.ndim - 1))
        dgamma, dbeta = (grad * xhat).sum(axis=axes), grad.sum(axis=axes)
        return self.of_inputs(dx * (square + self.epsilon) ** -0.5, dgamma, dbeta)


class AlphaDropout(Op):
    """a*x + b where kept, a*ALPHA + b elsewhere, with a and b such that mean 0 and variance 1 stay
    (Klambauer, Unterthiner, Mayr, Hochreiter 2017). The mask is that of Dropout."""

    __slots__ = ("bits", "rate", "scale", "seed", "step")
    returns_new_arrays = recordable = True

    def __init__(self, rate: float, seed: int, step: Any) -> None:
        self.rate, self.seed, self.step = rate, seed, step
        self.scale = alpha_scale(rate)

    def forward(self, x: Any) -> Any:
        self.bits = np.empty((x.size + 7) // 8, np.uint8)
        shift = -self.scale * ALPHA * self.rate
        return _kernels.alpha_dropout_forward(
            x,
            self.rate,
            self.scale,
            shift,
            self.scale * ALPHA + shift,
            self.seed,
            self.step,
            bits=self.bits,
        )

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (_kernels.dropout_backward(grad, self.rate, self.bits, scale=self.scale),)

    def derivative(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (grad * self.backward(np.ones(out.shape, out.dtype), out, x)[0],)


def alpha_scale(rate: float) -> float:
    """What alpha dropout multiplies by: ((1-r)(1 + r*ALPHA**2))**(-1/2), for rates below 1."""
    return float(((1 - rate) * (1 + rate * ALPHA**2)) ** -0.5)


def _weights(gamma: Any, beta: Any) -> tuple[bool, bool, list[Any]]:
    """Whether there is a scale and a shift, and which there are."""
    return gamma is not None, beta is not None, [one for one in (gamma, beta) if one is not None]


def batch_norm(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    epsilon: float = 1e-3,
    momentum: float = 0.99,
    moving: tuple[Any, Any] = (None, None),
) -> Tensor:
    """x normalized by the mean and the variance over all axes but the last; gamma and beta, one
    number for each place along it, or None. moving: arrays of the moving averages, which go on."""
    scale, center, weights = _weights(gamma, beta)
    op = BatchNorm(epsilon, scale, center, momentum, moving)
    return apply(op, as_floats(x, "batch_norm"), *weights)


def batch_norm_given(
    x: Any,
    mean: Any,
    variance: Any,
    gamma: Any = None,
    beta: Any = None,
    epsilon: float = 1e-3,
    keep: bool = True,
) -> Tensor:
    """The same by a mean and a variance that are given as arrays, and get no gradient. keep: False
    promises that there is no backward pass."""
    scale, center, weights = _weights(gamma, beta)
    op = BatchNormGiven(epsilon, scale, center, mean, variance, keep)
    return apply(op, as_floats(x, "batch_norm_given"), *weights)


def row_norm(
    x: Any, gamma: Any = None, beta: Any = None, epsilon: float = 1e-3, centered: bool = True
) -> Tensor:
    """x normalized along its last axis by mean and variance, or, without `centered`, by the root of
    the mean square; gamma and beta, one number for each place along it, or None."""
    scale, center, weights = _weights(gamma, beta)
    op = RowNorm(epsilon, scale, center, centered)
    return apply(op, as_floats(x, "row_norm"), *weights)


def alpha_dropout(x: Any, rate: float, seed: int, step: int | Any = 0) -> Tensor:
    """Alpha dropout by a reproducible mask; rate in [0, 1), the rest as for `dropout`."""
    counter = step if isinstance(step, np.ndarray) else np.array(step, np.int64)
    return apply(AlphaDropout(rate, seed, counter), as_floats(x, "alpha_dropout"))
