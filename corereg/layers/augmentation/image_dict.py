"""TakesImageDict: layers that are called on {"images": x, "labels": y}, too."""

from __future__ import annotations

from typing import Any

from corereg.layers.base import Layer
from corereg.layers.calling import UNSAID


class TakesImageDict(Layer):
    """Base of layers that change images and may be called on a dict that holds them, as in Keras:
    the result is a dict with changed "images", and "labels" as they were. Others of Keras's keys,
    boxes and masks, would have to be moved along, which no layer does; ValueError says so."""

    def __call__(
        self, x: Any = UNSAID, *more: Any, training: bool | None = None, **named: Any
    ) -> Any:
        if not isinstance(x, dict):
            return super().__call__(x, *more, training=training, **named)
        if "images" not in x or not set(x) <= {"images", "labels"}:
            raise ValueError(
                f"{self.who}: expected a dict with 'images' and, if need be, 'labels', received "
                f"the keys {sorted(map(str, x))}; boxes and masks are not moved along"
            )
        images = super().__call__(x["images"], *more, training=training, **named)
        return {**x, "images": images}
