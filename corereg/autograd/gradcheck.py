"""check_grads: gradients against central differences, for ops and functions of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from corereg.autograd.mode import no_grad
from corereg.autograd.tensor import Tensor


def check_grads(
    function: Callable[..., Tensor],
    *inputs: Any,
    tolerance: float = 1e-6,
    step: float = 1e-5,
    directions: int = 3,
    seed: int = 0,
) -> None:
    """Raises AssertionError unless backward agrees with numerical derivatives.

    function takes tensors and returns a tensor; inputs are arrays, taken as float64. For each
    input the derivative along random directions, of the outputs summed with random weights, is
    compared with (f(x + h v) - f(x - h v)) / 2h, h = step, to `tolerance` relative to its size or
    to 1, whichever is larger. An input without a gradient counts as one of zeros. Choose inputs
    away from kinks (relu at 0) and keep them of order 1. TypeError if function gives no Tensor.
    """
    if not inputs:
        raise ValueError("check_grads: expected at least one input to differentiate by")
    rng = np.random.default_rng(seed)
    arrays = [np.array(x, np.float64) for x in inputs]
    leaves = [Tensor(x.copy(), requires_grad=True) for x in arrays]
    out = function(*leaves)
    if not isinstance(out, Tensor):
        raise TypeError(f"check_grads: expected a Tensor, received {type(out).__name__}")
    weights = rng.standard_normal(out.shape)
    if out.requires_grad:
        out.backward(weights)

    def value(point: list[Any]) -> float:
        with no_grad():
            return float((function(*[Tensor(x) for x in point]).data * weights).sum())

    for i, (leaf, x) in enumerate(zip(leaves, arrays, strict=True)):
        grad = np.zeros_like(x) if leaf.grad is None else leaf.grad.data
        for _ in range(directions):
            v = rng.standard_normal(x.shape)
            ahead = value([*arrays[:i], x + step * v, *arrays[i + 1 :]])
            behind = value([*arrays[:i], x - step * v, *arrays[i + 1 :]])
            numerical, analytical = (ahead - behind) / (2 * step), float((grad * v).sum())
            if not abs(numerical - analytical) <= tolerance * max(1.0, abs(numerical)):
                raise AssertionError(
                    f"check_grads: input {i}: backward gives {analytical:.12g} along a random "
                    f"direction, central differences give {numerical:.12g}"
                )
