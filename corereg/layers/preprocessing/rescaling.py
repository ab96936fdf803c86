"""Rescaling: a factor and an addend."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.layers.base import Layer, Shape
from corereg.registry import register


@register("layer")
class Rescaling(Layer):
    """x * scale + offset: numbers, or arrays that broadcast with the input's last axes. Input and
    output have one shape; integers become floats. TypeError for what is no number.

    >>> layers.Rescaling(1 / 255)(np.array([[0.0, 255.0]]))
    Tensor([[0., 1.]])
    """

    recordable = True
    supports_masking = True
    _takes_one_tensor = True

    def __init__(self, scale: Any, offset: Any = 0.0, **options: Any) -> None:
        super().__init__(**options)
        self.scale, self.offset = self._numbers("scale", scale), self._numbers("offset", offset)

    def _numbers(self, name: str, value: Any) -> Any:
        """A number, or nested lists of them."""
        array = np.asarray(value)
        if array.dtype.kind not in "fiu":
            raise TypeError(
                f"{self.who}: expected {name} as a number or an array, received {value!r}"
            )
        return array.tolist()

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        scale, offset = (np.asarray(one, self._dtype) for one in (self.scale, self.offset))
        return x * scale + offset

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}
