"""Adagrad: steps divided by the root of the sum of all squared gradients."""

from __future__ import annotations

from typing import Any

from corereg import initializers
from corereg.optimizers.hyperparameters import Hyperparameter, check_number
from corereg.optimizers.kernel import KernelOptimizer
from corereg.registry import register


@register("optimizer", "adagrad")
class Adagrad(KernelOptimizer):
    """a = a + g^2, from initial_accumulator_value on; w -= lr g / sqrt(a + eps)
    (Duchi, Hazan, Singer 2011).

    >>> optimizers.Adagrad(0.1, initial_accumulator_value=0.5)
    Adagrad(learning_rate=0.1, initial_accumulator_value=0.5)
    """

    recordable = True
    epsilon = Hyperparameter()

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        *shared: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.use_rule("adagrad", epsilon=epsilon)
        check_number(type(self).__name__, "initial_accumulator_value", initial_accumulator_value)
        self.initial_accumulator_value = float(initial_accumulator_value)

    def initial_values(self) -> dict[str, Any]:
        return {"accumulator": initializers.Constant(self.initial_accumulator_value)}

    def get_config(self) -> dict[str, Any]:
        own = {"initial_accumulator_value": self.initial_accumulator_value}
        return {**super().get_config(), **own}
