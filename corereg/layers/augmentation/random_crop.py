"""RandomCrop: windows of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.autograd.draws import count_draw
from corereg.layers.augmentation.color_layer import uniform
from corereg.layers.augmentation.cropping import CropLayer
from corereg.layers.augmentation.image_layer import ImageLayer
from corereg.registry import register


@register("layer")
class RandomCrop(CropLayer, ImageLayer):
    """In training, cuts a window of height x width out of each image, anywhere, at a place of its
    own; otherwise the window at the centre.

    seed: fixes the sequence (by default drawn from the global seed); data_format and image_shape:
    see `OfImages`; flat rows give flat rows. ValueError for sizes below 1, and for images that are
    smaller than the window.

    >>> layer = layers.RandomCrop(2, 2, seed=1)
    >>> layer(np.zeros((5, 3, 4)), training=True).shape
    (5, 2, 2)
    >>> layer(np.arange(12.0).reshape(1, 3, 4), training=False)
    Tensor([[[1., 2.],
             [5., 6.]]])
    """

    recordable = True

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        image_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, image_shape, {**options, "name": name})
        self._set_window(height, width)

    def call(self, x: Tensor, training: bool = True) -> Tensor:
        if not training:
            return self._centre_of(x)
        self._array(x)
        rows, (height, width, channels, first) = x.shape[0], self._large_image_of(x.shape)
        places = np.arange(height * width * channels)
        if first:
            window = places.reshape(channels, height, width)[:, : self.height, : self.width]
        else:
            window = places.reshape(height, width, channels)[: self.height, : self.width]
        step = 1 if first else channels  # from one pixel to the next
        top = self._offset(x, height - self.height, 0)
        left = self._offset(x, width - self.width, 1)
        index = (top * width + left) * step + window.reshape(-1)
        found = ops.take_along_axis(ops.reshape(x, (rows, places.size)), index, 1)
        count_draw(self._drawn)
        shape = (n for n in self.compute_output_shape(x.shape) if n is not None)
        return ops.reshape(found, tuple(shape))

    def _offset(self, x: Tensor, most: int, draw: int) -> Tensor:
        """A whole number of 0 .. most for each image, (rows, 1)."""
        u = uniform(self, (x.shape[0], 1), np.dtype("float64"), draw)
        return ops.astype(ops.minimum(ops.floor(u * (most + 1)), float(most)), np.int64)
