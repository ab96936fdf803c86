"""What layers share that cut windows out of images: sizes, shapes, and the window at the centre."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.autograd import Tensor
from corereg.layers.augmentation.image_form import Image, OfImages
from corereg.layers.base import Shape


class CropLayer(OfImages):
    """Base of layers that cut a window of height x width out of each image. Flat rows stay flat."""

    height: int
    width: int

    def _set_window(self, height: Any, width: Any) -> None:
        for name, size in (("height", height), ("width", width)):
            if isinstance(size, bool) or not hasattr(size, "__index__") or int(size) < 1:
                raise ValueError(
                    f"{self.who}: expected a positive integer for {name}, received {size!r}"
                )
        self.height, self.width = int(height), int(width)

    def _large_image_of(self, shape: Sequence[int | None]) -> Image:
        """What the rows hold; ValueError if that is smaller than the window."""
        image = self._image_of(shape)
        if image[0] < self.height or image[1] < self.width:
            raise ValueError(
                f"{self.who}: expected images of {self.height} x {self.width} or more, received "
                f"{image[0]} x {image[1]}"
            )
        return image

    def build(self, input_shape: Shape) -> None:
        if None not in input_shape[1:]:
            self._large_image_of(input_shape)

    def _centre_of(self, x: Tensor) -> Tensor:
        """The window at the centre of each image; also for symbolic tensors."""
        height, width, channels, first = self._large_image_of(x.shape)
        top, left = (height - self.height) // 2, (width - self.width) // 2
        down, across = slice(top, top + self.height), slice(left, left + self.width)
        flat = len(x.shape) == 2
        if flat:
            x = x.reshape(
                (-1, *((channels, height, width) if first else (height, width, channels)))
            )
        window = x[:, :, down, across] if first else x[:, down, across]
        return window.reshape((-1, self.height * self.width * channels)) if flat else window

    def _flat(self, shape: Sequence[int | None]) -> int:
        """How many numbers a window of flat rows has."""
        return self.height * self.width * self._image_of(shape)[2]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        rows, *sizes = input_shape
        if len(sizes) == 1:
            return (rows, self._flat(input_shape))
        if len(sizes) == 3 and self.data_format == "channels_first":
            return (rows, sizes[0], self.height, self.width)
        return (rows, self.height, self.width, *sizes[2:])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "height": self.height, "width": self.width}
