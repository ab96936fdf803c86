"""Lion: steps of one size, in the direction of a running mean of the gradient."""

from __future__ import annotations

from typing import Any

from corereg.optimizers.hyperparameters import Hyperparameter
from corereg.optimizers.kernel import KernelOptimizer
from corereg.registry import register


@register("optimizer", "lion")
class Lion(KernelOptimizer):
    """w -= lr sign(b1 m + (1-b1) g); m = b2 m + (1-b2) g (Chen et al. 2023).
    ValueError for a beta_1 of 0 or above 1.

    >>> optimizers.Lion(1e-4, weight_decay=0.1)  # a tenth of Adam's rate
    Lion(learning_rate=0.0001, weight_decay=0.1)
    """

    recordable = True
    beta_1 = Hyperparameter()
    beta_2 = Hyperparameter(below=1)

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        *shared: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.use_rule("lion", beta_1=beta_1, beta_2=beta_2)
        if not 0 < beta_1 <= 1:
            raise ValueError(
                f"{type(self).__name__}: expected beta_1 above 0 and <= 1, received {beta_1!r}"
            )
