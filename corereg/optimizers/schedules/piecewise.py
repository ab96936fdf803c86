"""PiecewiseConstantDecay: a rate for each span of steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.optimizers.schedules.base import KernelSchedule, number
from corereg.registry import register


@register("schedule")
class PiecewiseConstantDecay(KernelSchedule):
    """values[0] while step <= boundaries[0], then values[1] while step <= boundaries[1], and so on;
    behind the last boundary the last value. ValueError unless there is one value more than there
    are boundaries, which ascend.

    >>> schedule = optimizers.schedules.PiecewiseConstantDecay([100, 200], [0.1, 0.01, 0.001])
    >>> [round(float(schedule(step)), 4) for step in (100, 101, 201)]
    [0.1, 0.01, 0.001]
    """

    kind = "piecewise_constant"

    def __init__(
        self,
        boundaries: Sequence[float],
        values: Sequence[float],
        name: str = "PiecewiseConstant",
    ) -> None:
        self.boundaries = boundaries
        self.values = values
        self.name = name
        self.numbers()  # which checks them

    def numbers(self) -> list[float]:
        boundaries = [number(self, "a boundary", b) for b in self.boundaries]
        values = [number(self, "a value", v) for v in self.values]
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                "PiecewiseConstantDecay: expected one value more than boundaries, received "
                f"{len(boundaries)} boundaries and {len(values)} values"
            )
        if boundaries != sorted(boundaries):
            raise ValueError(
                f"PiecewiseConstantDecay: expected boundaries that ascend, received {boundaries}"
            )
        return [*boundaries, *values]

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}
