"""UnitNormalization: vectors of length 1."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.layers.scale_and_shift import NormalizingLayer
from corereg.registry import register

LEAST = 1e-12  # of a vector's length


@register("layer")
class UnitNormalization(NormalizingLayer):
    """Divides each vector along `axis` by its length, the root of its sum of squares; vectors
    shorter than 1e-12 are divided by that.

    axis: an integer or a list of them, TypeError otherwise; one that the input does not have raises
    ValueError. Input and output of any shape.

    >>> layers.UnitNormalization()(np.array([[3.0, 4.0]])).numpy().round(4)
    array([[0.6, 0.8]], dtype=float32)
    """

    recordable = supports_masking = _has_no_weights = True

    def __init__(self, axis: int | Sequence[int] = -1, **options: Any) -> None:
        super().__init__(**options)
        self.axis = self._check_axes(axis)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        places = tuple(self._places(self.axis, x.ndim))
        length = ops.norm(x, axis=places, keepdims=True)
        return x / ops.maximum(length, np.asarray(LEAST, x.dtype))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}
