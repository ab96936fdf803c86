"""RandomContrast: images with more contrast or less."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor, ops
from corereg.layers.augmentation.color_layer import ColorLayer
from corereg.layers.augmentation.image_form import Image
from corereg.layers.augmentation.ranges import as_range
from corereg.registry import register


@register("layer")
class RandomContrast(ColorLayer):
    """In training, moves the pixels of an image away from their mean or towards it, each channel by
    its own: (x - mean) v + mean, clipped to value_range; otherwise passes images on.

    factor: (a, b), the lesser first, for v in 1 - a .. 1 + b; in [0, 1] or partly. f means (0, f),
    as in Keras, which never takes contrast away; (f, f) does both. seed: fixes the sequence (by
    default drawn from the global seed); data_format and image_shape: see `OfImages`. ValueError for
    others.

    >>> layer = layers.RandomContrast((0.5, 0.5), value_range=(0, 1), seed=1)
    >>> image = layer(np.array([[[0.0, 1.0]]]), training=True).numpy()
    >>> bool(0 <= image[0, 0, 0] <= 0.25), float(image.mean())
    (True, 0.5)
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
        self.factor = as_range(self.who, "factor", factor, 0, 1, overlap=True)
        self._set_value_range(value_range)

    def _change(self, x: Tensor, image: Image) -> Tensor:
        less, more = self.factor
        mean = ops.mean(x, 2 if image[3] else 1, keepdims=True)
        changed = (x - mean) * self._numbers(x, 1 - less, 1 + more) + mean
        return ops.clip(changed, *self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": list(self.factor)}
