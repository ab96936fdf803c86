"""WeightOption: what a layer's user says about one of its weights, at any time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from corereg._lazy import later

if TYPE_CHECKING:
    from corereg import constraints, regularizers
else:  # few weights have either
    constraints = later("corereg.constraints")
    regularizers = later("corereg.regularizers")


class WeightOption:
    """An attribute of a layer such as `kernel_regularizer` or `kernel_constraint`: the penalty of
    the weight of that name, or what optimizers do to it after each update. It may be set at any
    time, by name too, also after training has begun: the weight has it from the next step on.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.key = f"_{name}"
        self.weight, _, self.kind = name.rpartition("_")

    def __get__(self, layer: Any, kind: type | None = None) -> Any:
        if layer is None:
            return self
        weight = vars(layer).get(self.weight)
        return vars(layer)[self.key] if weight is None else getattr(weight, self.kind)

    def __set__(self, layer: Any, value: Any) -> None:
        found = vars(layer)[self.key] = None if value is None else _get(self.kind, value)
        weight = vars(layer).get(self.weight)
        if weight is not None:
            setattr(weight, self.kind, found)


def _get(kind: str, value: Any) -> Any:
    return regularizers.get(value) if kind == "regularizer" else constraints.get(value)


def options_of(layer: Any, kind: str) -> Iterator[tuple[str, Any]]:
    """Of each option of a kind ("regularizer", "constraint") that a layer's class has: the name of
    the weight, and what the option is now."""
    own = type(layer)
    if "_weight_options" not in vars(own):  # found once for each class
        own._weight_options = tuple(
            (name, option)
            for one in own.__mro__
            for name, option in vars(one).items()
            if isinstance(option, WeightOption)
        )
    for name, option in own._weight_options:
        if option.kind == kind:
            yield option.weight, getattr(layer, name)
