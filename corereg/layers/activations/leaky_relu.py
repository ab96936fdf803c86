"""LeakyReLU: a rectified linear unit that lets a little through below 0."""

from __future__ import annotations

from typing import Any

from corereg import activations
from corereg.autograd import Tensor
from corereg.layers.activations.base import ActivationLayer
from corereg.registry import register


@register("layer")
class LeakyReLU(ActivationLayer):
    """y = x where x >= 0, negative_slope * x elsewhere (Maas, Hannun, Ng 2013).

    negative_slope: 0 or more, 0.3 by default (the function `leaky_relu` has 0.2, as in Keras);
    alpha is its name in older programs. ValueError otherwise. Any input shape; the output has the
    same.

    >>> layers.LeakyReLU(0.5)(np.array([-2.0, 2.0]))
    Tensor([-1.,  2.])
    """

    recordable = True

    def __init__(self, negative_slope: float = 0.3, **options: Any) -> None:
        if "alpha" in options:
            negative_slope = options.pop("alpha")
        super().__init__(**options)
        self.negative_slope = self._number("negative_slope", negative_slope)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return activations.leaky_relu(x, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}
