"""check_grads: gradients against central differences, for ops and functions of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from corereg.autograd.functional import grad
from corereg.autograd.mode import enable_grad, no_grad
from corereg.autograd.tensor import Tensor


def check_grads(
    function: Callable[..., Tensor],
    *inputs: Any,
    order: int = 1,
    tolerance: float = 1e-6,
    step: float = 1e-5,
    directions: int = 3,
    seed: int = 0,
) -> None:
    """Raises AssertionError unless backward agrees with numerical derivatives, to any order.

    function takes tensors and returns a tensor; inputs are arrays, taken as float64. For each
    input the derivative along random directions, of the outputs summed with random weights, is
    compared with (f(x + h v) - f(x - h v)) / 2h, h = step, to `tolerance` relative to its size or
    to 1, whichever is larger. order 2 checks in the same way that the gradient, along a random
    direction and made with create_graph=True, has the right gradient; and so on. An input without
    a gradient counts as one of zeros. Choose inputs away from kinks (relu at 0) and keep them of
    order 1. TypeError if function gives no Tensor, ValueError if order < 1.

    >>> corereg.autograd.check_grads(lambda x, y: x.exp() * y, [0.5, 1.0], 2.0, order=2)
    """
    if not inputs:
        raise ValueError("check_grads: expected at least one input to differentiate by")
    if order < 1:
        raise ValueError(f"check_grads: expected order >= 1, received {order}")
    rng = np.random.default_rng(seed)
    arrays = [np.array(x, np.float64) for x in inputs]
    leaves = [Tensor(x.copy(), requires_grad=True) for x in arrays]
    out = function(*leaves)
    if not isinstance(out, Tensor):
        raise TypeError(f"check_grads: expected a Tensor, received {type(out).__name__}")
    weights = rng.standard_normal(out.shape)
    if out.requires_grad:
        out.backward(weights)
    ways: dict[str, Sequence[Any]] = {"backward": [leaf.grad for leaf in leaves]}
    if order > 1:
        ways["create_graph=True"] = _slopes(function, leaves, weights)

    def value(point: list[Any]) -> float:
        with no_grad():
            return float((function(*[Tensor(x) for x in point]).data * weights).sum())

    for i, x in enumerate(arrays):
        for _ in range(directions):
            v = rng.standard_normal(x.shape)
            ahead = value([*arrays[:i], x + step * v, *arrays[i + 1 :]])
            behind = value([*arrays[:i], x - step * v, *arrays[i + 1 :]])
            numerical = (ahead - behind) / (2 * step)
            for way, slopes in ways.items():
                slope = slopes[i]
                analytical = 0.0 if slope is None else float((slope.data * v).sum())
                if not abs(numerical - analytical) <= tolerance * max(1.0, abs(numerical)):
                    raise AssertionError(
                        f"check_grads: input {i}: {way} gives {analytical:.12g} along a random "
                        f"direction, central differences give {numerical:.12g}"
                    )
    if order > 1:
        along = [rng.standard_normal(x.shape) for x in arrays]
        try:
            check_grads(
                _slope(function, weights, along),
                *arrays,
                order=order - 1,
                tolerance=tolerance,
                step=step,
                directions=directions,
                seed=seed + 1,
            )
        except AssertionError as error:
            raise AssertionError(f"{error}, in the derivative of the gradient") from error


@enable_grad()
def _slopes(function: Callable[..., Tensor], leaves: list[Tensor], weights: Any) -> Sequence[Any]:
    """The gradients of the outputs summed with weights, as functions that have gradients."""
    out = function(*leaves)
    if not out.requires_grad:
        return [None] * len(leaves)
    return grad(out, leaves, [weights], create_graph=True, allow_unused=True)


def _slope(function: Callable[..., Tensor], weights: Any, along: list[Any]) -> Any:
    """The derivative along a direction, of the outputs summed with weights, as a function."""

    def slope(*point: Tensor) -> Tensor:
        leaves = [t if t.requires_grad else Tensor(t, requires_grad=True) for t in point]
        total = Tensor(np.zeros(()))
        for g, v in zip(_slopes(function, leaves, weights), along, strict=True):
            total = total if g is None else total + (g * v).sum()
        return total

    return slope
