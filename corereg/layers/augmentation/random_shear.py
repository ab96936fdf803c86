"""RandomShear: images slanted along their axes."""

from __future__ import annotations

from typing import Any

from corereg.layers.augmentation.ranges import as_given, as_range
from corereg.layers.augmentation.warp_layer import Ranges, WarpLayer
from corereg.registry import register


@register("layer")
class RandomShear(WarpLayer):
    """In training, shears each image about its first pixel, top left: the pixel (x, y) comes from
    (x + a y, y + b x), with a random, b random, and one random sign for both; otherwise passes
    images on.

    x_factor, y_factor: the ranges of a and b, f for [-f, f], or (low, high), in [-1, 1].
    interpolation, fill_mode, fill_value: see `WarpLayer`; data_format and image_shape: see
    `ImageLayer`; seed: fixes the sequence (by default drawn from the global seed).
    ValueError for other factors, NotImplementedError for other modes.

    >>> layers.RandomShear(0.2, 0.2)(np.zeros((4, 28, 28, 1)), training=True).shape
    (4, 28, 28, 1)
    """

    recordable = True

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        image_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, image_shape, options)
        self._x = self._checked_factor("x_factor", x_factor)
        self._y = self._checked_factor("y_factor", y_factor)
        self.x_factor, self.y_factor = as_given(x_factor), as_given(y_factor)
        self._set_look(fill_mode, interpolation, fill_value)

    def _checked_factor(self, name: str, value: Any) -> tuple[float, float]:
        """Keras refuses negative numbers, and writes pairs with one into its own files."""
        low = -1 if isinstance(value, list | tuple) else 0
        first, last = as_range(self.who, name, value, low, 1)
        return (first, last) if low else (-last, last)

    def _stage(self) -> tuple[str, Ranges, int]:
        return "shear", (self._y, self._x), 0

    def get_config(self) -> dict[str, Any]:
        factors = {"x_factor": self.x_factor, "y_factor": self.y_factor}
        return {**super().get_config(), **factors}
