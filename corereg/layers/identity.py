"""Identity: the input as it is."""

from __future__ import annotations

from typing import Any

from corereg.layers.as_given import KeepsIntegers
from corereg.registry import register


@register("layer")
class Identity(KeepsIntegers):
    """Passes its input on: a tensor of any shape, or a nest of them. Integers stay integers.

    >>> layers.Identity()(np.ones((1, 2)))
    Tensor([[1., 1.]])
    """

    recordable = True
    _has_no_weights = True
    supports_masking = True
    _takes_one_tensor = False

    def call(self, x: Any, training: bool = False) -> Any:
        return x

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def _output_specs(self, x: Any) -> Any:
        return super()._output_specs(x) if hasattr(x, "dtype") else None
