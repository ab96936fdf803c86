"""Adamax: Adam with the largest gradient in place of the mean square."""

from __future__ import annotations

from typing import Any

from corereg.optimizers.hyperparameters import Hyperparameter
from corereg.optimizers.kernel import KernelOptimizer
from corereg.registry import register


@register("optimizer", "adamax")
class Adamax(KernelOptimizer):
    """m = b1 m + (1-b1) g; u = max(b2 u, |g|); w -= lr/(1-b1^t) m/(u + eps) (Kingma, Ba 2015).

    >>> optimizers.Adamax(0.002, beta_2=0.99)
    Adamax(learning_rate=0.002, beta_2=0.99)
    """

    recordable = True
    beta_1 = Hyperparameter(below=1)
    beta_2 = Hyperparameter(below=1)
    epsilon = Hyperparameter()

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *shared: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.use_rule("adamax", beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
