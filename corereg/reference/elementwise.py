"""Sweeps over arrays, element by element."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def scale(x: Array, factor: Array) -> Array:
    """x times the 0-d array factor."""
    return x * factor


def add(y: Array, x: Array) -> Array:
    """y += x."""
    y += x
    return y


def exp(x: Array) -> Array:
    """e**x."""
    return np.exp(x)


def log(x: Array) -> Array:
    """log(x)."""
    return np.log(x)


def erf(x: Array) -> Array:
    """The error function, in float64 within."""
    y: Array = np.vectorize(math.erf, otypes=[float])(x)
    return y.astype(x.dtype)
