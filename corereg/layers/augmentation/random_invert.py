"""RandomInvert: negatives of images."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor, ops
from corereg.layers.augmentation.color_layer import ColorLayer
from corereg.layers.augmentation.image_form import Image
from corereg.layers.augmentation.ranges import as_range
from corereg.registry import register


@register("layer")
class RandomInvert(ColorLayer):
    """In training, makes high - x of all pixels of some images, of value_range = (low, high);
    otherwise passes images on.

    factor: the range of the probability that an image is changed; f means (0, f), which is f/2 on
    average, (f, f) that probability itself; seed: fixes the sequence (by default drawn from the
    global seed); data_format and image_shape: see `OfImages`. ValueError for others.

    >>> layer = layers.RandomInvert((1.0, 1.0), value_range=(0, 1))
    >>> layer(np.array([[[0.25, 1.0]]]), training=True)
    Tensor([[[0.75, 0.  ]]])
    """

    recordable = True

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        image_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, image_shape, options)
        self.factor = as_range(self.who, "factor", factor, 0, 1, overlap=True)
        self._set_value_range(value_range)

    def _change(self, x: Tensor, image: Image) -> Tensor:
        return ops.where(self._chosen(x, self.factor), self.value_range[1] - x, x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": list(self.factor)}
