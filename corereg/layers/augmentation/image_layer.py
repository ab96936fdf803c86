"""ImageLayer: what layers share that change images in training."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.layers.augmentation.image_form import OfImages
from corereg.layers.random_layer import RandomLayer

Array = np.ndarray[Any, Any]


class ImageLayer(OfImages, RandomLayer):
    """Base of layers that change images at random in training. Each image of a batch is changed by
    numbers of its own, which depend on the seed, on how many batches there were, and on the image's
    place in the batch, not on threads or machine. Input and output: see `OfImages`.
    """

    def __init__(
        self, seed: int | None, data_format: str | None, image_shape: Any, options: dict[str, Any]
    ) -> None:
        super().__init__(seed, **options)
        self._set_form(data_format, image_shape)

    def _array(self, x: Tensor) -> Any:
        """The images; ValueError if a gradient by them is wanted."""
        if x.requires_grad and _kernels.is_grad_enabled():
            raise ValueError(
                f"{self.who}: expected images that need no gradient, received a tensor with "
                "requires_grad=True, and none flows through augmentation; put the layer before "
                "those that train, or pass x.detach()"
            )
        return x.data
