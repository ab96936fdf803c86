"""AutoContrast: images stretched to the whole range of values."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor, no_grad, ops
from corereg.layers.augmentation.color_layer import by_channels, from_bytes, to_bytes
from corereg.layers.augmentation.image_form import OfImages
from corereg.layers.augmentation.ranges import as_pair
from corereg.layers.base import Shape
from corereg.registry import register


@register("layer")
class AutoContrast(OfImages):
    """Stretches each channel of an image, so that its least pixel becomes the first of value_range
    and its greatest the second; in training and at inference. A channel of one value stays. No
    gradient flows through it.

    data_format and image_shape: see `OfImages`. ValueError for what is no pair of numbers.

    >>> layers.AutoContrast(value_range=(0, 1))(np.array([[[0.25, 0.5, 0.75]]]))
    Tensor([[[0. , 0.5, 1. ]]])
    """

    recordable = True
    _takes_one_tensor = True

    def __init__(
        self,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        image_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._set_form(data_format, image_shape)
        self.value_range = as_pair(self.who, "value_range", value_range)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        image = self._image_of(x.shape)
        with no_grad():
            given = to_bytes(by_channels(x, image), self.value_range)
            axis = 2 if image[3] else 1
            low = ops.min(given, axis, keepdims=True)
            high = ops.max(given, axis, keepdims=True)
            flat = ops.equal(low, high)
            scale = np.asarray(255, x.dtype) / ops.where(flat, ops.ones_like(low), high - low)
            stretched = ops.clip(given * scale - low * scale, 0.0, 255.0)
            found = from_bytes(ops.where(flat, given, stretched), self.value_range)
            return ops.reshape(found, x.shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "value_range": list(self.value_range)}
