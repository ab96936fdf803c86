"""Ftrl: follow the regularized leader, which makes weights that L1 keeps at zero."""

from __future__ import annotations

from typing import Any

from corereg import initializers
from corereg.optimizers.hyperparameters import Hyperparameter, check_number
from corereg.optimizers.kernel import KernelOptimizer
from corereg.registry import register


@register("optimizer", "ftrl")
class Ftrl(KernelOptimizer):
    """n = n + g^2, from initial_accumulator_value on; p = -learning_rate_power;
    z += g + 2 shrinkage w - (n^p - n_before^p)/lr w;
    w = (clip(z, -l1, l1) - z) / (n^p/lr + 2 l2 + beta/lr) (McMahan et al. 2013).
    l1, l2, shrinkage: the regularization strengths. ValueError for a positive
    learning_rate_power.

    >>> optimizers.Ftrl(0.1, l1_regularization_strength=0.01)
    Ftrl(learning_rate=0.1, l1_regularization_strength=0.01)
    """

    recordable = True
    learning_rate_power = Hyperparameter(negative=True)
    l1_regularization_strength = Hyperparameter()
    l2_regularization_strength = Hyperparameter()
    l2_shrinkage_regularization_strength = Hyperparameter()
    beta = Hyperparameter()

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        *shared: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.use_rule(
            "ftrl",
            learning_rate_power=learning_rate_power,
            l1_regularization_strength=l1_regularization_strength,
            l2_regularization_strength=l2_regularization_strength,
            l2_shrinkage_regularization_strength=l2_shrinkage_regularization_strength,
            beta=beta,
        )
        check_number(type(self).__name__, "initial_accumulator_value", initial_accumulator_value)
        self.initial_accumulator_value = float(initial_accumulator_value)

    def initial_values(self) -> dict[str, Any]:
        return {"accumulator": initializers.Constant(self.initial_accumulator_value)}

    def get_config(self) -> dict[str, Any]:
        own = {"initial_accumulator_value": self.initial_accumulator_value}
        return {**super().get_config(), **own}
