"""Which layer's weights decide the logits of a model."""

from __future__ import annotations

from typing import Any

from corereg import activations
from corereg.layers.activation import Activation
from corereg.layers.activations.softmax import Softmax
from corereg.layers.dense import Dense
from corereg.models.model import Model
from corereg.models.sequential import Sequential

PROBABILITIES = (activations.softmax, activations.sigmoid)
WHO = "TemperatureScaling.calibrated"


def last_dense(model: Any) -> Dense:
    """The Dense that gives the logits of a model; ValueError if there is none that gives nothing
    else."""
    if not isinstance(model, Model):
        raise TypeError(f"{WHO}: expected a Model, received {type(model).__name__}")
    if not model.built:
        raise ValueError(f"{WHO}: expected a model that is built and trained, received {model!r}")
    found = _find(model)
    if found is None:
        raise ValueError(
            f"{WHO}: expected a model with one output that ends with a Dense of activation "
            f"'softmax', 'sigmoid' or None, used once, received {model.name!r}; use transform on "
            "what it predicts"
        )
    return found


def _find(model: Model) -> Dense | None:
    """As `last_dense`, or None."""
    if model._has_own_call:
        return None
    if isinstance(model, Sequential):
        operations = list(reversed(model.layers))
    else:
        outputs = model.outputs
        if len(outputs) != 1:
            return None
        operations = _line_before(outputs[0].node)
        assert model._graph is not None
        used = [node.operation for node in model._graph.nodes]
        if operations and any(used.count(one) > 1 for one in operations[:2]):
            return None
    gives_probabilities = False
    for operation in operations:
        if type(operation) is Dense:
            kinds = (activations.linear, *(() if gives_probabilities else PROBABILITIES))
            return operation if operation.activation in kinds else None
        if isinstance(operation, Model) and not gives_probabilities:
            return _find(operation)
        is_last = isinstance(operation, Softmax) or (
            isinstance(operation, Activation) and operation.activation in PROBABILITIES
        )
        if gives_probabilities or not is_last:
            return None
        gives_probabilities = True
    return None


def _line_before(node: Any) -> list[Any]:
    """The operations from a node back, as far as each has one input."""
    found = []
    while node is not None:
        found.append(node.operation)
        inputs = node.inputs
        node = inputs[0].node if len(inputs) == 1 else None
    return found
