"""What of a model may be recorded and replayed, and what a recording depends on.

Replay repeats kernel calls, not Python. So only parts whose Python is known to do nothing but
launch kernels are recorded: classes that say ``recordable = True`` themselves. A subclass does not
inherit it, for its code is another.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from corereg import _kernels, activations
from corereg.recordable import declares_recordable
from corereg.regularizers.penalties import fused

if TYPE_CHECKING:
    from corereg.autograd import Parameter
    from corereg.models.compiled import Compiled


def why_not_forward(model: Compiled) -> str | None:
    """The first layer of a model whose forward pass cannot be recorded, or None."""
    for layer in model.layers:
        if not declares_recordable(layer):
            return f"layer {layer.name!r} is not known to be recordable"
        function = getattr(layer, "activation", None)
        if function is not None and activations.name_of(function) is None:
            return f"layer {layer.name!r} has an activation function of its own"
        activity = layer.activity_regularizer
        if activity is not None and not fused(activity):
            return f"the activity regularizer of layer {layer.name!r} is one of its own"
    return None


def why_not(model: Compiled) -> str | None:
    """The first part of a model whose training cannot be recorded, or None."""
    reason = why_not_forward(model)
    if reason is not None:
        return reason
    assert model._metrics is not None
    for p in model.trainable_weights:
        if p.regularizer is not None and not fused(p.regularizer):
            return f"the regularizer of {p.name!r} is not known to be recordable"
    for part in (model.loss, model.optimizer, *model._metrics[0], *model._metrics[1]):
        if not declares_recordable(part):
            return f"{type(part).__name__} is not known to be recordable"
    return None


def snapshot(model: Compiled) -> _kernels.Snapshot:
    """What the recorded steps of a model depend on: one attribute of a layer, a weight, the loss,
    the optimizer or a metric set anew, and they are not what Python would run."""
    assert model._metrics is not None
    metrics = (*model._metrics[0], *model._metrics[1])
    parts = (model.loss, model.optimizer, *model._layers, *metrics)
    return snapshot_of(parts, [model._layers], model.weights)


def snapshot_of(
    parts: Iterable[Any], lists: Iterable[list[Any]], parameters: Iterable[Parameter]
) -> _kernels.Snapshot:
    """A snapshot of these and of the regularizers in them."""
    parts, parameters = list(parts), list(parameters)
    held = [p.regularizer for p in parameters]
    held += [getattr(part, "activity_regularizer", None) for part in parts]
    strengths = {id(r): r for r in held if hasattr(r, "__dict__")}
    return _kernels.Snapshot([*parts, *strengths.values()], lists, parameters)
