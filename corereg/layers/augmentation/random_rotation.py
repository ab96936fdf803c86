"""RandomRotation: images turned about their centre."""

from __future__ import annotations

from typing import Any

from corereg.layers.augmentation.ranges import as_range
from corereg.layers.augmentation.warp_layer import Ranges, WarpLayer
from corereg.registry import register


@register("layer")
class RandomRotation(WarpLayer):
    """In training, turns each image about its centre by a random angle; otherwise passes images on.

    factor: in whole turns, f for the range [-f, f], or (low, high), in [-1, 1]; positive numbers
    turn counter-clockwise. fill_mode, interpolation, fill_value: see `WarpLayer`; seed: fixes the
    sequence (by default drawn from the global seed); data_format and image_shape: see `ImageLayer`.
    ValueError for other factors, NotImplementedError for other modes.

    >>> layer = layers.RandomRotation(0.1)  # at most a tenth of a turn, either way
    >>> layer(np.zeros((4, 28, 28, 1)), training=True).shape
    (4, 28, 28, 1)
    """

    recordable = True

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        image_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, image_shape, options)
        given = 0.0 if factor is None else factor
        self.factor = as_range(self.who, "factor", given, -1, 1, overlap=True)
        self._set_look(fill_mode, interpolation, fill_value)

    def _stage(self) -> tuple[str, Ranges, int]:
        return "rotate", (self.factor,), 0

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": list(self.factor)}
