"""RandomBrightness: images made brighter or darker."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor, ops
from corereg.layers.augmentation.color_layer import ColorLayer
from corereg.layers.augmentation.image_form import Image
from corereg.layers.augmentation.ranges import as_range
from corereg.registry import register


@register("layer")
class RandomBrightness(ColorLayer):
    """In training, adds one number to all pixels of an image, and clips them to value_range;
    otherwise passes images on. The number is v (high - low), of value_range = (low, high).

    factor: the range of v, in [-1, 1]; f means (-|f|, |f|); seed: fixes the sequence (by default
    drawn from the global seed); data_format and image_shape: see `OfImages`. ValueError for others.

    >>> layer = layers.RandomBrightness((0.5, 0.5), value_range=(0, 1))
    >>> layer(np.full((1, 1, 2), [0.25, 0.75]), training=True)
    Tensor([[[0.75, 1.  ]]])
    """

    recordable = True

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        image_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, image_shape, options)
        self.factor = as_range(self.who, "factor", factor, -1, 1, overlap=True)
        self._set_value_range(value_range)

    def _change(self, x: Tensor, image: Image) -> Tensor:
        low, high = self.value_range
        return ops.clip(x + self._numbers(x, *self.factor) * (high - low), low, high)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": list(self.factor)}
