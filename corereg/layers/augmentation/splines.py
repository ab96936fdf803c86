"""Weights of the knots of a smooth random field: uniform cubic B-splines."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@lru_cache(maxsize=64)
def spline_weights(pixels: int, knots: int, dtype: str) -> Array:
    """How much each of some knots, 4 or more, counts at each pixel along an axis: (pixels, knots),
    read-only.

    The pixels lie over the knots - 3 intervals of a uniform cubic B-spline, four of whose knots
    count at each place. The weights of a pixel are scaled to a sum of squares of 1: independent
    numbers of variance 1 at the knots give numbers of variance 1 at every pixel.
    """
    place = np.linspace(0, knots - 3, pixels) if pixels > 1 else np.array([(knots - 3) / 2])
    first = np.minimum(place.astype(int), knots - 4)
    t = (place - first)[:, None]
    own = np.hstack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3])
    own /= np.sqrt((own**2).sum(axis=1, keepdims=True))
    weights = np.zeros((pixels, knots))
    np.put_along_axis(weights, first[:, None] + np.arange(4), own, axis=1)
    found = weights.astype(dtype)
    found.flags.writeable = False
    return found
