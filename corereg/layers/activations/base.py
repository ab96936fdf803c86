"""What the activation layers share: the output has the input's shape, and arguments are numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.layers.base import Layer, Shape


class ActivationLayer(Layer):
    """Base of layers that give an output of their input's shape."""

    supports_masking = True
    _takes_one_tensor = True
    _has_no_weights = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def _number(self, name: str, value: Any, least: float | None = 0) -> float:
        """An argument as a float; ValueError for what is no finite number, or below `least`."""
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not number or not np.isfinite(value) or (least is not None and value < least):
            least_text = "" if least is None else f" of {least} or more"
            raise ValueError(
                f"{self.who}: expected {name} as a number{least_text}, received {value!r}"
            )
        return float(value)
