"""Masked arrays: what a mask hides is missing, and missing numbers are NaN."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from corereg import config


def without_mask(value: Any) -> Any:
    """value; of one of NumPy's masked arrays its numbers, with NaN where the mask hides one:
    integers and bools then become `corereg.config.floatx()`."""
    if type(value) is np.ndarray:
        return value
    masked = sys.modules.get("numpy.ma")
    if masked is None or not isinstance(value, masked.MaskedArray):
        return value
    hidden, data = masked.getmaskarray(value), np.asarray(value.data)
    if not hidden.any() or data.dtype.kind not in "fiub":
        return data
    made = data.astype(data.dtype if data.dtype.kind == "f" else config.floatx())
    made[hidden] = np.nan
    return made
