"""ColorLayer: what layers share that change the numbers of pixels, not their places."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor, ops
from corereg.autograd.draws import count_draw
from corereg.layers.augmentation.image_form import Image
from corereg.layers.augmentation.image_layer import ImageLayer
from corereg.layers.augmentation.ranges import Range, as_pair

_STREAMS = 2  # of random numbers that one draw takes


class ColorLayer(ImageLayer):
    """Base of layers that change images pixel by pixel in training. A subclass writes `_change`.

    value_range: the least and the greatest number that pixels have, of layers that ask for them.
    """

    value_range: Range

    def _set_value_range(self, value_range: Any) -> None:
        self.value_range = as_pair(self.who, "value_range", value_range)
        if self.value_range[0] == self.value_range[1]:
            raise ValueError(
                f"{self.who}: expected value_range as two different numbers, received "
                f"{value_range!r}"
            )

    def call(self, x: Tensor, training: bool = True) -> Tensor:
        if not training:
            return x
        self._array(x)
        changed = self._change(by_channels(x, image := self._image_of(x.shape)), image)
        count_draw(self._drawn)
        return ops.reshape(changed, x.shape)

    def _change(self, x: Tensor, image: Image) -> Tensor:
        """Other pixels for those of `by_channels`."""
        raise NotImplementedError(f"{self.who}: _change is not written")

    def _numbers(self, x: Tensor, low: float, high: float, draw: int = 0) -> Tensor:
        """A number of low .. high for each image, (rows, 1, 1)."""
        return uniform(self, (x.shape[0], 1, 1), x.dtype, draw) * (high - low) + low

    def _chosen(self, x: Tensor, probability: Range, draw: int = 0) -> Tensor:
        """Which images are changed, (rows, 1, 1), by a probability of its own for each."""
        u = self._numbers(x, 0.0, 1 - 2.0**-20, draw)  # below 1, so that 1 means all
        return ops.less(u, self._numbers(x, *probability, draw + 1))

    def get_config(self) -> dict[str, Any]:
        known = getattr(self, "value_range", None)
        own = {} if known is None else {"value_range": list(known)}
        return {**super().get_config(), **own}


def uniform(layer: ImageLayer, shape: tuple[int, ...], dtype: Any, draw: int = 0) -> Tensor:
    """Numbers that are uniform in 0 .. 1, as those of Beta(1, 1) are: one of several draws of a
    layer's call."""
    numbers = np.empty(shape, dtype)
    _kernels.symmetric_beta(numbers, 1.0, 1.0, layer._key, layer._drawn, _STREAMS * draw)
    return Tensor(numbers)


def by_channels(x: Tensor, image: Image) -> Tensor:
    """Images as (rows, pixels, channels), or (rows, channels, pixels) if channels are first."""
    height, width, channels, first = image
    pixels = height * width
    return ops.reshape(x, (x.shape[0], *((channels, pixels) if first else (pixels, channels))))


def to_bytes(x: Tensor, value_range: Range) -> Tensor:
    """Numbers of a range as those of 0 .. 255."""
    low, high = value_range
    return x if (low, high) == (0, 255) else (x - low) / (high - low) * 255


def from_bytes(x: Tensor, value_range: Range) -> Tensor:
    """Numbers of 0 .. 255 as those of a range."""
    low, high = value_range
    return x if (low, high) == (0, 255) else x / 255 * (high - low) + low


def gray_of(who: str, x: Tensor, image: Image) -> Tensor:
    """The brightness of pixels of red, green and blue, one channel; of one channel itself.
    ValueError for other channels."""
    channels, first = image[2:]
    if channels == 1:
        return x
    if channels != 3:
        raise ValueError(f"{who}: expected images of 3 channels or one, received {channels}")
    axis = 1 if first else 2
    shares = np.array([0.2989, 0.5870, 0.1140], x.dtype).reshape((1, 3, 1) if first else (1, 1, 3))
    return ops.sum(x * shares, axis, keepdims=True)
