"""Graphs of layers to configs in Keras's form, and back.

    {"name", "trainable", "layers": [...], "input_layers", "output_layers"}

Each of "layers" is a layer, or an op in a layer's place, with "inbound_nodes": the arguments of
each of its calls. A symbolic tensor in there is {"class_name": "__keras_tensor__", "config":
{"shape", "dtype", "keras_history": [name of the layer, which of its calls, which output]}}.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.graph.graph import Graph
from corereg.graph.nest import flatten
from corereg.graph.node import Node
from corereg.graph.operations import Operation
from corereg.graph.tensor import SymbolicTensor
from corereg.layers.base import Layer
from corereg.layers.input_layer import InputLayer
from corereg.layers.lookup import Prepare, deserialize, inside, serialize, take_prepare

Config = dict[str, Any]
_KEYS = {"layers", "input_layers", "output_layers"}


def own_config(model: Any) -> Config:
    """The arguments of every model, as far as the class's `__init__` takes them."""
    code = type(model).__init__.__code__
    taken = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    any_name = bool(code.co_flags & 8)  # inspect.CO_VARKEYWORDS
    whole = {"name": model.name, "trainable": model.trainable}
    return {key: value for key, value in whole.items() if any_name or key in taken}


def is_graph_config(cls: type, config: Mapping[str, Any]) -> bool:
    """Whether a config describes a graph that this class can be made of."""
    return isinstance(config, dict) and config.keys() >= _KEYS


# ---- to a config --------------------------------------------------------------------------------


def graph_config(model: Any) -> Config:
    """What `Model.get_config` gives for a graph."""
    graph: Graph = model._graph
    calls: dict[int, list[Node]] = defaultdict(list)
    places: dict[int, tuple[str, int]] = {}
    for node in (*graph.sources, *graph.calls):
        places[id(node)] = (node.operation.name, len(calls[id(node.operation)]))
        calls[id(node.operation)].append(node)

    def history(tensor: SymbolicTensor) -> list[Any]:
        return [*places[id(tensor.node)], tensor.place]

    def argument(one: Any) -> Any:
        if isinstance(one, SymbolicTensor):
            where = {"shape": list(one.shape), "dtype": one.dtype, "keras_history": history(one)}
            return {"class_name": "__keras_tensor__", "config": where}
        return _to_json(one, argument)

    layers = []
    for operation in graph.operations:
        entry = _entry(operation)
        entry["name"] = operation.name
        entry["inbound_nodes"] = [
            {
                "args": [argument(one) for one in node.args],
                "kwargs": {key: argument(one) for key, one in node.kwargs.items()},
            }
            for node in calls[id(operation)]
            if node not in graph.sources
        ]
        layers.append(entry)
    return {
        "name": model.name,
        "trainable": model._trainable,
        "layers": layers,
        "input_layers": _map_tensors(history, graph.inputs),
        "output_layers": _map_tensors(history, graph.outputs),
    }


def _map_tensors(function: Callable[[Any], Any], nest: Any) -> Any:
    """The function's result for each tensor, in lists and dicts: JSON has no tuples."""
    if isinstance(nest, dict):
        return {key: _map_tensors(function, one) for key, one in nest.items()}
    if isinstance(nest, list | tuple):
        return [_map_tensors(function, one) for one in nest]
    return function(nest)


def _entry(operation: Any) -> Config:
    if isinstance(operation, Operation):
        return {
            "class_name": "Operation",
            "config": {"name": operation.name, "function": operation.key},
        }
    return serialize(operation)


def _to_json(value: Any, convert: Callable[[Any], Any]) -> Any:
    """An argument of a call for JSON, which has no tuples, slices and arrays."""
    if isinstance(value, dict):
        return {"class_name": "__dict__", "items": {k: convert(v) for k, v in value.items()}}
    if isinstance(value, tuple):
        return {"class_name": "__tuple__", "items": [convert(one) for one in value]}
    if isinstance(value, list):
        return [convert(one) for one in value]
    if isinstance(value, slice):
        ends = {"start": value.start, "stop": value.stop, "step": value.step}
        return {"class_name": "__slice__", "config": ends}
    if value is Ellipsis:
        return {"class_name": "__ellipsis__"}
    if isinstance(value, Tensor | np.ndarray):
        array = np.asarray(value.data if isinstance(value, Tensor) else value)
        whole = {"value": array.tolist(), "dtype": str(array.dtype)}
        return {"class_name": "__array__", "config": whole}
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(
        f"get_config: expected arguments of calls that a file can hold, received {value!r}; make "
        "them part of a layer"
    )


# ---- and back -----------------------------------------------------------------------------------


def from_graph_config(cls: type, config: Config, custom_objects: Mapping[str, Any] | None) -> Any:
    """The model of a config that `graph_config` gave."""
    prepare = take_prepare()
    operations: dict[str, Any] = {}
    calls: dict[str, list[Node]] = {}
    waiting: list[tuple[str, Config]] = []
    position = 0  # among the layers
    for entry in config["layers"]:
        operation = _operation(entry, custom_objects, inside(prepare, position))
        if isinstance(operation, Layer):
            if prepare is not None:
                operation = prepare(str(position), operation)
            position += 1
        if operation.name in operations:
            raise ValueError(f"expected a layer named {operation.name!r} once")
        if isinstance(operation, InputLayer):
            calls[operation.name] = [operation.output.node]
        operations[operation.name] = operation
        waiting += [(operation.name, node) for node in entry["inbound_nodes"]]
    _call_all(operations, calls, waiting)

    def tensor(where: Any) -> SymbolicTensor:
        name, call, place = where
        found: SymbolicTensor = _output(calls[name][call], place)
        return found

    inputs, outputs = (_map_histories(tensor, config[key]) for key in _KEYS_OF_ENDS)
    named = {} if "trainable" not in config else {"trainable": config["trainable"]}
    return cls(inputs=inputs, outputs=outputs, name=config.get("name"), **named)


_KEYS_OF_ENDS = ("input_layers", "output_layers")


def _operation(
    entry: Config, custom_objects: Mapping[str, Any] | None, prepare: Prepare | None
) -> Any:
    if entry["class_name"] != "Operation":
        return deserialize(entry, custom_objects, prepare=prepare)
    given = entry["config"]
    return Operation(given["function"], given["name"])


def _call_all(
    operations: dict[str, Any], calls: dict[str, list[Node]], waiting: list[tuple[str, Config]]
) -> None:
    """Makes every call as soon as what it takes is there, and of one layer in their order."""
    blocked: dict[tuple[str, int], list[tuple[str, int, Config]]] = defaultdict(list)
    counts: dict[str, int] = defaultdict(int)
    ready: list[tuple[str, int, Config]] = []
    for name, node in waiting:
        ready.append((name, counts[name], node))
        counts[name] += 1
    ready.reverse()
    left = len(ready)
    while ready:
        name, index, node = ready.pop()
        missing = None
        if len(calls.setdefault(name, [])) != index:
            missing = (name, index - 1)
        for where in _histories(node):
            if len(calls.get(where[0], ())) <= where[1]:
                missing = (where[0], where[1])
        if missing is not None:
            blocked[missing].append((name, index, node))
            continue
        calls[name].append(_call(operations[name], node, calls))
        left -= 1
        ready += reversed(blocked.pop((name, index), []))
    if left:
        raise ValueError(f"expected calls that follow from each other; {left} depend on none")


def _call(operation: Any, node: Config, calls: dict[str, list[Node]]) -> Node:
    args = tuple(_from_json(one, calls) for one in node["args"])
    kwargs = {key: _from_json(one, calls) for key, one in node["kwargs"].items()}
    call = operation.on_symbolic if isinstance(operation, Operation) else operation
    made: Node = next(flatten(call(*args, **kwargs))).node
    return made


def _output(node: Node, place: int) -> Any:
    return list(flatten(node.outputs))[place]


def _histories(node: Any) -> list[Any]:
    """What a call takes of other calls."""
    found: list[Any] = []
    left = [node]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            if one.get("class_name") == "__keras_tensor__":
                found.append(one["config"]["keras_history"])
            else:
                left += one.values()
        elif isinstance(one, list | tuple):
            left += one
    return found


def _from_json(value: Any, calls: dict[str, list[Node]]) -> Any:
    if isinstance(value, list | tuple):
        return [_from_json(one, calls) for one in value]
    if not isinstance(value, dict):
        return value
    kind = value.get("class_name")
    if kind == "__keras_tensor__":
        name, call, place = value["config"]["keras_history"]
        return _output(calls[name][call], place)
    if kind == "__tuple__":
        return tuple(_from_json(one, calls) for one in value["items"])
    if kind == "__dict__":
        return {key: _from_json(one, calls) for key, one in value["items"].items()}
    if kind == "__slice__":
        ends = value["config"]
        return slice(ends["start"], ends["stop"], ends["step"])
    if kind == "__ellipsis__":
        return Ellipsis
    if kind == "__array__":
        return np.array(value["config"]["value"], value["config"]["dtype"])
    raise ValueError(f"expected an argument of a call, received {value!r}")


def _map_histories(function: Callable[[Any], Any], nest: Any) -> Any:
    """The function's result for each [name, call, output] in a nest."""
    if isinstance(nest, dict):
        return {key: _map_histories(function, one) for key, one in nest.items()}
    if len(nest) == 3 and isinstance(nest[0], str):
        return function(nest)
    return [_map_histories(function, one) for one in nest]
