"""The inputs and outputs of a model as exporters name them."""

from __future__ import annotations

from typing import Any

from corereg.export.network import Value
from corereg.graph.graph import Graph
from corereg.graph.nest import flatten, pack_like
from corereg.graph.tensor import STRING
from corereg.models.sequential import Sequential
from corereg.naming import unused_name


def inputs_of(model: Any, names: set[str] | None = None) -> tuple[list[Value], Any]:
    """The values of a model's inputs in order, and the same nested as the model takes them; names:
    those that are taken, which grow."""
    taken = set() if names is None else names
    if isinstance(model, Sequential) and not model._has_own_call:
        tensor = model.input
        source = tensor.node.operation
        dtype = "int64" if source._gives_int64 else tensor.dtype
        value = Value(unused_name(source.name, taken), tensor.shape, dtype)
        return [value], value
    if model._graph is not None and not model._has_own_call:
        return _of_graph(model, model._graph, taken)
    found: list[Value] = []

    def one(shape: Any, name: str) -> Any:
        if isinstance(shape, dict):
            return {key: one(shape[key], str(key)) for key in sorted(shape, key=str)}
        if isinstance(shape, list):
            return [one(inner, name) for inner in shape]
        found.append(Value(unused_name(name, taken), shape, model.dtype))
        return found[-1]

    nest = one(model._built_shapes[0], "input")
    return found, nest


def _of_graph(model: Any, graph: Graph, taken: set[str]) -> tuple[list[Value], Any]:
    names = _keys(graph.inputs) or model.input_names
    values = [
        Value(unused_name(name, taken), shape, STRING if tensor.dtype == STRING else dtype)
        for name, (shape, dtype, _), tensor in zip(
            names, graph.expected, flatten(graph.inputs), strict=True
        )
    ]
    return values, pack_like(graph.inputs, values)


def output_names(model: Any, found: Any) -> list[str]:
    """The names of a model's outputs, each another one; found: the outputs, nested."""
    keys = _keys(found) or model._output_keys
    count = len(list(flatten(found)))
    names: set[str] = set()
    said = list(keys) if keys and len(keys) == count else ["output"] * count
    return [unused_name(name, names) for name in said]


def _keys(nest: Any) -> list[str] | None:
    """The keys of a dict of tensors, in the order of `flatten`; None for another nest."""
    flat = isinstance(nest, dict) and not any(
        isinstance(one, dict | list | tuple) for one in nest.values()
    )
    return [str(key) for key in sorted(nest, key=str)] if flat else None
