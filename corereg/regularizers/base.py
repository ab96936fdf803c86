"""Regularizer: the base class of penalties, and the check of their strengths."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.recordable import Recordable


class Regularizer(Recordable):
    """Base class: subclass it and write `__call__`: Tensor -> scalar Tensor."""

    def __call__(self, x: Any) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__}: __call__ is not written")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal regularizer."""
        return {}

    def __repr__(self) -> str:
        given = ", ".join(f"{key}={value!r}" for key, value in self.get_config().items())
        return f"{type(self).__name__}({given})"


def check_strength(who: str, name: str, value: Any) -> float:
    """value as a finite float >= 0; raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ValueError(f"{who}: expected {name} as a number, received {value!r}")
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{who}: expected a finite {name} >= 0, received {value!r}")
    return float(value)
