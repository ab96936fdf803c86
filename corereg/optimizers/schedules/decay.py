"""Rates that go down: exponentially, with the inverse of time, along a polynomial."""

from __future__ import annotations

from typing import Any

from corereg.optimizers.schedules.base import KernelSchedule, number, positive
from corereg.registry import register


class _Decay(KernelSchedule):
    """What the decays by a factor share."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = positive(self, "decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = type(self).__name__ if name is None else name
        self.numbers()  # which checks them

    def numbers(self) -> list[float]:
        names = "initial_learning_rate", "decay_steps", "decay_rate"
        return [*(number(self, n, getattr(self, n)) for n in names), float(bool(self.staircase))]

    def get_config(self) -> dict[str, Any]:
        names = "initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name"
        return {name: getattr(self, name) for name in names}


@register("schedule")
class ExponentialDecay(_Decay):
    """initial_learning_rate * decay_rate**(step / decay_steps); staircase: the exponent is rounded
    down. ValueError for decay_steps <= 0.

    >>> schedule = optimizers.schedules.ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)
    >>> [round(float(schedule(step)), 4) for step in (0, 100, 200)]
    [0.1, 0.05, 0.025]
    """

    kind = "exponential_decay"


@register("schedule")
class InverseTimeDecay(_Decay):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps); staircase: the quotient of the
    steps is rounded down. ValueError for decay_steps <= 0.

    >>> schedule = optimizers.schedules.InverseTimeDecay(0.1, decay_steps=100, decay_rate=1.0)
    >>> [round(float(schedule(step)), 4) for step in (0, 100, 300)]
    [0.1, 0.05, 0.025]
    """

    kind = "inverse_time_decay"


@register("schedule")
class PolynomialDecay(KernelSchedule):
    """(initial - end) * (1 - step / decay_steps)**power + end, up to decay_steps, then the end
    rate; with cycle, decay_steps is the first multiple of it that is not below the step.
    ValueError for decay_steps <= 0.

    >>> schedule = optimizers.schedules.PolynomialDecay(0.1, 100, end_learning_rate=0.0)
    >>> [round(float(schedule(step)), 4) for step in (0, 50, 100)]
    [0.1, 0.05, 0.0]
    """

    kind = "polynomial_decay"

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = positive(self, "decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name
        self.numbers()  # which checks them

    def numbers(self) -> list[float]:
        names = "initial_learning_rate", "decay_steps", "end_learning_rate", "power"
        return [*(number(self, n, getattr(self, n)) for n in names), float(bool(self.cycle))]

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }
