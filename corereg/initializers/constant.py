"""Initializers whose elements are all alike: Constant, Zeros, Ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import config
from corereg.initializers.base import Array, Initializer
from corereg.registry import register


@register("initializer", "constant")
class Constant(Initializer):
    """All elements `value`."""

    def __init__(self, value: float = 0.0) -> None:
        self.value = float(value)

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Array:
        return np.full(shape, self.value, dtype or config.floatx())

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value}


@register("initializer", "zeros")
class Zeros(Constant):
    """All elements 0."""

    def __init__(self) -> None:
        super().__init__(0.0)

    def get_config(self) -> dict[str, Any]:
        return {}


@register("initializer", "ones")
class Ones(Constant):
    """All elements 1."""

    def __init__(self) -> None:
        super().__init__(1.0)

    def get_config(self) -> dict[str, Any]:
        return {}
