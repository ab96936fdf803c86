"""RandomGrayscale: images without colours."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor, ops
from corereg.layers.augmentation.color_layer import ColorLayer, gray_of
from corereg.layers.augmentation.image_form import Image
from corereg.registry import register


@register("layer")
class RandomGrayscale(ColorLayer):
    """In training, gives all three channels of some images the brightness of the pixel,
    0.2989 red + 0.587 green + 0.114 blue; otherwise passes images on. Images of one channel stay.

    factor: the probability that an image is changed, in [0, 1]; seed: fixes the sequence (by
    default drawn from the global seed); data_format and image_shape: see `OfImages`. ValueError for
    others, and for other numbers of channels.

    >>> layers.RandomGrayscale(1.0)(np.array([[[[0.0, 1000.0, 0.0]]]]), training=True)
    Tensor([[[[587., 587., 587.]]]])
    """

    recordable = True

    def __init__(
        self,
        factor: float = 0.5,
        data_format: str | None = None,
        seed: int | None = None,
        image_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, image_shape, options)
        self.factor = self._checked_share(factor, "factor")

    def _change(self, x: Tensor, image: Image) -> Tensor:
        chosen = self._chosen(x, (self.factor, self.factor))
        return ops.where(chosen, gray_of(self.who, x, image), x)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": self.factor}
