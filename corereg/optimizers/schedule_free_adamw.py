"""ScheduleFreeAdamW: Adam with a mean of its weights in place of a schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.autograd import Parameter
from corereg.optimizers.hyperparameters import Hyperparameter
from corereg.optimizers.kernel import KernelOptimizer
from corereg.registry import register


@register("optimizer", "schedulefreeadamw")
class ScheduleFreeAdamW(KernelOptimizer):
    """v = b2 v + (1-b2) g^2; z -= lr' g / (sqrt(v/(1-b2^t)) + eps); x = (1-1/t) x + 1/t z;
    w = (1-b1) z + b1 x, where z, the state "momentum", begins as w, and
    lr' = lr min(t/warmup_steps, 1) (Defazio et al. 2024). As in Keras, the weights stay w, also
    when they are evaluated. ValueError for a beta_1 of 0 and a warmup_steps below 0.

    >>> optimizers.ScheduleFreeAdamW(warmup_steps=100)
    ScheduleFreeAdamW(learning_rate=0.0025, warmup_steps=100)
    """

    recordable = True
    beta_1 = Hyperparameter(below=1)
    beta_2 = Hyperparameter(below=1)
    epsilon = Hyperparameter()

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        *shared: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        self.use_rule("schedule_free", beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
        who = type(self).__name__
        if not beta_1:
            raise ValueError(f"{who}: expected beta_1 > 0, received {beta_1!r}")
        if not hasattr(warmup_steps, "__index__") or warmup_steps < 0:
            raise ValueError(
                f"{who}: expected warmup_steps as an integer >= 0, received {warmup_steps!r}"
            )
        self._hyper["warmup_steps"] = float(warmup_steps)

    @property
    def warmup_steps(self) -> int:
        """Over how many steps the learning rate rises to its value."""
        return int(self._hyper["warmup_steps"])

    def build(self, variables: Sequence[Parameter]) -> None:
        super().build(variables)
        for p, own in zip(self.parameters, self._slots, strict=True):
            assert own[0] is not None
            own[0].assign(p)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "warmup_steps": self.warmup_steps}
