"""ReLU: the rectified linear unit."""

from __future__ import annotations

from typing import Any

from corereg import activations
from corereg.autograd import Tensor
from corereg.layers.activations.base import ActivationLayer
from corereg.registry import register


@register("layer")
class ReLU(ActivationLayer):
    """y = max_value where x >= max_value; x where threshold < x < max_value; and
    negative_slope * (x - threshold) elsewhere.

    max_value: 0 or more, None for no limit; negative_slope, threshold: 0 or more. ValueError
    otherwise. Any input shape; the output has the same.

    >>> layers.ReLU(max_value=6)(np.array([-1.0, 3.0, 9.0]))
    Tensor([0., 3., 6.])
    """

    recordable = True

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.max_value = None if max_value is None else self._number("max_value", max_value)
        self.negative_slope = self._number("negative_slope", negative_slope)
        self.threshold = self._number("threshold", threshold)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return activations.relu(x, self.negative_slope, self.max_value, self.threshold)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }
