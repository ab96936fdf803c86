"""Whether a model has methods of its own for what a quicker way stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from corereg.training.trainer import TrainableModel

F = TypeVar("F", bound=Callable[..., Any])

_BUILT_IN: set[Any] = set()


def built_in(method: F) -> F:
    """A decorator of methods that the quicker way stands for."""
    _BUILT_IN.add(method)
    return method


def has_own_step(model: TrainableModel, kind: str) -> bool:
    """Whether steps of a kind ("train", "test") run what a model overrides, and return logs."""
    return overrides(model, f"{kind}_step", "compute_loss", "compute_metrics")


def overrides(model: TrainableModel, *names: str) -> bool:
    """Whether a model's class, or the model itself, has methods of its own for these."""
    kind = type(model)
    own = vars(model)
    built_in_methods = _BUILT_IN.issuperset([getattr(kind, name) for name in names])
    return not (built_in_methods and own.keys().isdisjoint(names))
