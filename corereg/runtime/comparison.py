"""Whether two recordings of a function did the same: the proof that it may be replayed."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels

Array = np.ndarray[Any, Any]


def difference(earlier: _kernels.Program, later: _kernels.Program) -> str | None:
    """What two recordings of one function did differently, as the end of a sentence; None if they
    made the same kernel calls and read the same where no kernel writes."""
    one, other = earlier.kernel_names, later.kernel_names
    if one != other:
        pairs = enumerate(zip(one, other, strict=False))
        at = next((i for i, (a, b) in pairs if a != b), None)
        where = "" if at is None else f", call {at} being {one[at]} and then {other[at]}"
        return f"made different kernel calls, {len(one)} and {len(other)}{where}"
    for (kernel, a), (_, b) in zip(earlier.constants(), later.constants(), strict=True):
        if not same_values(a, b):
            return (
                f"{kernel} read an array of shape {b.shape} made outside of kernels, of other "
                "values in the second run than in the first"
            )
    for (kernel, a), (_, b) in zip(earlier.states(), later.states(), strict=True):
        if a.ctypes.data != b.ctypes.data:
            return (
                f"{kernel} changed an array of shape {b.shape} in place that each run made anew "
                "outside of kernels; make it by ops (t * 1.0), or outside of the function"
            )
    return None


def same_values(a: Array, b: Array) -> bool:
    """Whether two runs of a function read the same here: one place, or equal values."""
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    return bool(a.ctypes.data == b.ctypes.data or a.tobytes() == b.tobytes())
