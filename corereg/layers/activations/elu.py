"""ELU: the exponential linear unit."""

from __future__ import annotations

from typing import Any

from corereg import activations
from corereg.autograd import Tensor
from corereg.layers.activations.base import ActivationLayer
from corereg.registry import register


@register("layer")
class ELU(ActivationLayer):
    """y = x where x > 0, alpha * (e**x - 1) elsewhere (Clevert, Unterthiner, Hochreiter 2015).

    alpha: a number, ValueError otherwise. Any input shape; the output has the same.

    >>> layers.ELU(alpha=0.5)(np.array([0.0, 2.0]))
    Tensor([0., 2.])
    """

    recordable = True

    def __init__(self, alpha: float = 1.0, **options: Any) -> None:
        super().__init__(**options)
        self.alpha = self._number("alpha", alpha, None)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return activations.elu(x, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}
