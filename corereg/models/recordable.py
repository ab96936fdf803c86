"""What of a model may be recorded and replayed, and when a recording has gone stale.

Replay repeats kernel calls, not Python. So only parts whose Python is known to do nothing but
launch kernels are recorded: classes that say ``recordable = True`` themselves. A subclass does not
inherit it, for its code is another.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from corereg import activations, regularizers

if TYPE_CHECKING:
    from corereg.models.training import Trainer


def says_so(part: Any) -> bool:
    """Whether part's own class says that it may be recorded."""
    return bool(vars(type(part)).get("recordable", False))


def why_not(model: Trainer) -> str | None:
    """The first part of a model that cannot be recorded, or None."""
    assert model._metrics is not None
    for layer in model.layers:
        if not says_so(layer):
            return f"layer {layer.name!r} is not known to be recordable"
        function = getattr(layer, "activation", None)
        if function is not None and activations.name_of(function) is None:
            return f"layer {layer.name!r} has an activation function of its own"
        if layer.activity_regularizer is not None:
            return f"layer {layer.name!r} has an activity regularizer"
        for p in layer.trainable_weights:
            if p.regularizer is not None and not regularizers.fused(p.regularizer):
                return f"the regularizer of {p.name!r} is not known to be recordable"
    for part in (model.loss, model.optimizer, *model._metrics[0], *model._metrics[1]):
        if not says_so(part):
            return f"{type(part).__name__} is not known to be recordable"
    return None


def signature(model: Trainer) -> list[Any]:
    """The objects that recorded steps depend on; one is another as soon as an attribute of a
    layer, a weight, the loss, the optimizer or a metric is set anew. The list keeps the objects
    alive, so that no new one can pass for an old one by its address."""
    assert model._metrics is not None
    metrics = (*model._metrics[0], *model._metrics[1])
    found: list[Any] = [model.loss, model.optimizer, *model.layers, *metrics]
    for part in tuple(found):
        found += vars(part).values()
    for p in model.weights:
        found += (p.data, p.requires_grad, p.regularizer)
        fused = regularizers.fused(p.regularizer)
        if fused:
            found += (fused.l1, fused.l2)
    return found


def same(one: list[Any], other: list[Any]) -> bool:
    """Whether two signatures hold the very same objects."""
    return len(one) == len(other) and all(map(operator.is_, one, other))
