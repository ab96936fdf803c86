"""RandomPosterization: images of few levels of brightness."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor, ops
from corereg.layers.augmentation.color_layer import ColorLayer, from_bytes, to_bytes
from corereg.layers.augmentation.image_form import Image
from corereg.layers.augmentation.ranges import as_range
from corereg.registry import register


@register("layer")
class RandomPosterization(ColorLayer):
    """In training, keeps the upper bits of each pixel's number, which is one of 0 .. 255 as a share
    of value_range, without what is behind the comma; otherwise passes images on.

    factor: how many bits, 1 to 8: (a, b) means a to b - 1, one number for each image, or a where
    both are equal; n means (1, n), as in Keras. seed: fixes the sequence (by default drawn from the
    global seed); data_format and image_shape: see `OfImages`. ValueError for others.

    >>> layers.RandomPosterization((2, 2))(np.array([[[60.0, 70.0, 200.0]]]), training=True)
    Tensor([[[  0.,  64., 192.]]])
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
        low, high = as_range(self.who, "factor", factor, 1, 8)
        if low != int(low) or high != int(high):
            raise ValueError(f"{self.who}: expected factor as whole numbers, received {factor!r}")
        self.factor = int(low), int(high)
        self._set_value_range(value_range)

    def _change(self, x: Tensor, image: Image) -> Tensor:
        low, high = self.factor
        bits = ops.minimum(ops.floor(self._numbers(x, low, high)), max(high - 1, low))
        step = ops.exp2(8 - bits)
        whole = ops.floor(ops.clip(to_bytes(x, self.value_range), 0.0, 255.0))
        return from_bytes(ops.floor(whole / step) * step, self.value_range)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor": list(self.factor)}
