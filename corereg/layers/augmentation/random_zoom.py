"""RandomZoom: images made smaller or larger about their centre."""

from __future__ import annotations

import math
from typing import Any

from corereg.layers.augmentation.ranges import as_given, as_range
from corereg.layers.augmentation.warp_layer import Ranges, WarpLayer
from corereg.registry import register

_ABOVE_MINUS_ONE = math.nextafter(-1.0, 0.0)


@register("layer")
class RandomZoom(WarpLayer):
    """In training, zooms each image by a random factor about its centre; otherwise passes images
    on.

    height_factor, width_factor: f for the range [-f, f], or (low, high), above -1 and up to 1;
    positive numbers zoom out, to 1/(1+v) of the height, negative ones zoom in. Without width_factor
    the width is zoomed as the height is. fill_mode, interpolation, fill_value: see `WarpLayer`;
    seed: fixes the sequence (by default drawn from the global seed); data_format and image_shape:
    see `ImageLayer`.
    ValueError for other factors, NotImplementedError for other modes.

    >>> layers.RandomZoom(0.15)(np.zeros((4, 28, 28, 1)), training=True).shape
    (4, 28, 28, 1)
    """

    recordable = True

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        image_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, image_shape, options)
        given = height_factor if width_factor is None else width_factor
        self._height = as_range(self.who, "height_factor", height_factor, _ABOVE_MINUS_ONE, 1)
        self._width = as_range(self.who, "width_factor", given, _ABOVE_MINUS_ONE, 1)
        self.height_factor, self.width_factor = as_given(height_factor), as_given(width_factor)
        self._set_look(fill_mode, interpolation, fill_value)

    def _stage(self) -> tuple[str, Ranges, int]:
        return "zoom", (self._height, self._width), int(self.width_factor is None)

    def get_config(self) -> dict[str, Any]:
        factors = {"height_factor": self.height_factor, "width_factor": self.width_factor}
        return {**super().get_config(), **factors}
