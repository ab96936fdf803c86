"""maximum, minimum, clip, where: each element is one of its operands'."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd.op import Op
from corereg.autograd.ops.arguments import array_of, new_copy
from corereg.autograd.tensor import Tensor, apply, pair, tensor


class _Extreme(Op):
    """The gradient goes to the operand that was taken, half to each where they are equal, to both
    beside a NaN."""

    __slots__ = ()
    returns_new_arrays = True

    def shares(self, grad: Any, below: Any, equal: Any, above: Any) -> tuple[Any, ...]:
        """grad for a and for b: nothing for a where `below`, nothing for b where `above`."""
        each = np.where(equal, grad / 2, grad)
        return (
            np.where(below, 0, each) if self.needs_gradient(0) else None,
            np.where(above, 0, each) if self.needs_gradient(1) else None,
        )


class Maximum(_Extreme):
    __slots__ = ()

    def forward(self, a: Any, b: Any) -> Any:
        return np.maximum(a, b)

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        a, b = array_of(a), array_of(b)
        return self.shares(grad, a < b, a == b, a > b)


class Minimum(_Extreme):
    __slots__ = ()

    def forward(self, a: Any, b: Any) -> Any:
        return np.minimum(a, b)

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        a, b = array_of(a), array_of(b)
        return self.shares(grad, a > b, a == b, a < b)


class Clip(Op):
    """min(max(x, low), high); the derivative is 1 from low to high, both included."""

    __slots__ = ("high", "low")
    returns_new_arrays = True

    def __init__(self, low: float | None, high: float | None) -> None:
        self.low = low
        self.high = high

    def forward(self, x: Any) -> Any:
        return np.clip(x, self.low, self.high)

    def backward(self, grad: Any, out: Any, x: Any) -> tuple[Any, ...]:
        return (np.where(array_of(x) == array_of(out), grad, 0),)


class Where(Op):
    """a where the condition holds, b elsewhere."""

    __slots__ = ("condition",)
    returns_new_arrays = linear = True

    def __init__(self, condition: Any) -> None:
        self.condition = condition

    def forward(self, a: Any, b: Any) -> Any:
        return np.where(self.condition, a, b)

    def backward(self, grad: Any, out: Any, a: Any, b: Any) -> tuple[Any, ...]:
        return (
            np.where(self.condition, grad, 0) if self.needs_gradient(0) else None,
            np.where(self.condition, 0, grad) if self.needs_gradient(1) else None,
        )


def maximum(a: Any, b: Any) -> Tensor:
    """The larger one of a and b, elementwise; NaN where one of them is NaN. Equal ones get half the
    gradient each. Shapes broadcast.

    >>> ops.maximum(Tensor([1.0, 5.0]), 2.0)
    Tensor([2., 5.])
    """
    return pair(Maximum(), a, b)


def minimum(a: Any, b: Any) -> Tensor:
    """The smaller one of a and b, as `maximum`.

    >>> ops.minimum(Tensor([1.0, 5.0]), 2.0)
    Tensor([1., 2.])
    """
    return pair(Minimum(), a, b)


def clip(x: Any, low: Any, high: Any) -> Tensor:
    """x limited to [low, high], numbers or None for no limit; the derivative at both ends is 1.
    ValueError unless low <= high.

    Tensors and arrays as limits broadcast with x, and get the gradient where they are taken; where
    low > high the result is high.

    >>> x = Tensor([-2.0, 0.0, 3.0], requires_grad=True)
    >>> ops.clip(x, 0, 1).sum().backward()
    >>> x.grad
    Tensor([0., 1., 0.])
    """
    if not all(isinstance(limit, int | float | None) for limit in (low, high)):
        return clip_by_tensors(tensor(x), low, high)
    if low is not None and high is not None and not low <= high:
        raise ValueError(f"clip: expected low <= high, received {low} and {high}")
    return apply(Clip(low, high), tensor(x))


def clip_by_tensors(x: Tensor, low: Any, high: Any) -> Tensor:
    """clip with limits of which one at least is no Python number."""
    for limit, beyond in ((low, np.less), (high, np.greater)):
        if limit is not None:
            limit = tensor(limit, x)
            values = array_of(limit)
            x = where(np.logical_or(beyond(array_of(x), values), np.isnan(values)), limit, x)
    return x


def where(condition: Any, a: Any, b: Any) -> Tensor:
    """a where condition is true (not 0), b elsewhere; all three broadcast. A Python number takes
    the dtype of the other operand.

    >>> ops.where([True, False, True], Tensor([1.0, 2.0, 3.0]), 0.0)
    Tensor([1., 0., 3.])
    """
    return pair(Where(new_copy(condition, bool)), a, b)
