"""Arguments in PyTorch's words and in NumPy's: `dim` beside `axis`, `keepdim` beside `keepdims`."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd.aliases import Axis


def one_of(who: str, first: Any, second: Any, names: str = "axis and dim") -> Any:
    """The one that is given of two arguments for the same; TypeError if both are."""
    if first is None or second is None:
        return second if first is None else first
    raise TypeError(f"Tensor.{who}: expected one of {names}, which say the same; received both")


def over(who: str, axis: Axis, keepdims: bool, dim: Axis, keepdim: bool | None) -> tuple[Any, bool]:
    """The axes of a reduction, and whether they stay."""
    keep = one_of(who, keepdims or None, keepdim, "keepdims and keepdim")
    return one_of(who, axis, dim), bool(keep)


def unpacked(numbers: tuple[Any, ...]) -> tuple[int, ...]:
    """``t.view(2, 3)`` and ``t.view((2, 3))``: the numbers."""
    if len(numbers) == 1 and isinstance(numbers[0], list | tuple | np.ndarray):
        return tuple(numbers[0])
    return numbers
