"""RMSprop: steps divided by a running root mean square of the gradient."""

from __future__ import annotations

from typing import Any

from corereg.optimizers.hyperparameters import Hyperparameter
from corereg.optimizers.kernel import KernelOptimizer
from corereg.registry import register


@register("optimizer", "rmsprop")
class RMSprop(KernelOptimizer):
    """v = rho v + (1-rho) g^2; w -= lr g / sqrt(v + eps) (Hinton 2012; centered: Graves 2013).

    >>> optimizers.RMSprop(0.01, rho=0.95, centered=True)
    RMSprop(learning_rate=0.01, rho=0.95, centered=True)
    """

    recordable = True
    rho = Hyperparameter(below=1)
    momentum = Hyperparameter(makes_state=True)
    epsilon = Hyperparameter()

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        *shared: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.use_rule("rmsprop", rho=rho, momentum=momentum, epsilon=epsilon)
        self.centered = bool(centered)

    def optional_slots(self) -> set[str]:
        chosen = {"momentum": self.momentum > 0, "average_gradient": self.centered}
        return {slot for slot, wanted in chosen.items() if wanted}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "centered": self.centered}
