"""Input, Activation, Flatten."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from corereg import activations
from corereg.autograd import Tensor, ops
from corereg.layers.base import Layer, Shape


class InputLayer(Layer):
    """Says the shape of a model's input, without the batch; passes it on unchanged."""

    recordable = True

    def __init__(self, shape: Sequence[int | None], **options: Any) -> None:
        super().__init__(input_shape=shape, **options)
        self.shape = self.input_shape_arg

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return x

    def get_config(self) -> dict[str, Any]:
        assert self.shape is not None
        return {**super().get_config(), "shape": list(self.shape)}


def Input(shape: Sequence[int | None], **options: Any) -> InputLayer:
    """The input of a Sequential: ``Sequential([Input((10,)), Dense(1)])``."""
    return InputLayer(shape, **options)


class Activation(Layer):
    """An activation function as a layer: a name, or a function of Tensors."""

    recordable = True

    def __init__(self, activation: Any, **options: Any) -> None:
        super().__init__(**options)
        self.activation = activations.get(activation)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return self.activation(x)

    def get_config(self) -> dict[str, Any]:
        name = activations.name_of(self.activation)
        if name is None:
            raise TypeError(
                f"{self.who}: cannot save a custom activation function; save the weights alone "
                "with save_weights()"
            )
        return {**super().get_config(), "activation": name}


class Flatten(Layer):
    """(batch, ...) as (batch, product of the rest)."""

    recordable = True

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return x if x.ndim == 2 else ops.reshape(x, (x.shape[0], prod(x.shape[1:])))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        rest = input_shape[1:]
        known = [n for n in rest if n is not None]
        return (input_shape[0], prod(known) if len(known) == len(rest) else None)
