"""Ops as changes in place: `t.clamp_(0, 1)` gives t the values of `t.clamp(0, 1)`. See
`corereg.autograd.inplace.InPlace` for when that is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import ops
from corereg.autograd.methods import elementwise, places, shapes
from corereg.autograd.mode import no_grad
from corereg.autograd.ops.arguments import new_copy
from corereg.autograd.tensor import Tensor
from corereg.random import generator

# A function of a tensor, and an example of it in place: the tensor, arguments, and the result.
CHANGES: tuple[tuple[Callable[..., Tensor], str, str, str], ...] = (
    (ops.abs, "[-1.5, 2.0]", "", "[1.5, 2. ]"),
    (ops.sqrt, "[4.0, 9.0]", "", "[2., 3.]"),
    (ops.rsqrt, "[4.0, 16.0]", "", "[0.5 , 0.25]"),
    (ops.square, "[-3.0, 0.5]", "", "[9.  , 0.25]"),
    (ops.reciprocal, "[2.0, -4.0]", "", "[ 0.5 , -0.25]"),
    (ops.exp, "[0.0, -np.inf]", "", "[1., 0.]"),
    (ops.expm1, "[0.0, -np.inf]", "", "[ 0., -1.]"),
    (ops.log, "[1.0, np.inf]", "", "[ 0., inf]"),
    (ops.log1p, "[0.0, np.inf]", "", "[ 0., inf]"),
    (ops.sin, "[0.0]", "", "[0.]"),
    (ops.cos, "[0.0]", "", "[1.]"),
    (ops.tanh, "[0.0, np.inf]", "", "[0., 1.]"),
    (ops.erf, "[0.0, np.inf]", "", "[0., 1.]"),
    (ops.sigmoid, "[0.0, np.inf]", "", "[0.5, 1. ]"),
    (ops.relu, "[-1.5, 2.0]", "", "[0., 2.]"),
    (ops.sign, "[-1.5, 2.0]", "", "[-1.,  1.]"),
    (ops.floor, "[-1.5, 1.5]", "", "[-2.,  1.]"),
    (ops.ceil, "[-1.5, 1.5]", "", "[-1.,  2.]"),
    (ops.trunc, "[-1.5, 1.5]", "", "[-1.,  1.]"),
    (ops.round, "[0.5, 1.5, 2.6]", "", "[0., 2., 3.]"),
    (elementwise.neg, "[1.0, -2.0]", "", "[-1.,  2.]"),
    (elementwise.pow, "[1.0, 3.0]", "2", "[1., 9.]"),
    (elementwise.clamp, "[-2.0, 0.5, 3.0]", "0, 1", "[0. , 0.5, 1. ]"),
    (elementwise.clamp_min, "[-2.0, 0.5]", "0", "[0. , 0.5]"),
    (elementwise.clamp_max, "[0.5, 3.0]", "1", "[0.5, 1. ]"),
    (elementwise.lerp, "[0.0, 10.0]", "[4.0, 20.0], 0.25", "[ 1. , 12.5]"),
    (elementwise.addcmul, "[1.0]", "Tensor([2.0]), [3.0], value=0.5", "[4.]"),
    (elementwise.addcdiv, "[1.0]", "Tensor([6.0]), [3.0], value=0.5", "[2.]"),
    (elementwise.remainder, "[-7.0, 7.0]", "3", "[2., 1.]"),
    (elementwise.fmod, "[-7.0, 7.0]", "3", "[-1.,  1.]"),
    (elementwise.floor_divide, "[-7.0, 7.0]", "2", "[-4.,  3.]"),
    (elementwise.masked_fill, "[1.0, 2.0]", "[True, False], 9", "[9., 2.]"),
    (places.scatter, "[1.0, 2.0]", "0, [1], 5.0", "[1., 5.]"),
    (places.scatter_add, "[1.0, 2.0]", "0, [1, 1], 5.0", "[ 1., 12.]"),
    (places.index_add, "[1.0, 2.0]", "0, [1], [5.0]", "[1., 7.]"),
    (places.index_fill, "[1.0, 2.0]", "0, [1], 9", "[1., 9.]"),
    (shapes.triu, "[[1, 2], [3, 4]]", "", "[[1, 2],\n        [0, 4]], dtype=int64"),
    (shapes.tril, "[[1, 2], [3, 4]]", "", "[[1, 0],\n        [3, 4]], dtype=int64"),
)
"""The functions of a tensor, each of which is a method with an underscore behind its name."""


def in_place(
    function: Callable[..., Tensor], tensor: str, arguments: str, result: str
) -> Callable[..., Tensor]:
    """The method that gives the tensor the function's values, and its example: see CHANGES."""
    name = f"{function.__name__}_"

    def change(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        for value in (self, *args, *kwargs.values()):
            self._refuse(f"Tensor.{name}", value)
        with no_grad():
            made = function(self.detach(), *args, **kwargs)
        return self._change(name, np.positive, made)

    change.__wrapped__ = function  # type: ignore[attr-defined]  # has the same arguments
    change.__name__ = change.__qualname__ = name
    change.__doc__ = (
        f"Gives the tensor the values of `{function.__name__}`; returns it.\n\n"
        f">>> Tensor({tensor}).{name}({arguments})\nTensor({result})"
    )
    return change


def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0) -> Tensor:
    """Fills the tensor with numbers uniform in [from_, to), from corereg's global seed; returns it.

    >>> corereg.manual_seed(0)
    >>> x = corereg.zeros(1000).uniform_(-1, 1)
    >>> bool((x >= -1).all()), bool(x.mean().abs() < 0.1)
    (True, True)
    """
    _kernels.fail_recording("random numbers are drawn in Python")
    return self.copy_(new_copy(from_ + (to - from_) * generator().random(self.shape), self.dtype))


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Fills the tensor with normal numbers, from corereg's global seed; returns it.

    >>> corereg.manual_seed(0)
    >>> x = corereg.zeros(1000).normal_(mean=5.0)
    >>> bool((x.mean() - 5).abs() < 0.2), bool((x.std() - 1).abs() < 0.2)
    (True, True)
    """
    _kernels.fail_recording("random numbers are drawn in Python")
    drawn = mean + std * generator().standard_normal(self.shape)
    return self.copy_(new_copy(drawn, self.dtype))


METHODS: dict[str, Callable[..., Tensor]] = {
    **{f"{row[0].__name__}_": in_place(*row) for row in CHANGES},
    "uniform_": uniform_,
    "normal_": normal_,
}
