"""MaskLayer: what layers share that drop elements by a random mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.autograd.ops.layers import filled_shape
from corereg.layers.random_layer import RandomLayer


class MaskLayer(RandomLayer):
    """Base of layers that drop a share `rate` of the elements in training.

    noise_shape: the shape of the mask, None for the input's own length, 1 where the mask is shared;
    without it each element has its own.
    """

    supports_masking = True
    _is_dropout = True
    _has_no_weights = True

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        super().__init__(seed, **options)
        self.rate = self._checked_share(rate, "rate")
        self.noise_shape = self._checked_noise_shape(noise_shape)

    @property
    def _is_silent(self) -> bool:  # type: ignore[override]
        return not self.rate

    @property
    def _shares_rows(self) -> bool:  # type: ignore[override]
        return self.noise_shape is not None and self.noise_shape[0] == 1

    def _checked_noise_shape(self, shape: Any) -> tuple[int | None, ...] | None:
        """A shape of a mask as a tuple of positive integers and None, else ValueError."""
        if shape is None:
            return None
        if not isinstance(shape, Sequence) or isinstance(shape, str):
            raise ValueError(
                f"{self.who}: expected noise_shape as a tuple of integers and None, received "
                f"{shape!r}"
            )
        for n in shape:
            if n is not None and (isinstance(n, bool) or not hasattr(n, "__index__") or n < 1):
                raise ValueError(
                    f"{self.who}: expected noise_shape of positive integers and None, received "
                    f"{tuple(shape)}"
                )
        return tuple(None if n is None else int(n) for n in shape)

    def _mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of the mask for an input; ValueError if noise_shape does not fit it."""
        return filled_shape(self.who, self.noise_shape, shape)

    def get_config(self) -> dict[str, Any]:
        shape = None if self.noise_shape is None else list(self.noise_shape)
        return {**super().get_config(), "rate": self.rate, "noise_shape": shape}
