"""AdamW: Adam whose weights decay by themselves."""

from __future__ import annotations

from typing import Any

from corereg.optimizers.adam import Adam
from corereg.registry import register


@register("optimizer", "adamw")
class AdamW(Adam):
    """Adam with decoupled weight decay, .004 by default (Loshchilov, Hutter 2019)."""

    recordable = True

    def __init__(
        self, learning_rate: float = 0.001, weight_decay: float | None = 0.004, **options: Any
    ) -> None:
        super().__init__(learning_rate, weight_decay=weight_decay, **options)
