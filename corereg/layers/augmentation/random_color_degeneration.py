"""RandomColorDegeneration: images with paler or stronger colours."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor, ops
from corereg.layers.augmentation.color_layer import ColorLayer, gray_of
from corereg.layers.augmentation.image_form import Image
from corereg.layers.augmentation.ranges import as_range
from corereg.registry import register


@register("layer")
class RandomColorDegeneration(ColorLayer):
    """In training, moves the channels of an image towards their brightness g, that of
    `RandomGrayscale`, or away from it: x + v (g - x), clipped to value_range; otherwise passes
    images on. v is 0 for the image as it is and 1 for one without colours.

    factor: the range of v, in [-1, 1]; f means (-|f|, |f|); seed: fixes the sequence (by default
    drawn from the global seed); data_format and image_shape: see `OfImages`. ValueError for others,
    and for images of neither three channels nor one.

    >>> layer = layers.RandomColorDegeneration((0.5, 0.5))
    >>> layer(np.array([[[[0.0, 250.0, 0.0]]]]), training=True)
    Tensor([[[[ 73.375, 198.375,  73.375]]]])
    """

    recordable = True

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        image_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, image_shape, options)
        self.factor = as_range(self.who, "factor", factor, -1, 1, overlap=True)
        self._set_value_range(value_range)

    def _change(self, x: Tensor, image: Image) -> Tensor:
        paler = self._numbers(x, *self.factor) * (gray_of(self.who, x, image) - x)
        return ops.clip(x + paler, *self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": list(self.factor)}
