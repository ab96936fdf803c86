"""Activation: an activation function as a layer."""

from __future__ import annotations

from typing import Any

from corereg import _kernels, activations
from corereg.autograd import Tensor
from corereg.layers.base import Layer, Shape
from corereg.registry import register


@register("layer")
class Activation(Layer):
    """An activation function as a layer: a name, or a function of Tensors."""

    recordable = True
    _takes_one_tensor = True

    def __init__(self, activation: Any, **options: Any) -> None:
        super().__init__(**options)
        self.activation = activations.get(activation)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if activations.name_of(self.activation) is None:
            _kernels.track_part(self.activation)
        return self.activation(x)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        activation = activations.serialize(self.activation, self.who)
        return {**super().get_config(), "activation": activation}
