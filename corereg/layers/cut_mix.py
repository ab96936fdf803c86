"""CutMix (Yun, Han, Oh, Chun, Choe, Yoo: CutMix, 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.layers.base import Shape
from corereg.layers.batch_mixing import Array, BatchMixing, Mixture
from corereg.layers.data_format import as_image_shape
from corereg.registry import register

_LEAST = 1e-6  # what Keras adds to the parameter of the beta distribution
_STREAM = 2  # of the boxes' places; the shares take the streams 0 and 1


@register("layer")
class CutMix(BatchMixing):
    """In training, puts a box of another image of the batch into each image, and mixes their labels
    by the areas: s y[i] + (1-s) y[j], 1-s the share of the box. Otherwise passes its input on.

    j comes from a random order of the batch's rows, s from Beta(a, a), one for each row, a for each
    batch from [0, factor], or from [factor[0], factor[1]]. The box has the proportions of the image
    and a random place within it; 1-s is its area before its borders are rounded to pixels, as in
    Keras.

    Input (rows, height, width) or (rows, height, width, channels), with data_format
    "channels_first" (rows, channels, height, width); flat rows of any shape with `image_shape`, the
    shape of one image; or a dict, see `BatchMixing`. factor: a number or two in [0, 1]; seed: fixes
    the sequence (by default drawn from the global seed). The numbers are the same for any number of
    threads, and on every machine. ValueError for other arguments, and for inputs of other shapes.

    >>> layer = layers.CutMix(image_shape=(8, 8), seed=1)
    >>> layer(np.ones((4, 64)), training=True).shape
    (4, 64)
    """

    recordable = True

    def __init__(
        self,
        factor: float | Sequence[float] = 1.0,
        seed: int | None = None,
        data_format: str | None = None,
        image_shape: Sequence[int] | None = None,
        **options: Any,
    ) -> None:
        super().__init__(data_format, seed, **options)
        pair = factor if isinstance(factor, list | tuple) else (0.0, factor)
        if len(pair) != 2 or not all(_is_share(one) for one in pair):
            raise ValueError(
                f"{self.who}: expected factor as a number in [0, 1] or two of them, received "
                f"{factor!r}"
            )
        self.factor = float(min(pair)), float(max(pair))
        self.image_shape = as_image_shape(self.who, image_shape)

    @property
    def _beta_range(self) -> tuple[float, float]:
        return self.factor[0] + _LEAST, self.factor[1] + _LEAST

    def mix_inputs(self, x: Array, mixture: Mixture) -> Array:
        planes = self._planes((None, *x.shape[1:]))
        return _kernels.paste_boxes(
            x, mixture.order, mixture.share, planes, self._key, self._drawn, _STREAM
        )

    def check_rows(self, shape: Shape) -> None:
        if None not in shape[1:]:
            self._planes(shape)

    def _planes(self, shape: Shape) -> tuple[int, int, int, int]:
        """(planes, height, width, numbers of a pixel) of a row of inputs of this shape."""
        row = tuple(n for n in shape[1:] if n is not None)
        if self.image_shape is not None:
            if prod(row) != prod(self.image_shape):
                raise ValueError(
                    f"{self.who}: expected rows of {prod(self.image_shape)} numbers for images of "
                    f"shape {self.image_shape}, received rows of shape {row}"
                )
            row = self.image_shape
        if len(row) == 2:
            return 1, row[0], row[1], 1
        if len(row) != 3:
            raise ValueError(
                f"{self.who}: expected images (rows, height, width) or (rows, height, width, "
                f"channels), received rows of shape {row}; say the shape of one image by "
                "image_shape=(height, width), or use MixUp for rows of a table"
            )
        if self.data_format == "channels_first":
            return row[0], row[1], row[2], 1
        return 1, row[0], row[1], row[2]

    def get_config(self) -> dict[str, Any]:
        own: dict[str, Any] = {"factor": list(self.factor)}
        if self.image_shape is not None:
            own["image_shape"] = list(self.image_shape)
        return {**super().get_config(), **own}


def _is_share(value: Any) -> bool:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    return bool(number and 0 <= value <= 1)
