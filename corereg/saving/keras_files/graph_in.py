"""Models as Keras wrote them, in corereg's form."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from corereg import ops, registry
from corereg.graph.operations import function_of
from corereg.saving.keras_files import feature_spaces
from corereg.saving.keras_files.op_classes import CLASSES, FUNCTIONS
from corereg.saving.keras_files.parts_in import (
    Reading,
    kind_of,
    layer as plain_layer,
    own_part,
    part,
)
from corereg.saving.keras_files.weight_paths import named_class

Config = dict[str, Any]
_COMPILE = ("loss", "metrics", "weighted_metrics")


def model(described: Any, reading: Reading) -> Config:
    """A model, or a layer in a model, with "name" and "inbound_nodes" where it has them."""
    if named_class(described) == feature_spaces.NAME:
        return feature_spaces.read(described, lambda one: plain_layer(one, reading))
    config = described.get("config")
    layers = config.get("layers") if isinstance(config, Mapping) else None
    if not isinstance(config, Mapping) or not isinstance(layers, list):
        if kind_of(described) == "model":
            name = described["class_name"]
            known = registry.find("model", name) is not None
            told = f"a {name} without layers" if known else str(registry.unknown("model", name, ""))
            raise ValueError(f"expected a model that a config can make, received {told}")
        return plain_layer(described, reading)
    builtin = kind_of(described) is not None
    if builtin and registry.find("layer", described["class_name"]) is not None:
        return plain_layer(described, reading)  # a layer that has layers, such as Pipeline
    if builtin and described["class_name"] not in ("Functional", "Model", "Sequential"):
        raise registry.unknown("model", described["class_name"], "")
    own = dict(config)
    own.pop("dtype", None)
    is_graph = "input_layers" in own
    if is_graph:
        own["layers"] = _graph(layers, own.get("output_layers"), reading)
    else:
        own["layers"] = [model(one, reading) for one in layers]
        own["input_shape"] = own.pop("build_input_shape", None)
        own.pop("trainable", None)
    if not builtin:
        return own_part(dict(described) | {"config": {}}, reading) | {"config": own}
    return {"class_name": "Functional" if is_graph else "Sequential", "config": own}


def _graph(entries: list[Any], outputs: Any, reading: Reading) -> list[Config]:
    """The layers and ops of a graph, without ops that nothing is made of."""
    found = []
    for entry in entries:
        if not isinstance(entry.get("inbound_nodes"), list):
            raise ValueError(f"expected a layer with inbound_nodes, received {entry!r:.200}")
        name = entry.get("name")
        known = _function_of(entry)
        if known is None:
            made = model(entry, reading)
            nodes = [_layer_call(node) for node in entry["inbound_nodes"]]
        else:
            made = {"class_name": "Operation", "config": {"name": name, "function": known[0]}}
            nodes = [_op_call(entry, known, node) for node in entry["inbound_nodes"]]
        found.append(made | {"name": name, "inbound_nodes": nodes})
    return _used(found, outputs)


def _function_of(entry: Mapping[str, Any]) -> tuple[str, tuple[str, ...]] | None:
    """The key of the function that stands in a layer's place, and what its config keeps; None for
    a layer."""
    module, name = str(entry.get("module")), str(entry.get("class_name"))
    if module == "keras.src.activations.activations" and name == "ReLU":
        return "activations.relu", ("negative_slope", "max_value", "threshold")
    if not module.startswith(("keras.src.ops.", "keras.ops")):
        return None
    function = FUNCTIONS.get((module.rpartition(".")[2], name))
    if function is None or function not in ops.__all__:
        raise ValueError(f"op {entry.get('name')!r}: corereg has no {name} in a graph")
    if function == "get_item":
        return "operator.get_item", ()
    return f"keras.{function}", CLASSES[function].kept


def _op_call(entry: Mapping[str, Any], known: tuple[str, tuple[str, ...]], node: Any) -> Config:
    """A call of a function: the arguments of Keras's call, and by name those of its config."""
    key, kept = known
    config = entry.get("config", {})
    args = [_argument(one) for one in node["args"]]
    if key == "operator.get_item" and len(args) == 2 and isinstance(args[1], list):
        args[1] = {"class_name": "__tuple__", "items": args[1]}  # JSON has no tuples
    kwargs = {name: _argument(one) for name, one in node.get("kwargs", {}).items()}
    own = {name: _kept(config[name]) for name in kept if name in config}
    if key == "keras.einsum":
        return {"args": [own.pop("subscripts"), *args], "kwargs": kwargs}
    if kept and len(args) > 1:  # in the function's own order they may stand behind what is kept
        signature = inspect.signature(function_of(key))
        own |= zip(
            [one for one in signature.parameters if one not in kept][1:], args[1:], strict=False
        )
        args = args[:1]
    return {"args": args, "kwargs": own | kwargs}


def _kept(value: Any) -> Any:
    """A value out of an op's config: a shape is a tuple."""
    if isinstance(value, Mapping) and value.get("class_name") == "__tuple__":
        value = value["items"]
    if isinstance(value, Mapping) and value.get("class_name") in ("__numpy__", "__tensor__"):
        return _argument(value)
    if isinstance(value, list):
        return {"class_name": "__tuple__", "items": [_kept(one) for one in value]}
    return value


def _layer_call(node: Any) -> Config:
    kwargs = {
        name: _argument(one) for name, one in node.get("kwargs", {}).items() if one is not None
    }
    return {"args": [_argument(one) for one in node["args"]], "kwargs": kwargs}


def _argument(value: Any) -> Any:
    """An argument of a call in the form of corereg's graphs."""
    if isinstance(value, list):
        return [_argument(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    kind = value.get("class_name")
    if kind in ("__numpy__", "__tensor__"):
        given = value["config"]
        return {
            "class_name": "__array__",
            "config": {"value": given["value"], "dtype": given.get("dtype", "float32")},
        }
    if kind == "__tuple__":
        return {"class_name": kind, "items": [_argument(one) for one in value["items"]]}
    if isinstance(kind, str):
        return dict(value)
    return {"class_name": "__dict__", "items": {key: _argument(one) for key, one in value.items()}}


def _used(entries: list[Config], outputs: Any) -> list[Config]:
    """Without the ops that nothing is made of."""
    needed = set(_names(outputs))
    kept = []
    for entry in reversed(entries):  # each stands behind what it takes
        if entry["class_name"] != "Operation" or entry["name"] in needed:
            needed |= set(_names(entry["inbound_nodes"]))
            kept.append(entry)
    return kept[::-1]


def _names(nest: Any) -> Iterator[str]:
    """The names of the layers and ops that a nest of calls takes."""
    if isinstance(nest, Mapping):
        history = nest.get("keras_history")
        if isinstance(history, list) and history:
            yield history[0]
        else:
            for one in nest.values():
                yield from _names(one)
    elif isinstance(nest, list):
        if len(nest) == 3 and isinstance(nest[0], str):
            yield nest[0]
        else:
            for one in nest:
                yield from _names(one)


def compile_arguments(given: Any, reading: Reading) -> Config | None:
    """The arguments of compile, or None of a model that was not compiled."""
    if not isinstance(given, Mapping) or not given.get("optimizer"):
        return None
    found = {"optimizer": part("optimizer", given["optimizer"], reading)}
    for key in _COMPILE:
        kind = "loss" if key == "loss" else "metric"
        found[key] = _each(kind, given.get(key), reading)
    return found | {"loss_weights": given.get("loss_weights")}


def _each(kind: str, given: Any, reading: Reading) -> Any:
    if isinstance(given, list):
        return [_each(kind, one, reading) for one in given]
    if isinstance(given, Mapping) and "class_name" not in given:
        return {name: _each(kind, one, reading) for name, one in given.items()}
    return part(kind, given, reading)
