"""LearningRateSchedule: the base class of schedules, and that of those which are kernels."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import numpy as np

from corereg import _kernels
from corereg.shown import as_call

Array = np.ndarray[Any, Any]


class LearningRateSchedule:
    """Base class: subclass it, write `__call__(step)`, which returns the rate of the step after so
    many, and `get_config()`, which returns the constructor's arguments, so that a model with the
    schedule can be saved.

    The result has to depend on the step alone: `fit` asks for the rates of some steps ahead.

    >>> class Halves(optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.1 * 0.5 ** (step // 100)
    >>> [Halves()(step) for step in (0, 99, 100)]
    [0.1, 0.1, 0.05]
    >>> optimizers.SGD(Halves()).learning_rate
    0.1
    """

    __repr__ = as_call

    def __call__(self, step: Any) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__}: __call__(step) is not written; it returns the learning rate"
        )

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        raise NotImplementedError(
            f"{type(self).__name__}: get_config() is not written; it returns the constructor's "
            "arguments as a dict"
        )

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A schedule from what `get_config` gave."""
        return cls(**config)


class KernelSchedule(LearningRateSchedule):
    """Base class of the schedules that a kernel computes in float64.

    kind: its name in `_kernels.SCHEDULES`; `numbers` returns what the kernel needs, in the order of
    cr_schedule_kind in src/contract_update.h.
    """

    kind: ClassVar[str]

    def numbers(self) -> list[float]:
        """What the kernel computes with."""
        raise NotImplementedError

    def array(self) -> Array:
        """The same as an array that a kernel reads."""
        return np.array(self.numbers(), np.float64)

    def __call__(self, step: Any) -> float:
        """The rate of the step after `step` others, which is a number or a tensor of one."""
        return _kernels.rate_at(self.kind, self.array(), int(step))


def number(schedule: object, name: str, value: Any) -> float:
    """A finite number, 0-d arrays too, as a float; TypeError or ValueError for anything else."""
    who = type(schedule).__name__
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise TypeError(f"{who}: expected {name} as a number, received {value!r}")
    found = float(value)
    if not math.isfinite(found):
        raise ValueError(f"{who}: expected a finite {name}, received {value!r}")
    return found


def positive(schedule: object, name: str, value: Any) -> Any:
    """value, if it is a number above 0."""
    if number(schedule, name, value) <= 0:
        raise ValueError(f"{type(schedule).__name__}: expected {name} > 0, received {value!r}")
    return value
