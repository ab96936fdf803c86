"""Rates along the cosine (Loshchilov, Hutter 2017)."""

from __future__ import annotations

from typing import Any

from corereg.optimizers.schedules.base import KernelSchedule, number, positive
from corereg.registry import register


@register("schedule")
class CosineDecay(KernelSchedule):
    """initial * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha), up to decay_steps.

    warmup_target: None, or a rate that is reached linearly from the initial one in warmup_steps
    steps; the decay then begins from there. ValueError for decay_steps <= 0.

    >>> schedule = optimizers.schedules.CosineDecay(0.1, decay_steps=100)
    >>> [round(float(schedule(step)), 4) for step in (0, 50, 100)]
    [0.1, 0.05, 0.0]
    """

    kind = "cosine_decay"

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = positive(self, "decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps
        self.numbers()  # which checks them

    def numbers(self) -> list[float]:
        names = "initial_learning_rate", "decay_steps", "alpha", "warmup_steps"
        target = self.warmup_target
        end = -1.0 if target is None else number(self, "warmup_target", target)
        if target is not None and end < 0:
            raise ValueError(f"CosineDecay: expected warmup_target >= 0, received {target!r}")
        return [*(number(self, name, getattr(self, name)) for name in names), end]

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


@register("schedule")
class CosineDecayRestarts(KernelSchedule):
    """CosineDecay again and again: the first time for first_decay_steps, then each time t_mul times
    as long and m_mul times as high as the last. ValueError for first_decay_steps <= 0.

    >>> schedule = optimizers.schedules.CosineDecayRestarts(0.1, first_decay_steps=100)
    >>> [round(float(schedule(step)), 4) for step in (0, 50, 100)]
    [0.1, 0.05, 0.1]
    """

    kind = "cosine_restarts"

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = positive(self, "first_decay_steps", first_decay_steps)
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name
        self.numbers()  # which checks them

    def numbers(self) -> list[float]:
        names = "initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha"
        return [number(self, name, getattr(self, name)) for name in names]

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }
