"""The learning rate of an optimizer: a number, a schedule, or a function of the user's own."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels, registry
from corereg._lazy import later
from corereg.optimizers.hyperparameters import AssignableFloat, check_number

if TYPE_CHECKING:
    from corereg.optimizers.schedules import base as schedules, lookup
else:  # rates that are no numbers need them
    schedules = later("corereg.optimizers.schedules.base")
    lookup = later("corereg.optimizers.schedules.lookup")

Array = np.ndarray[Any, Any]
STEPS_AHEAD = 256  # rates that a function of the user's own is asked for at once


class RateTable:
    """Rates that Python has worked out for some steps ahead, in memory that recorded steps read.

    They count only while `fit` runs these steps: any other step asks anew.
    """

    def __init__(self) -> None:
        self.numbers: Array = np.zeros(STEPS_AHEAD + 1)  # the first step, then a rate for each
        self.begin = self.end = 0  # the steps that the rates are for

    def fill(self, step: int, rates: list[float]) -> None:
        """Puts the rates of the steps from this one on."""
        self.numbers[0] = step
        self.numbers[1 : len(rates) + 1] = rates
        self.begin, self.end = step, step + len(rates)

    def __reduce__(self) -> tuple[Any, ...]:
        return RateTable, ()


class LearningRate:
    """The learning rate as a part of `Optimizer`."""

    _hyper: _kernels.Hyper
    _schedule: Any  # None where the rate is a number
    _rates: RateTable

    def _begin_rate(self, value: Any) -> float:
        """Takes the constructor's learning_rate; returns the number that kernels begin with."""
        self._rates, self._schedule = RateTable(), None
        if _is_schedule(value):
            self._schedule = value
            return 0.0
        self._check_rate(value)
        return float(value)

    def _check_rate(self, value: Any) -> None:
        who = type(self).__name__
        if hasattr(value, "__iter__") and not isinstance(value, str):
            raise TypeError(
                f"{who}: expected learning_rate as a number, received a "
                f"{type(value).__name__}; make the optimizer by {who}(learning_rate), then "
                "call its build(parameters)"
            )
        check_number(who, "learning_rate", value)

    @property
    def learning_rate(self) -> AssignableFloat:
        """A float, with Keras's `assign` and `value`: of a schedule, the rate of the next step.
        Setting it counts from the next step. While there is a schedule, a number is refused by
        TypeError; another schedule is not."""
        rate = self._hyper.learning_rate
        if self._schedule is not None:
            rate = self._rate_after(self._hyper.step)
        return AssignableFloat(rate, self, "learning_rate")

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if _is_schedule(value):
            self._schedule = value
            return
        if self._schedule is not None:
            raise TypeError(
                f"{type(self).__name__}: its learning rate is the schedule {self._schedule!r}, "
                f"and cannot be set to {value!r}; make the optimizer with a number to set the rate "
                "later, or set another schedule"
            )
        self._check_rate(value)
        self._hyper.learning_rate = float(value)

    def _rate_after(self, step: int) -> float:
        """What the schedule says for the step after so many."""
        schedule = self._schedule
        found = schedule(step) if _takes_step(schedule) else schedule()
        found = found.item() if hasattr(found, "item") else found
        check_number(type(self).__name__, "the schedule's learning rate", found)
        return float(found)

    def _put_rate(self) -> None:
        """The stage of a schedule: puts the rate of this step where kernels read it."""
        schedule, step = self._schedule, self._hyper.step
        _kernels.track_dependency(schedule)
        if _is_kernel(schedule):
            _kernels.scheduled_rate(self._hyper, schedule.kind, schedule.array())
        elif self._rates.begin <= step < self._rates.end:
            _kernels.scheduled_rate(self._hyper, "rate_table", self._rates.numbers)
        else:
            name = getattr(schedule, "__name__", type(schedule).__name__)
            _kernels.fail_recording(f"the learning rate {name} is computed in Python")
            self._hyper.learning_rate = self._rate_after(step)

    @contextmanager
    def rates_ahead(self, most: int) -> Iterator[int]:
        """``with optimizer.rates_ahead(most) as most:`` inside, so many steps may be run or
        replayed: their rates have been asked for if the schedule is Python."""
        if self._schedule is None or _is_kernel(self._schedule):
            yield most
            return
        step = self._hyper.step
        most = (
            min(most, STEPS_AHEAD)
            if isinstance(self._schedule, schedules.LearningRateSchedule)
            else 1
        )
        self._rates.fill(step, [self._rate_after(step + i) for i in range(most)])
        try:
            yield most
        finally:
            self._rates.end = self._rates.begin

    @property
    def rate_needs_python(self) -> bool:
        """Whether the learning rate is a function or schedule of the user's own."""
        return self._schedule is not None and not _is_kernel(self._schedule)

    @property
    def rate_is_scheduled(self) -> bool:
        """Whether the learning rate is a schedule or a function, and cannot be set to a number."""
        return self._schedule is not None

    def _rate_config(self) -> Any:
        """The learning rate for `get_config`."""
        if self._schedule is None:
            return float(self._hyper.learning_rate)
        return lookup.serialize(self._schedule)


def rate_of_config(value: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """A learning rate as `get_config` gave it: a number, or the description of a schedule."""
    if isinstance(value, Mapping | str):
        with registry.custom_object_scope(custom_objects):
            return lookup.deserialize(value)
    return value


def _is_schedule(value: Any) -> bool:
    return callable(value) and not isinstance(value, type) and not hasattr(value, "__float__")


def _is_kernel(schedule: Any) -> bool:
    """Whether a kernel computes a schedule: not if a subclass has written `__call__` anew."""
    return (
        isinstance(schedule, schedules.KernelSchedule)
        and type(schedule).__call__ is schedules.KernelSchedule.__call__
    )


def _takes_step(schedule: Any) -> bool:
    """Whether a schedule is given the number of steps: those of Keras's kind are, and so are
    functions with an argument."""
    if isinstance(schedule, schedules.LearningRateSchedule):
        return True
    try:
        inspect.signature(schedule).bind()
    except TypeError:
        return True
    except ValueError:  # a built-in without a signature
        pass
    return False
