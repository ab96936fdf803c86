"""Operands of products, rounded to bfloat16."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def round_to_bfloat16(x: Array) -> Array:
    """The nearest numbers, as float32, of which the lower 16 bits are zero; the even one of two."""
    bits = x.astype(np.float32).view(np.uint32).astype(np.uint64)
    rounded = (bits + 0x7FFF + (bits >> 16 & 1)) & 0xFFFF0000
    found = np.where(np.isnan(x), bits & 0xFFFF0000 | 0x400000, rounded)
    return found.astype(np.uint32).view(np.float32)


def round_operand(x: Array, parts: int, second: bool = False) -> list[Array]:
    """An operand of a product, the first or the second, in 1 or 3 parts. The product is the sum of
    the products of the parts."""
    hi = round_to_bfloat16(x)
    if parts == 1:
        return [hi]
    finite = np.isfinite(hi)
    whole = np.where(finite, hi, np.float32(0))
    lo = round_to_bfloat16(np.where(finite, x - whole, np.float32(0)))
    return [hi, lo, whole] if second else [hi, whole, lo]
