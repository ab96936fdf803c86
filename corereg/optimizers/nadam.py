"""Nadam: Adam with Nesterov's momentum."""

from __future__ import annotations

from typing import Any

from corereg.optimizers.hyperparameters import Hyperparameter
from corereg.optimizers.kernel import KernelOptimizer
from corereg.registry import register


@register("optimizer", "nadam")
class Nadam(KernelOptimizer):
    """m, v as Adam; u(t) = b1 (1 - .96^t/2), p(t) = u(1) ... u(t);
    w -= lr (u(t+1)/(1-p(t+1)) m + (1-u(t))/(1-p(t)) g) / (sqrt(v/(1-b2^t)) + eps) (Dozat 2016).

    >>> optimizers.Nadam(0.002)
    Nadam(learning_rate=0.002)
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
        self.use_rule("nadam", beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
