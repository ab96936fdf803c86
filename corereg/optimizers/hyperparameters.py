"""The numbers of an optimizer: checked, kept in memory that kernels read at every step, and
assignable in Keras's way."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Protocol

import numpy as np

from corereg import _kernels

NUMBERS = (int, float, np.number)


class KernelRule(Protocol):
    """An optimizer whose numbers kernels read from `_hyper`."""

    _hyper: _kernels.Hyper


def check_number(
    who: str, name: str, value: Any, below: float = math.inf, negative: bool = False
) -> None:
    """Raises TypeError unless value is a number, ValueError unless it is >= 0 (negative: <= 0),
    finite and less than `below`."""
    if isinstance(value, bool) or not isinstance(value, NUMBERS):
        raise TypeError(f"{who}: expected {name} as a number, received {value!r}")
    if not 0 <= (-value if negative else value) < below or not math.isfinite(value):
        bound = "" if below == math.inf else f" and < {below}"
        sign = "<=" if negative else ">="
        raise ValueError(f"{who}: expected {name} {sign} 0{bound}, received {value!r}")


class Hyperparameter:
    """An attribute of a KernelOptimizer: a hyperparameter of its rule, by the rule's own name for
    it. Setting it takes effect at the next step, in replays too.

    below: what it must be less than. makes_state: whether there is a state array for it unless it
    is 0, so that it cannot change between 0 and more. negative: whether it is <= 0 instead of >= 0.
    """

    def __init__(
        self, below: float = math.inf, makes_state: bool = False, negative: bool = False
    ) -> None:
        self._below, self._makes_state, self._negative = below, makes_state, negative

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, optimizer: KernelRule, owner: type | None = None) -> float:
        return optimizer._hyper.get(self._name)

    def __set__(self, optimizer: KernelRule, value: float) -> None:
        self.check(optimizer, value)
        if self._makes_state and (value > 0) != (self.__get__(optimizer) > 0):
            raise ValueError(
                f"{type(optimizer).__name__}: {self._name} cannot change between 0 and more, for "
                f"its state is made or not; make an optimizer with {self._name}={value!r}"
            )
        if self._name in optimizer._hyper:
            optimizer._hyper[self._name] = float(value)

    def check(self, optimizer: KernelRule, value: float) -> None:
        """Raises TypeError or ValueError for what this hyperparameter cannot be."""
        who = type(optimizer).__name__
        check_number(who, self._name, value, self._below, self._negative)


class AssignableNumber:
    """What Keras's variables offer, for a number that an optimizer holds.

    The object itself is the number as it was read: it compares, computes, formats and is saved as
    any float or int. `value` and `numpy()` read it anew, `assign` sets it in the optimizer.
    """

    shape: ClassVar[tuple[int, ...]] = ()
    dtype: ClassVar[str]
    trainable: ClassVar[bool] = False
    name: str
    _optimizer: Any
    _attribute: str

    @property
    def value(self) -> Any:
        """The number as it is now."""
        return getattr(self._optimizer, self._attribute)

    def numpy(self) -> np.ndarray[Any, Any]:
        """The number as it is now, as a 0-d array."""
        return np.array(self.value, self.dtype)

    def assign(self, value: Any) -> Any:
        """Sets the number in the optimizer, from the next step on; returns it."""
        number = value.item() if hasattr(value, "item") else value
        setattr(self._optimizer, self._attribute, number)
        return self.value

    def assign_add(self, value: Any) -> Any:
        """Adds to the number in the optimizer."""
        return self.assign(self.value + value)

    def assign_sub(self, value: Any) -> Any:
        """Subtracts from the number in the optimizer."""
        return self.assign(self.value - value)


class AssignableFloat(AssignableNumber, float):
    """A float of an optimizer, such as `optimizer.learning_rate`."""

    dtype = "float64"

    def __new__(cls, value: float, optimizer: Any, attribute: str) -> AssignableFloat:
        made = float.__new__(cls, value)
        made.name, made._optimizer, made._attribute = attribute, optimizer, attribute
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return float, (float(self),)


class AssignableInt(AssignableNumber, int):
    """An int of an optimizer, such as `optimizer.iterations`."""

    dtype = "int64"

    def __new__(cls, value: int, optimizer: Any, attribute: str) -> AssignableInt:
        made = int.__new__(cls, value)
        made.name, made._optimizer, made._attribute = attribute, optimizer, attribute
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return int, (int(self),)
