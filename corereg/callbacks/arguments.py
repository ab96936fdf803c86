"""Checks of arguments that several callbacks take."""

from __future__ import annotations

import math
from typing import Any


def check_whole(who: str, name: str, value: Any, least: int = 1) -> int:
    """A whole number from `least` on, such as one of epochs, else TypeError or ValueError."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{who}: expected {name} as a whole number, received {value!r}")
    if value < least:
        raise ValueError(f"{who}: expected {name} >= {least}, received {value!r}")
    return int(value)


def check_positive(who: str, name: str, value: Any) -> float:
    """A finite number above 0, such as a learning rate, else TypeError or ValueError."""
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise TypeError(f"{who}: expected {name} as a number, received {value!r}")
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{who}: expected {name} > 0, received {value!r}")
    return float(value)
