"""RandomElasticTransform (Simard, Steinkraus, Platt: Best practices for convolutional neural
networks applied to visual document analysis, 2003)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from corereg import _kernels
from corereg.layers.augmentation.ranges import as_pair, as_range
from corereg.layers.augmentation.warp_layer import FILL_MODES, BendLayer, Ranges
from corereg.registry import register


@register("layer")
class RandomElasticTransform(BendLayer):
    """In training, displaces the pixels of each image by a smooth random field; otherwise passes
    images on.

    The displacements of a pixel, along either axis, have mean 0 and the standard deviation
    s max(height, width) / (20 sqrt(pi)), 0.79 s pixels in images of 28 x 28, as Keras's have. The
    field is a cubic B-spline over a grid of knots, and what stands at a knot is the sum of four
    uniform numbers, which is close to normal and never more than 3.5 standard deviations.

    factor: the range of the probability that an image is displaced; f means (0, f), which is f/2 on
    average, (f, f) that probability itself; scale: the range of s, of which each image draws its
    own; f means (0, f). interpolation, fill_mode, which may be "mirror" (d c b | a b c d | c b a),
    too, and fill_value: see `WarpLayer`; value_range: what pixels are clipped to, None for not at
    all; seed: fixes the sequence (by default drawn from the global seed); data_format and
    image_shape: see `ImageLayer`; grid: the knots down and across, 4 to 16 each, fewer for a
    smoother field.
    ValueError for other numbers, NotImplementedError for other modes.

    >>> layer = layers.RandomElasticTransform(scale=0.6, image_shape=(28, 28))
    >>> layer(np.zeros((4, 784)), training=True).shape
    (4, 784)
    """

    recordable = True
    _fill_modes: ClassVar[tuple[str, ...]] = (*FILL_MODES, "mirror")

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        image_shape: Any = None,
        grid: Sequence[int] = (7, 7),
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, image_shape, options)
        self.factor = as_range(self.who, "factor", factor, 0, 1, overlap=True)
        self.scale = as_range(self.who, "scale", scale, 0, 1, overlap=True)
        self._set_look(fill_mode, interpolation, fill_value)
        self.value_range = (
            None if value_range is None else as_pair(self.who, "value_range", value_range)
        )
        self.grid = self._checked_grid(grid)

    def _checked_grid(self, grid: Any) -> tuple[int, int]:
        most = _kernels.MAX_WARP_KNOTS
        if not isinstance(grid, list | tuple) or len(grid) != 2:
            raise ValueError(f"{self.who}: expected grid as a pair of integers, received {grid!r}")
        if not all(hasattr(n, "__index__") and 4 <= n <= most for n in grid):
            raise ValueError(
                f"{self.who}: expected a grid of 4 to {most} knots down and across, received "
                f"{grid!r}"
            )
        return int(grid[0]), int(grid[1])

    def _stage(self) -> tuple[str, Ranges, int]:
        return "bend", (self.factor, self.scale), 0

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "factor": list(self.factor),
            "scale": list(self.scale),
            "value_range": None if self.value_range is None else list(self.value_range),
            **({} if self.grid == (7, 7) else {"grid": list(self.grid)}),  # Keras has none
        }
