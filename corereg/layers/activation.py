"""Activation: an activation function as a layer."""

from __future__ import annotations

from typing import Any

from corereg import _kernels, activations
from corereg.autograd import Tensor
from corereg.layers.base import Layer
from corereg.registry import register


@register("layer")
class Activation(Layer):
    """An activation function as a layer: a name, or a function of Tensors.

    Any input shape; the output has the same. ValueError for names that are not known, TypeError for
    what is no function.

    >>> layers.Activation("relu")(np.array([-1.0, 0.0, 2.0]))
    Tensor([0., 0., 2.])
    """

    recordable = True
    supports_masking = True
    _takes_one_tensor = True
    _has_no_weights = True

    def __init__(self, activation: Any, **options: Any) -> None:
        super().__init__(**options)
        self.activation = activation

    @property
    def activation(self) -> Any:
        """The function; may be set at any time, by name too."""
        return self._activation

    @activation.setter
    def activation(self, value: Any) -> None:
        self._activation = activations.get(value)
        self._built_in = activations.is_built_in(self._activation)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        if not self._built_in:
            _kernels.track_part(self._activation)
        return self._activation(x)

    def get_config(self) -> dict[str, Any]:
        activation = activations.serialize(self.activation, self.who)
        return {**super().get_config(), "activation": activation}
