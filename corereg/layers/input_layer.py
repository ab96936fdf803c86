"""InputLayer and Input: where the shape of a model's input is said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.autograd import Tensor
from corereg.layers.base import Layer, Shape
from corereg.registry import register


@register("layer")
class InputLayer(Layer):
    """Says the shape of a model's input, without the batch; passes it on unchanged."""

    recordable = True
    _takes_one_tensor = True

    def __init__(self, shape: Sequence[int | None], **options: Any) -> None:
        super().__init__(input_shape=shape, **options)
        self.shape = self.input_shape_arg

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return x

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        assert self.shape is not None
        return {**super().get_config(), "shape": list(self.shape)}


def Input(shape: Sequence[int | None], **options: Any) -> InputLayer:
    """The input of a Sequential: ``Sequential([Input((10,)), Dense(1)])``."""
    return InputLayer(shape, **options)
