"""Flatten: all axes but the batch's as one."""

from __future__ import annotations

from math import prod
from typing import Any

from corereg.autograd import Tensor, ops
from corereg.layers.as_given import KeepsIntegers
from corereg.layers.base import Shape
from corereg.layers.data_format import as_data_format
from corereg.registry import register


@register("layer")
class Flatten(KeepsIntegers):
    """(batch, ...) as (batch, product of the rest); (batch,) as (batch, 1).

    data_format: "channels_last", the default, leaves the elements of a row in their order;
    "channels_first" takes inputs (batch, channels, ...) and puts the channels last before.

    >>> layers.Flatten()(np.ones((5, 2, 3))).shape
    (5, 6)
    """

    recordable = True

    def __init__(self, data_format: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.data_format = as_data_format(self.who, data_format)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if x.ndim == 2:
            return x
        if x.ndim > 2 and self.data_format == "channels_first":
            x = ops.transpose(x, (0, *range(2, x.ndim), 1))
        return ops.reshape(x, (x.shape[0], prod(x.shape[1:])))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        rest = input_shape[1:]
        known = [n for n in rest if n is not None]
        return (input_shape[0], prod(known) if len(known) == len(rest) else None)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}
