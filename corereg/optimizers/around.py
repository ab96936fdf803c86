"""Optimizers around another one, which takes the steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from corereg.autograd import Parameter
from corereg.autograd.parameter import Variable
from corereg.optimizers.base import Optimizer

Array = np.ndarray[Any, Any]


class OptimizerAround(Optimizer):
    """Base class of the optimizers around another one. What such an optimizer has not itself, it
    reads and sets in the inner one: learning rate, clipping, averages. A subclass names its own
    attributes in `_own`, the one with the inner optimizer in `_inner_name`."""

    _own: ClassVar[frozenset[str]] = frozenset()
    _inner_name: ClassVar[str]

    @property
    def _inner(self) -> Optimizer:
        found: Optimizer = getattr(self, self._inner_name)
        return found

    def __getattr__(self, name: str) -> Any:
        if name in self._own or name.startswith("__"):
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        return getattr(self._inner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self._own:
            object.__setattr__(self, name, value)
        else:
            setattr(self._inner, name, value)

    def build(self, variables: Sequence[Parameter]) -> None:
        self._inner.build(variables)

    def _saved_variables(self) -> list[Variable]:
        return self._inner._saved_variables()

    @property
    def slots(self) -> list[tuple[Array | None, ...]]:
        return self._inner.slots

    @property
    def has_proximal_stage(self) -> bool:
        return self._inner.has_proximal_stage

    def check_regularizer(self, regularizer: Any, name: str) -> None:
        self._inner.check_regularizer(regularizer, name)

    @property
    def stepping(self) -> Optimizer:
        return self._inner

    def zero_grad(self) -> None:
        self._inner.zero_grad()

    def _penalty_parts(self, penalty: Array) -> list[tuple[Parameter, Array]]:
        return self._inner._penalty_parts(penalty)

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
