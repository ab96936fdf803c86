"""clone_model: a model of the same structure, with layers and weights of its own."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from corereg.graph.graph import Graph
from corereg.graph.nest import flatten
from corereg.graph.operations import Operation
from corereg.graph.tensor import SymbolicTensor
from corereg.layers.base import Layer
from corereg.layers.input_layer import InputLayer
from corereg.layers.lookup import deserialize, serialize
from corereg.models.model import Model
from corereg.models.sequential import Sequential


def clone_model(
    model: Model,
    input_tensors: Any = None,
    clone_function: Callable[[Layer], Layer] | None = None,
) -> Model:
    """A model of the same structure with new layers, whose weights begin anew. It is compiled as
    the model is, with an optimizer of its own.

    input_tensors: symbolic tensors to begin with, in place of new inputs; clone_function: gives
    each layer's clone, by default a layer of its class from its config. A subclass with a `call` of
    its own is made from its config. TypeError for what is no Model, ValueError for input_tensors
    or a clone_function of such a subclass.

    >>> model = corereg.Sequential([corereg.Input((4,)), layers.Dense(3)], name="m")
    >>> copy = models.clone_model(model)
    >>> copy.layers[0] is model.layers[0]
    False
    """
    if not isinstance(model, Model):
        raise TypeError(f"clone_model: expected a Model, received {type(model).__name__}")
    made = _clone_structure(model, input_tensors, clone_function)
    told, optimizer = model._trainer.compilation, model.optimizer
    if optimizer is not None:
        loss, metrics, weighted = copy.deepcopy(
            (told.loss, told.requested_metrics, told.requested_weighted_metrics)
        )
        made.compile(
            optimizer=type(optimizer).from_config(optimizer.get_config()),
            loss=loss,
            loss_weights=told.loss_weights,
            metrics=metrics,
            weighted_metrics=weighted,
            run_eagerly=told.run_eagerly,
            log_penalties=told.log_penalties,
            matmul_precision=told.matmul_precision,
            steps_per_execution=told.steps_per_execution,
        )
    return made


def _clone_structure(
    model: Model, input_tensors: Any, clone_function: Callable[[Layer], Layer] | None
) -> Model:
    graph = model._graph
    plain = input_tensors is None and clone_function is None
    if model._clones_by_config and plain:
        return type(model).from_config(model.get_config())
    if model._has_own_call or (graph is None and not isinstance(model, Sequential)):
        if not plain:
            raise ValueError(
                f"clone_model: expected a graph of layers, received {model.who}, which has a call "
                "of its own; leave out input_tensors and clone_function"
            )
        return type(model).from_config(model.get_config())
    clone = clone_function or _same
    if graph is not None:
        return _clone_graph(model, graph, input_tensors, clone)
    assert isinstance(model, Sequential)
    layers: list[Any] = [
        clone(layer) for layer in model._stack if not isinstance(layer, InputLayer)
    ]
    if input_tensors is not None:
        layers = [*flatten(input_tensors), *layers]
    elif model._source is not None:
        layers = [_same(model._source.node.operation), *layers]
    return Sequential(layers, name=model.name)


def _symbolic(operation: Any) -> Any:
    return operation.on_symbolic if isinstance(operation, Operation) else operation


def _same(layer: Layer) -> Layer:
    return deserialize(serialize(layer), {type(layer).__name__: type(layer)})


def _clone_graph(
    model: Model, graph: Graph, input_tensors: Any, clone: Callable[[Layer], Layer]
) -> Model:
    made: dict[int, Any] = {}

    def cloned(operation: Any) -> Any:
        if id(operation) not in made:
            made[id(operation)] = (
                Operation(operation.key, operation.name)
                if isinstance(operation, Operation)
                else clone(operation)
            )
        return made[id(operation)]

    if input_tensors is None:
        inputs: list[SymbolicTensor] = [_same(node.operation).output for node in graph.sources]
    else:
        inputs = list(flatten(input_tensors))
    if len(inputs) != len(graph.sources):
        raise ValueError(
            f"clone_model: expected {len(graph.sources)} input_tensors, received {len(inputs)}"
        )
    for operation in graph.operations:
        if not isinstance(operation, InputLayer):
            cloned(operation)
    outputs = graph.rerun(inputs, lambda node: _symbolic(cloned(node.operation)))
    given = iter(inputs)
    nest = graph.like_inputs(lambda: next(given))
    return Model(nest, outputs, name=model.name)
