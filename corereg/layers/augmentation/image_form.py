"""OfImages: what layers share that take images in their several forms."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from corereg.layers.augmentation.image_dict import TakesImageDict
from corereg.layers.base import Shape
from corereg.layers.data_format import as_data_format, as_image_shape

Image = tuple[int, int, int, bool]
"""Height, width, channels, and whether channels are first."""


class OfImages(TakesImageDict):
    """Base of layers that take images: (batch, height, width), (batch, height, width, channels),
    with data_format "channels_first" (batch, channels, height, width), or flat rows (batch, n), for
    which image_shape says what they hold: (height, width), or the three numbers in the order of
    data_format.
    """

    data_format: str
    image_shape: tuple[int, ...] | None

    def _set_form(self, data_format: str | None, image_shape: Any) -> None:
        self.data_format = as_data_format(self.who, data_format)
        self.image_shape = as_image_shape(self.who, image_shape)

    def build(self, input_shape: Shape) -> None:
        if None not in input_shape[1:]:
            self._image_of(input_shape)

    def _image_of(self, shape: Sequence[int | None]) -> Image:
        """What the rows of an input of this shape hold; ValueError if these are no images."""
        sizes = tuple(n for n in shape[1:] if n is not None)
        if len(sizes) == 1 and self.image_shape is not None:
            if math.prod(self.image_shape) != sizes[0]:
                raise ValueError(
                    f"{self.who}: expected rows of {math.prod(self.image_shape)} numbers for "
                    f"image_shape {self.image_shape}, received {sizes[0]}"
                )
            sizes = self.image_shape
        elif len(sizes) == 1:
            raise ValueError(
                f"{self.who}: expected images, received flat rows of {sizes[0]} numbers; say what "
                "they hold by image_shape=(height, width)"
            )
        elif len(sizes) not in (2, 3):
            raise ValueError(
                f"{self.who}: expected (batch, height, width), three axes of images or flat rows "
                f"behind the batch, received shape {tuple(shape)}"
            )
        elif self.image_shape is not None and self.image_shape != sizes:
            raise ValueError(
                f"{self.who}: expected images of image_shape {self.image_shape}, received {sizes}"
            )
        if len(sizes) == 2:
            return sizes[0], sizes[1], 1, False
        if self.data_format == "channels_first":
            return sizes[1], sizes[2], sizes[0], True
        return sizes[0], sizes[1], sizes[2], False

    def get_config(self) -> dict[str, Any]:
        shape = None if self.image_shape is None else list(self.image_shape)
        return {**super().get_config(), "data_format": self.data_format, "image_shape": shape}
