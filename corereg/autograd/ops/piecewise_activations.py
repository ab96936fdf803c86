"""The activations that have corners, in NumPy, elementwise; and sparsemax.

Each takes x of any shape, float32 or float64, and gives the same; TypeError otherwise.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import array_of, as_floats, normalize_axis
from corereg.autograd.tensor import Tensor, apply


class LeakyRelu(Op):
    """x above 0, slope * x elsewhere; the derivative at 0 is the slope, or at_zero."""

    __slots__ = ("at_zero", "slope")
    returns_new_arrays = True

    def __init__(self, slope: float, at_zero: float | None = None) -> None:
        self.slope = slope
        self.at_zero = slope if at_zero is None else at_zero

    def forward(self, x: Any) -> Any:
        return np.maximum(x, 0) + self.slope * np.minimum(x, 0)  # 5 times as fast as np.where

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        a = array_of(x)
        above = a > 0 if self.at_zero == self.slope else a >= 0
        return (np.where(above, grad, self.slope * grad),)


class BoundedRelu(Op):
    """x where it is above the threshold, at most max_value, and slope * (x - threshold) elsewhere.

    The derivative at the threshold is 0; at max_value it is `at_most`.
    """

    __slots__ = ("at_most", "max_value", "slope", "threshold")
    returns_new_arrays = True

    def __init__(
        self, slope: float, max_value: float | None, threshold: float, at_most: float
    ) -> None:
        self.slope = slope
        self.max_value = max_value
        self.threshold = threshold
        self.at_most = at_most

    def forward(self, x: Any) -> Any:
        kept = x if self.max_value is None else np.clip(x, 0, self.max_value)
        below = np.array(0, x.dtype) if not self.slope else self.slope * (x - self.threshold)
        if self.threshold:  # NaN is not above it, as in Keras
            return np.where(x > self.threshold, kept, below)
        return np.where(x <= 0, below, kept)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        a = array_of(x)
        inside = grad
        if self.max_value is not None:
            within = np.where((a > 0) & (a < self.max_value), grad, 0)
            ends = (a == 0) | (a == self.max_value)
            inside = np.where(ends, self.at_most * grad, within)
        below = np.where(a < self.threshold, self.slope * grad, 0)
        return (np.where(a > self.threshold, inside, below),)


class HardSigmoid(Op):
    """x/6 + 1/2 within [0, 1]; the derivative at both ends is 0."""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.clip(x / 6 + 0.5, 0, 1)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (np.where(np.abs(array_of(x)) < 3, grad / 6, 0),)


class HardTanh(Op):
    """x within [-1, 1]; the derivative at both ends is 0."""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.clip(x, -1, 1)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (np.where(np.abs(array_of(x)) >= 1, 0, grad),)


class Shrink(Op):
    """x where |x| > limit, else 0; if soft, nearer to 0 by limit. The derivative at both ends is
    0."""

    __slots__ = ("limit", "soft")
    returns_new_arrays = True

    def __init__(self, limit: float, soft: bool) -> None:
        self.limit = limit
        self.soft = soft

    def forward(self, x: Any) -> Any:
        far = x - self.limit * np.sign(x) if self.soft else x
        return np.where(np.abs(x) > self.limit, far, 0)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (np.where(np.abs(array_of(x)) > self.limit, grad, 0),)


class Threshold(Op):
    """x above a threshold, a default value elsewhere, where the derivative is 0."""

    __slots__ = ("default", "limit")
    returns_new_arrays = True

    def __init__(self, limit: float, default: float) -> None:
        self.limit = limit
        self.default = default

    def forward(self, x: Any) -> Any:
        return np.where(x > self.limit, x, np.array(self.default, x.dtype))

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (np.where(array_of(x) > self.limit, grad, 0),)


class SparsePlus(Op):
    """0 up to -1, ((x + 1)/2)**2 up to 1, x from there."""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        middle = (np.clip(x, -1, 1) + 1) / 2
        return np.where(x >= 1, x, middle * middle)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        a = array_of(x)
        middle = grad * ((np.where(np.abs(a) < 1, x, 0) + 1) / 2)
        return (np.where(a >= 1, grad, np.where(a <= -1, 0, middle)),)


class SparseSigmoid(Op):
    """(x + 1)/2 within [0, 1]; the derivative at both ends is 1/4."""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, x: Any) -> Any:
        return np.clip(x / 2 + 0.5, 0, 1)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        size = np.abs(array_of(x))
        return (np.where(size < 1, grad / 2, np.where(size == 1, grad / 4, 0)),)


class Sparsemax(Op):
    """max(x - tau, 0) with a sum of 1 along an axis.

    tau lies between max x - 1 and max x. Halving that interval finds it up to rounding, without
    sorting, and the mean of what is above it then gives it exactly.
    """

    __slots__ = ("axis",)
    returns_new_arrays = True

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        axis = self.axis
        x = x - x.max(axis=axis, keepdims=True)
        low = x.max(axis=axis, keepdims=True) - 1
        step = low * 0 + 0.5
        for _ in range(24 if x.dtype == np.float32 else 53):
            middle = low + step
            total = np.maximum(x - middle, 0).sum(axis=axis, keepdims=True)
            low = np.where(total >= 1, middle, low)
            step = step * 0.5
        for _ in range(2):
            above = x > low
            count = above.sum(axis=axis, keepdims=True).astype(x.dtype)
            low = (np.where(above, x, 0).sum(axis=axis, keepdims=True) - 1) / count
        return np.maximum(x - low, 0)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        kept = array_of(out) > 0
        count = kept.sum(axis=self.axis, keepdims=True).astype(grad.dtype)
        mean = np.where(kept, grad, 0).sum(axis=self.axis, keepdims=True) / count
        return (np.where(kept, grad - mean, 0),)


def leaky_relu(x: Any, negative_slope: float = 0.01) -> Tensor:
    """x above 0, negative_slope * x elsewhere; the derivative at 0 is negative_slope.

    >>> ops.leaky_relu([-2.0, 3.0])
    Tensor([-0.02,  3.  ])
    """
    return apply(LeakyRelu(negative_slope), as_floats(x, "leaky_relu"))


def bounded_relu(
    x: Any,
    negative_slope: float = 0.0,
    max_value: float | None = None,
    threshold: float = 0.0,
) -> Tensor:
    """x where it is above threshold, limited to [0, max_value], and negative_slope *
    (x - threshold) elsewhere: Keras's relu with all arguments. The derivative at the threshold is
    0; at max_value it is 1/2, or 0 for relu6.

    >>> ops.bounded_relu([-1.0, 0.5, 3.0], max_value=1.0)
    Tensor([0. , 0.5, 1. ])
    """
    at_most = 0.0 if max_value == 6 and threshold == 0 else 0.5
    op = BoundedRelu(negative_slope, max_value, threshold, at_most)
    return apply(op, as_floats(x, "relu"))


def relu6(x: Any) -> Tensor:
    """x limited to [0, 6]; the derivative at both ends is 0.

    >>> ops.relu6([-1.0, 3.0, 9.0])
    Tensor([0., 3., 6.])
    """
    return apply(BoundedRelu(0.0, 6.0, 0.0, 0.0), as_floats(x, "relu6"))


def hard_sigmoid(x: Any) -> Tensor:
    """x/6 + 1/2 limited to [0, 1], as PyTorch's hardsigmoid and Keras 3's; the derivative at -3
    and 3 is 0.

    >>> ops.hard_sigmoid([-4.0, 0.0, 4.0])
    Tensor([0. , 0.5, 1. ])
    """
    return apply(HardSigmoid(), as_floats(x, "hard_sigmoid"))


def hard_silu(x: Any) -> Tensor:
    """x hard_sigmoid(x), also called hard_swish (Howard et al. 2019).

    >>> ops.hard_silu([-1.5, 1.5, 4.0])
    Tensor([-0.375,  1.125,  4.   ])
    """
    x = as_floats(x, "hard_silu")
    y: Tensor = x * hard_sigmoid(x)
    return y


def hard_tanh(x: Any) -> Tensor:
    """x limited to [-1, 1]; the derivative at both ends is 0, as in PyTorch. (That of
    `clip` is 1.)

    >>> x = Tensor([-1.0, 0.5, 3.0], requires_grad=True)
    >>> ops.hard_tanh(x).sum().backward()
    >>> x.grad
    Tensor([0., 1., 0.])
    """
    return apply(HardTanh(), as_floats(x, "hard_tanh"))


def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x where |x| > threshold, else 0.

    >>> ops.hard_shrink([-1.5, 0.25, 2.0])
    Tensor([-1.5,  0. ,  2. ])
    """
    return apply(Shrink(threshold, False), as_floats(x, "hard_shrink"))


def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """x - threshold above threshold, x + threshold below -threshold, 0 between.

    >>> ops.soft_shrink([-1.5, 0.25, 2.0])
    Tensor([-1. ,  0. ,  1.5])
    """
    return apply(Shrink(threshold, True), as_floats(x, "soft_shrink"))


def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """x above threshold, default_value elsewhere.

    >>> ops.threshold([-1.0, 0.5, 2.0], 1.0, default_value=-9.0)
    Tensor([-9., -9.,  2.])
    """
    return apply(Threshold(threshold, default_value), as_floats(x, "threshold"))


def sparse_plus(x: Any) -> Tensor:
    """0 up to -1, ((x + 1)/2)**2 between, x from 1: a softplus that is 0 exactly.

    >>> ops.sparse_plus([-2.0, 0.0, 3.0])
    Tensor([0.  , 0.25, 3.  ])
    """
    return apply(SparsePlus(), as_floats(x, "sparse_plus"))


def sparse_sigmoid(x: Any) -> Tensor:
    """(x + 1)/2 limited to [0, 1], the derivative of sparse_plus; its own at both ends is 1/4.

    >>> ops.sparse_sigmoid([-2.0, 0.0, 3.0])
    Tensor([0. , 0.5, 1. ])
    """
    return apply(SparseSigmoid(), as_floats(x, "sparse_sigmoid"))


def sparsemax(x: Any, axis: int = -1) -> Tensor:
    """max(x - tau, 0) along axis, tau such that the sum is 1: probabilities of which many are 0
    exactly (Martins, Astudillo 2016). ValueError if x has no such axis.

    >>> ops.sparsemax([1.0, 1.5, -1.0])
    Tensor([0.25, 0.75, 0.  ])
    """
    x = as_floats(x, "sparsemax")
    return apply(Sparsemax(normalize_axis(axis, x.ndim, "sparsemax")), x)
