"""RandomErasing (Zhong, Zheng, Kang, Li, Yang: Random erasing data augmentation, 2020)."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.autograd.draws import count_draw
from corereg.layers.augmentation.image_layer import Array, ImageLayer
from corereg.layers.augmentation.ranges import as_given, as_pair, as_range
from corereg.registry import register

_NOISE = 2  # its stream of random numbers; rectangles have streams 0 and 1


@register("layer")
class RandomErasing(ImageLayer):
    """In training, fills a random rectangle of each image with a value or with noise; otherwise
    passes images on.

    The rectangle's height is sqrt(a) of the image's and its width sqrt(b) of the image's, and it
    lies anywhere inside.

    factor: the range of the probability that an image is changed; f means (0, f), which is f/2 on
    average, (f, f) that probability itself; scale: the range of a and b, in [0, 1]; f means (0, f).
    fill_value: a number, one for each channel, or None for noise from the normal distribution of
    mean 0 and the standard deviation value_range[1]; value_range: what is filled in is clipped to;
    None for not at all, and a standard deviation of 1; seed: fixes the sequence (by default drawn
    from the global seed); data_format and image_shape: see `ImageLayer`.
    ValueError for other arguments.

    >>> layer = layers.RandomErasing(factor=(1.0, 1.0), fill_value=7.0, seed=1)
    >>> erased = layer(np.zeros((1, 20, 20)), training=True).numpy()
    >>> bool((erased == 7).any())
    True
    """

    recordable = True

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        image_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, image_shape, options)
        self.factor = as_range(self.who, "factor", factor, 0, 1, overlap=True)
        self.scale = as_range(self.who, "scale", scale, 0, 1)
        values = fill_value if isinstance(fill_value, list | tuple) else [fill_value]
        if fill_value is not None and not all(isinstance(one, Real) for one in values):
            raise ValueError(
                f"{self.who}: expected fill_value as a number, one for each channel, or None, "
                f"received {fill_value!r}"
            )
        self.fill_value = as_given(fill_value)
        self.value_range = (
            None if value_range is None else as_pair(self.who, "value_range", value_range)
        )

    def call(self, x: Tensor, training: bool = True) -> Tensor:
        if not training:
            return x
        data, image = self._array(x), self._image_of(x.shape)
        erased = _kernels.erase(
            data,
            image,
            self._fill(x, image[2]),
            self._key,
            self._drawn,
            self.factor,
            self.scale,
            self.value_range,
        )
        count_draw(self._drawn)
        return Tensor(erased)

    def _fill(self, x: Tensor, channels: int) -> Array:
        """What rectangles are filled with: a number for each channel, or noise of x's shape."""
        if self.fill_value is None:
            deviation = 1.0 if self.value_range is None else self.value_range[1]
            noise = np.empty(x.shape, x.dtype)
            return _kernels.normal(noise, self._key, self._drawn, 0.0, deviation, _NOISE)
        values = np.atleast_1d(np.asarray(self.fill_value, x.dtype))
        if len(values) not in (1, channels):
            raise ValueError(
                f"{self.who}: expected a fill_value for each of {channels} channels, received "
                f"{len(values)}"
            )
        return np.resize(values, channels)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "factor": list(self.factor),
            "scale": list(self.scale),
            "fill_value": self.fill_value,
            "value_range": None if self.value_range is None else list(self.value_range),
        }
