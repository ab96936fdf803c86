"""Solarization: negatives of the bright pixels of images."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor, ops
from corereg.layers.augmentation.color_layer import ColorLayer, from_bytes, to_bytes
from corereg.layers.augmentation.image_form import Image
from corereg.layers.augmentation.ranges import as_range
from corereg.registry import register


@register("layer")
class Solarization(ColorLayer):
    """In training, takes pixels as numbers of 0 .. 255, adds a number to those of an image, clips
    them, and makes 255 - x of those that are not below a threshold; otherwise passes images on.
    Without arguments all images are inverted.

    addition_factor, threshold_factor: (a, b) in [0, 1] for a number of a .. 255 b, one for each
    image, as in Keras; f means (0, f). value_range: the numbers that stand for 0 and 255; seed:
    fixes the sequence (by default drawn from the global seed); data_format and image_shape: see
    `OfImages`. ValueError for others.

    >>> layers.Solarization()(np.array([[[0.0, 55.0, 255.0]]]), training=True)
    Tensor([[[255., 200.,   0.]]])
    """

    recordable = True

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        image_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, image_shape, options)
        self.addition_factor = as_range(self.who, "addition_factor", addition_factor, 0, 1)
        self.threshold_factor = as_range(self.who, "threshold_factor", threshold_factor, 0, 1)
        self._set_value_range(value_range)

    def _change(self, x: Tensor, image: Image) -> Tensor:
        (less, more), (low, high) = self.addition_factor, self.threshold_factor
        added = to_bytes(x, self.value_range) + self._numbers(x, less, 255 * more)
        added = ops.clip(added, 0.0, 255.0)
        below = ops.less(added, self._numbers(x, low, 255 * high, 1))
        return from_bytes(ops.where(below, added, 255 - added), self.value_range)

    def get_config(self) -> dict[str, Any]:
        factors = {
            "addition_factor": list(self.addition_factor),
            "threshold_factor": list(self.threshold_factor),
        }
        return {**super().get_config(), **factors}
