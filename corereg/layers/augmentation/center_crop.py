"""CenterCrop: the middle of images."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor
from corereg.layers.augmentation.cropping import CropLayer
from corereg.registry import register


@register("layer")
class CenterCrop(CropLayer):
    """Cuts the window of height x width at the centre out of each image, in training and at
    inference. Where a margin is odd, the smaller half of it is above or to the left.

    data_format and image_shape: see `OfImages`; flat rows give flat rows. ValueError for sizes
    below 1, and for images that are smaller than the window.

    >>> layers.CenterCrop(1, 2)(np.arange(12.0).reshape(1, 3, 4))
    Tensor([[[5., 6.]]])
    """

    recordable = True
    _takes_one_tensor = True

    def __init__(
        self,
        height: int,
        width: int,
        data_format: str | None = None,
        image_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self._set_form(data_format, image_shape)
        self._set_window(height, width)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return self._centre_of(x)
