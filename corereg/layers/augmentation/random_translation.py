"""RandomTranslation: images moved up or down and left or right."""

from __future__ import annotations

from typing import Any

from corereg.layers.augmentation.ranges import as_given, as_range
from corereg.layers.augmentation.warp_layer import Ranges, WarpLayer
from corereg.registry import register


@register("layer")
class RandomTranslation(WarpLayer):
    """In training, moves each image by random shares of its height and of its width; otherwise
    passes images on.

    height_factor, width_factor: f for the range [-f, f], or (low, high), in [-1, 1]; positive
    numbers move down and to the right. fill_mode, interpolation, fill_value: see `WarpLayer`; seed:
    fixes the sequence (by default drawn from the global seed); data_format and image_shape: see
    `ImageLayer`.
    ValueError for other factors, NotImplementedError for other modes.

    >>> layer = layers.RandomTranslation(2 / 28, 2 / 28)  # at most two pixels
    >>> layer(np.zeros((4, 28, 28, 1)), training=True).shape
    (4, 28, 28, 1)
    """

    recordable = True

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        image_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, image_shape, options)
        self._height = as_range(self.who, "height_factor", height_factor, -1, 1)
        self._width = as_range(self.who, "width_factor", width_factor, -1, 1)
        self.height_factor, self.width_factor = as_given(height_factor), as_given(width_factor)
        self._set_look(fill_mode, interpolation, fill_value)

    def _stage(self) -> tuple[str, Ranges, int]:
        return "translate", (self._height, self._width), 0

    def get_config(self) -> dict[str, Any]:
        factors = {"height_factor": self.height_factor, "width_factor": self.width_factor}
        return {**super().get_config(), **factors}
