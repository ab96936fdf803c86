"""Ops as changes in place: `t.clamp_(0, 1)` gives t the values of `t.clamp(0, 1)`. See
`corereg.autograd.inplace.InPlace` for when that is refused."""

from __future__ import annotations

import inspect
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

CHANGES: dict[str, Callable[..., Tensor]] = {
    **{f.__name__: f for f in (ops.abs, ops.sqrt, ops.rsqrt, ops.square, ops.reciprocal, ops.exp)},
    **{f.__name__: f for f in (ops.expm1, ops.log, ops.log1p, ops.sin, ops.cos, ops.tanh, ops.erf)},
    **{f.__name__: f for f in (ops.sigmoid, ops.relu, ops.sign, ops.floor, ops.ceil, ops.trunc)},
    **{f.__name__: f for f in (ops.round, elementwise.neg, elementwise.pow, elementwise.clamp)},
    **{f.__name__: f for f in (elementwise.clamp_min, elementwise.clamp_max, elementwise.lerp)},
    **{f.__name__: f for f in (elementwise.addcmul, elementwise.addcdiv, elementwise.remainder)},
    **{
        f.__name__: f for f in (elementwise.fmod, elementwise.floor_divide, elementwise.masked_fill)
    },
    **{f.__name__: f for f in (places.scatter, places.scatter_add, places.index_add)},
    **{f.__name__: f for f in (places.index_fill, shapes.triu, shapes.tril)},
}
"""The functions of a tensor, each of which is a method with an underscore behind its name."""


def in_place(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The method that gives the tensor the function's values."""
    name = f"{function.__name__}_"

    def change(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        for value in (self, *args, *kwargs.values()):
            self._refuse(f"Tensor.{name}", value)
        with no_grad():
            made = function(self.detach(), *args, **kwargs)
        return self._change(name, np.positive, made)

    told = inspect.signature(function)
    first = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    change.__signature__ = told.replace(  # type: ignore[attr-defined]
        parameters=[first, *[*told.parameters.values()][1:]]
    )
    change.__name__ = change.__qualname__ = name
    change.__doc__ = f"Gives the tensor the values of `{function.__name__}`; returns it."
    return change


def uniform_(self: Tensor, from_: float = 0.0, to: float = 1.0) -> Tensor:
    """Fills the tensor with numbers uniform in [from_, to), from corereg's global seed."""
    _kernels.fail_recording("random numbers are drawn in Python")
    return self.copy_(new_copy(from_ + (to - from_) * generator().random(self.shape), self.dtype))


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Fills the tensor with normal numbers, from corereg's global seed."""
    _kernels.fail_recording("random numbers are drawn in Python")
    drawn = mean + std * generator().standard_normal(self.shape)
    return self.copy_(new_copy(drawn, self.dtype))


METHODS: dict[str, Callable[..., Tensor]] = {
    **{f"{name}_": in_place(function) for name, function in CHANGES.items()},
    "uniform_": uniform_,
    "normal_": normal_,
}
