"""Regularizer: the base class of penalties; and how they come from names and files."""

from __future__ import annotations

import math
from typing import Any, Self

import numpy as np

from corereg import registry
from corereg.autograd import Tensor
from corereg.recordable import Recordable
from corereg.shown import as_call


class Regularizer(Recordable):
    """Base class: subclass it and write `__call__`: Tensor -> scalar Tensor.

    >>> class Cubes(regularizers.Regularizer):
    ...     def __call__(self, w):
    ...         return 0.01 * (abs(w) ** 3).sum()
    >>> round(Cubes()(corereg.Tensor([1.0, 2.0])).item(), 4)
    0.09
    """

    _computes_on_tensors = True
    is_proximal = False  # whether the optimizer's step, not the gradient, follows from it

    def __call__(self, x: Any) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__}: __call__ is not written")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal regularizer."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A regularizer from what `get_config` gave."""
        return cls(**config)

    __repr__ = as_call


def check_strength(who: str, name: str, value: Any) -> float:
    """value as a finite float >= 0; raises ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ValueError(f"{who}: expected {name} as a number, received {value!r}")
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{who}: expected a finite {name} >= 0, received {value!r}")
    return float(value)


L1_L2_NAMES = ("l1_l2", "l1l2")
"""These names alone stand for an L1L2 with two strengths of 0.01; L1L2() has none, as in Keras."""


def get(identifier: Any) -> Any:
    """None, a regularizer, any callable, a name or a serialized dict as a regularizer or None.

    >>> regularizers.get("l2")
    L2(0.01)
    """
    if identifier is None:
        return None
    if isinstance(identifier, str) and identifier in L1_L2_NAMES:
        identifier = {"class_name": "L1L2", "config": {"l1": 0.01, "l2": 0.01}}
    found = registry.resolve("regularizer", identifier)
    if not callable(found):
        raise TypeError(
            f"regularizer: expected a name, a Regularizer or a callable, received {found!r}"
        )
    return found


def serialize(regularizer: Any) -> registry.Config | str | None:
    """As {"class_name", "config"}; a registered function by its name.

    >>> regularizers.serialize(regularizers.L2(0.5))
    {'class_name': 'L2', 'config': {'l2': 0.5}}
    """
    return registry.serialize("regularizer", regularizer)


def deserialize(config: Any) -> Any:
    """What `serialize` gave, as a regularizer again.

    >>> regularizers.deserialize({"class_name": "L2", "config": {"l2": 0.5}})
    L2(0.5)
    """
    return get(config)
