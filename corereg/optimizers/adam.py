"""Adam: steps from running means of the gradient and of its square."""

from __future__ import annotations

from typing import Any

from corereg.optimizers.hyperparameters import Hyperparameter
from corereg.optimizers.kernel import KernelOptimizer
from corereg.registry import register


@register("optimizer", "adam")
class Adam(KernelOptimizer):
    """m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; w -= lr sqrt(1-b2^t)/(1-b1^t) m/(sqrt(v)+eps)
    (Kingma, Ba 2015, with Keras's place for epsilon; amsgrad: Reddi, Kale, Kumar 2018).

    >>> model = corereg.Sequential([corereg.Input((3,)), layers.Dense(1)])
    >>> model.compile(optimizers.Adam(0.01), "mse")
    >>> model.optimizer.learning_rate = 0.005  # counts from the next step, in a fit too
    >>> model.optimizer
    Adam(learning_rate=0.005)
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
        amsgrad: bool = False,
        *shared: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.use_rule("adam", beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
        self.amsgrad = bool(amsgrad)

    def optional_slots(self) -> set[str]:
        return {"velocity_hat"} if self.amsgrad else set()

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "amsgrad": self.amsgrad}
