"""The copy of a model that computes in float64, by which others are judged."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def doubled(model: Any) -> Any:
    """A copy with the same weights whose layers compute in float64."""
    found = copy.deepcopy(model)
    for layer in found._flatten_layers():
        if layer._dtype == FLOAT32:
            layer._dtype = FLOAT64
        graph = getattr(layer, "_graph", None)
        if graph is not None:
            graph.expected = [
                (shape, FLOAT64 if dtype == FLOAT32 else dtype, name)
                for shape, dtype, name in graph.expected
            ]
    for weight in found.weights:
        if weight.data.dtype == FLOAT32:
            weight.data = weight.data.astype(FLOAT64)
    return found


def without_probabilities(model: Any) -> Any:
    """A copy whose outputs are logits: without the sigmoid or softmax of the layers that give them.
    ValueError where no such layer can be changed."""
    found = copy.deepcopy(model)
    changed = [_leave_out(layer) for layer in _last(found)]
    if not any(changed):
        raise ValueError(
            f"verify: expected outputs of Dense or Activation layers with sigmoid or softmax for "
            f"logits=True, received those of {model.who}; verify a file of probabilities"
        )
    return found


def _last(layer: Any) -> list[Any]:
    """The layers that give the outputs of a model."""
    if getattr(layer, "_stack", None):
        return _last(layer._stack[-1])
    if getattr(layer, "_graph", None) is None:
        return [layer]
    return [one for end in layer.outputs for one in _last(end.node.operation)]


def _leave_out(layer: Any) -> bool:
    known = getattr(getattr(layer, "activation", None), "__name__", None)
    if known not in ("sigmoid", "softmax"):
        return False
    layer.activation = None
    return True
