"""RandomFlip: mirror images."""

from __future__ import annotations

from typing import Any

from corereg.layers.augmentation.warp_layer import Ranges, WarpLayer
from corereg.registry import register

_FLAGS = {"horizontal": 1, "vertical": 2, "horizontal_and_vertical": 3}


@register("layer")
class RandomFlip(WarpLayer):
    """In training, flips each image with probability 1/2; otherwise passes images on.

    mode: "horizontal" for left and right, "vertical" for top and bottom, or
    "horizontal_and_vertical", which is both at once, half a turn, as in Keras. seed: fixes the
    sequence (by default drawn from the global seed); data_format and image_shape: see `ImageLayer`.
    ValueError for other modes.

    >>> layer = layers.RandomFlip("horizontal", seed=1)
    >>> flipped = layer(np.arange(4.0).reshape(1, 1, 4, 1), training=True).numpy().ravel()
    >>> flipped.tolist() in ([0, 1, 2, 3], [3, 2, 1, 0])
    True
    """

    recordable = True

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        image_shape: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, data_format, image_shape, options)
        if mode not in _FLAGS:
            raise ValueError(
                f"{self.who}: expected mode as one of {list(_FLAGS)}, received {mode!r}"
            )
        self.mode = mode

    def _stage(self) -> tuple[str, Ranges, int]:
        return "flip", (), _FLAGS[self.mode]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode}
