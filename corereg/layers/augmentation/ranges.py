"""The ranges that augmentation layers draw their numbers from."""

from __future__ import annotations

from numbers import Real
from typing import Any

Range = tuple[float, float]


def _number(value: Any) -> float | None:
    """A number that is not NaN, or None."""
    if not isinstance(value, Real) or isinstance(value, bool) or value != value:
        return None
    return float(value)


def as_pair(who: str, name: str, value: Any) -> Range:
    """Two numbers, the lesser first; ValueError for anything else."""
    numbers = [_number(one) for one in value] if isinstance(value, list | tuple) else []
    if len(numbers) != 2 or None in numbers:
        raise ValueError(f"{who}: expected {name} as a pair of numbers, received {value!r}")
    low, high = sorted(one for one in numbers if one is not None)
    return low, high


def as_range(
    who: str, name: str, value: Any, low: float, high: float, overlap: bool = False
) -> Range:
    """What a factor may be: of a number f the range from -|f|, or from `low` if that is more, to
    |f|; a pair as it is, the lesser first.

    ValueError unless the numbers are in [low, high]; with `overlap` a pair may reach beyond, as
    long as a part of it is there.
    """
    number = _number(value)
    if number is not None and low <= number <= high:
        return float(max(-abs(number), low)), abs(number)
    if isinstance(value, list | tuple) and len(value) == 2:
        first, last = as_pair(who, name, value)
        if (first <= high and last >= low) if overlap else (low <= first and last <= high):
            return first, last
    raise ValueError(
        f"{who}: expected {name} as a number or a pair of numbers in [{low:g}, {high:g}], received "
        f"{value!r}"
    )


def as_given(value: Any) -> Any:
    """A factor as a config holds it: a number, a pair as a list, or None."""
    return [float(one) for one in value] if isinstance(value, list | tuple) else value
