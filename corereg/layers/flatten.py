"""Flatten: all axes but the batch's as one."""

from __future__ import annotations

from math import prod

from corereg.autograd import Tensor, ops
from corereg.layers.base import Layer, Shape
from corereg.registry import register


@register("layer")
class Flatten(Layer):
    """(batch, ...) as (batch, product of the rest)."""

    recordable = True
    _takes_one_tensor = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return x if x.ndim == 2 else ops.reshape(x, (x.shape[0], prod(x.shape[1:])))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        rest = input_shape[1:]
        known = [n for n in rest if n is not None]
        return (input_shape[0], prod(known) if len(known) == len(rest) else None)
