"""AdamW: Adam whose weights decay by themselves."""

from __future__ import annotations

from typing import Any

from corereg.optimizers.adam import Adam
from corereg.registry import register


@register("optimizer", "adamw")
class AdamW(Adam):
    """Adam with decoupled weight decay, .004 by default (Loshchilov, Hutter 2019). ValueError for a
    weight_decay of None: that is Adam.

    >>> optimizer = optimizers.AdamW(0.001, weight_decay=0.01)
    >>> optimizer.exclude_from_weight_decay(var_names=["bias"])
    >>> optimizer
    AdamW(learning_rate=0.001, weight_decay=0.01)
    """

    recordable = True

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float | None = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *shared: Any,
        **options: Any,
    ) -> None:
        if weight_decay is None:
            raise ValueError(
                f"{type(self).__name__}: expected weight_decay as a number, received None; use "
                "Adam for weights that do not decay"
            )
        adam = beta_1, beta_2, epsilon, amsgrad
        super().__init__(learning_rate, *adam, weight_decay, *shared, **options)
