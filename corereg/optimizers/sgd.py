"""SGD: stochastic gradient descent, with momentum and Nesterov's form of it."""

from __future__ import annotations

from typing import Any

from corereg.optimizers.hyperparameters import Hyperparameter, check_number
from corereg.optimizers.kernel import KernelOptimizer
from corereg.registry import register


@register("optimizer", "sgd")
class SGD(KernelOptimizer):
    """w -= lr g; with momentum mu: m = mu m - lr g, w += m; Nesterov: w += mu m - lr g.

    >>> optimizer = optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipnorm=1.0)
    >>> optimizer
    SGD(learning_rate=0.1, momentum=0.9, nesterov=True, clipnorm=1.0)
    """

    recordable = True
    momentum = Hyperparameter(makes_state=True)

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        *shared: Any,
        **options: Any,
    ) -> None:
        super().__init__(learning_rate, *shared, **options)
        check_number(type(self).__name__, "momentum", momentum)
        if momentum > 1:
            raise ValueError(
                f"{type(self).__name__}: expected momentum in [0, 1], received {momentum!r}"
            )
        self.nesterov = bool(nesterov)
        if momentum:
            self.use_rule("nesterov" if nesterov else "momentum", momentum=momentum)
        else:
            self.use_rule("sgd")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "nesterov": self.nesterov}
