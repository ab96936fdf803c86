"""Adadelta: steps as long as the last ones were, by running root mean squares."""

from __future__ import annotations

from typing import Any

from corereg.optimizers.hyperparameters import Hyperparameter
from corereg.optimizers.kernel import KernelOptimizer
from corereg.registry import register


@register("optimizer", "adadelta")
class Adadelta(KernelOptimizer):
    """a = rho a + (1-rho) g^2; d = -g sqrt(b + eps) / sqrt(a + eps); b = rho b + (1-rho) d^2;
    w += lr d (Zeiler 2012).

    >>> optimizers.Adadelta(learning_rate=1.0)  # the rate of the paper
    Adadelta(learning_rate=1.0)
    """

    recordable = True
    rho = Hyperparameter(below=1)
    epsilon = Hyperparameter()

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        *shared: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.use_rule("adadelta", rho=rho, epsilon=epsilon)
