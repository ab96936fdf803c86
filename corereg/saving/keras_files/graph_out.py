"""Models as Keras writes them: graphs of layers and ops, stacks, and models of the user's own."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from corereg.graph.operations import function_of, public_function
from corereg.layers.base import Layer
from corereg.layers.lookup import serialize
from corereg.saving.keras_files import feature_spaces
from corereg.saving.keras_files.lacking import Lacking
from corereg.saving.keras_files.op_classes import CLASSES, OpClass
from corereg.saving.keras_files.parts_out import (
    form,
    is_own,
    layer as plain_layer,
    own_part,
    policy,
)

Config = dict[str, Any]

_FUNCTIONAL = "keras.src.models.functional"
_OPERATORS = {"absolute", "add", "floor_divide", "get_item", "greater", "greater_equal", "less"}
_OPERATORS |= {"less_equal", "matmul", "mod", "multiply", "negative", "power", "subtract"}
_OPERATORS |= {"true_divide"}
_EXPONENTIAL = {"exponential": "exp", "linear": "copy", "swish": "silu"}


def model(of: Any, lacking: Lacking) -> Config:
    """A whole model; of: the model itself."""
    return _layer(serialize(of), of, lacking)


def _layer(described: Config, of: Any, lacking: Lacking) -> Config:
    """A layer or a model, and the shape for which it was built."""
    if feature_spaces.is_space(of):
        return feature_spaces.written(of, lacking)
    own = {"class_name": described["class_name"], "config": described["config"]}
    if "registered_name" in described:
        own["registered_name"] = described["registered_name"]
    inner = own["config"].get("layers") if hasattr(of, "_trainer") else None
    if not isinstance(inner, list):
        kind = "model" if hasattr(of, "_trainer") else "layer"
        found = own_part(own, lacking) if kind == "model" else plain_layer(own, lacking)
    else:
        if own["class_name"] == "Ensemble" and not is_own("model", own):
            raise lacking.refuse("the model Ensemble", "save to a .corereg file")
        stack = "input_layers" not in own["config"]
        config = (_stack if stack else _graph)(own["config"], of, lacking)
        name, custom = own["class_name"], is_own("model", own | {"class_name": _known(own)})
        if custom:
            found = form(None, name, config, own.get("registered_name", name))
        elif stack:
            found = form("keras", "Sequential", config)
        else:
            found = form(_FUNCTIONAL, "Functional", config, "Functional")
    shapes = of._built_shapes
    if shapes and len(shapes) == 1 and found["class_name"] not in ("InputLayer", "Functional"):
        found["build_config"] = {"input_shape": _as_list(shapes[0])}
    return found


def _known(own: Config) -> str:
    """The class's name in the registry."""
    return "Model" if own["class_name"] == "Functional" else str(own["class_name"])


def _stack(config: Config, of: Any, lacking: Lacking) -> Config:
    """The config of a Sequential. Its first layer is the input, once that is known."""
    shape, layers = config["input_shape"], []
    if shape is not None and not (
        config["layers"] and config["layers"][0]["class_name"] == "InputLayer"
    ):
        source = of._source
        own = {"name": source.node.operation.name, "shape": shape[1:], "dtype": source.dtype}
        own["batch_size"] = shape[0]
        layers.append(plain_layer({"class_name": "InputLayer", "config": own}, lacking))
    pairs = zip(config["layers"], of._stack, strict=True)
    layers += [_layer(entry, one, lacking) for entry, one in pairs]
    found: Config = {"name": config["name"], "trainable": of.trainable, "dtype": policy(of.dtype)}
    found["layers"] = layers
    return found if shape is None else found | {"build_input_shape": shape}


def _graph(config: Config, of: Any, lacking: Lacking) -> Config:
    """The config of a graph."""
    layers = []
    for entry, operation in zip(config["layers"], of._graph.operations, strict=True):
        if isinstance(operation, Layer):
            found = _layer(entry, operation, lacking)
            found["name"] = entry["name"]
            found["inbound_nodes"] = [_call(node) for node in entry["inbound_nodes"]]
        else:
            found = _op(entry, lacking)
        layers.append(found)
    return config | {"layers": layers}


def _op(entry: Config, lacking: Lacking) -> Config:
    """A use of a function in a layer's place: what Keras's class keeps, and the calls."""
    key, name = entry["config"]["function"], entry["name"]
    known, bound = _class_of(key, lacking)
    kept: Config = {}
    calls = []
    for node in entry["inbound_nodes"]:
        arguments = bound(node)
        kept = {one: _argument(arguments.pop(one)) for one in known.kept if one in arguments}
        args: list[Any] = []
        for one in arguments.values():
            args += one if isinstance(one, _Several) else [one]
        calls.append(_call({"args": args, "kwargs": {}}))
    home = "keras.src.activations.activations" if known.module == "activations" else None
    module = home or f"keras.src.ops.{known.module}"
    found = form(module, known.name, {"name": name, **kept}, known.name)
    return found | {"name": name, "inbound_nodes": calls}


class _Several(list[Any]):
    """The arguments of a parameter such as *operands."""


def _class_of(key: str, lacking: Lacking) -> Any:
    """Keras's class for a function, and what names the arguments of a call of it."""
    package, _, name = key.rpartition(".")
    refusal = lacking.refuse(
        f"a class for the function {key!r} in a graph with such arguments",
        f"use one of corereg.ops{' or a layer' if package == 'activations' else ''}",
    )
    if package == "keras":
        if name not in CLASSES:
            raise refusal
        signature = inspect.signature(public_function(key))
        return CLASSES[name], lambda node: _bound(signature, node)
    if package == "operator" and name in _OPERATORS:
        return CLASSES[name], lambda node: dict(enumerate(node["args"]))
    if package == "activations":
        return _activation(name, inspect.signature(function_of(key)), refusal)
    # in PyTorch's words: only where no other word than the tensor is said
    plain = CLASSES.get(name)
    if plain is None or (plain.kept and name not in ("sum", "mean", "max", "min", "prod")):
        raise refusal

    def alone(node: Config) -> Any:
        if len(node["args"]) > (1 if plain.kept else 2) or node["kwargs"]:
            raise refusal
        return dict(enumerate(node["args"]))

    return plain, alone


def _activation(name: str, signature: inspect.Signature, refusal: ValueError) -> Any:
    """An activation, of which Keras makes the class of an op where it has one."""
    known = CLASSES.get(_EXPONENTIAL.get(name, name))

    def bound(node: Config) -> Config:
        found = _bound(signature, node)
        extra = [key for key in list(found)[1:] if known is None or key not in known.kept]
        for key in extra:
            if found.pop(key) != signature.parameters[key].default:
                raise refusal
        return found

    if name == "relu":
        whole = OpClass("activations", "ReLU", ("negative_slope", "max_value", "threshold"))
        return whole, lambda node: _bound(signature, node)
    if known is None:
        raise refusal
    return known, bound


def _bound(signature: inspect.Signature, node: Config) -> Config:
    """The arguments of a call by name, defaults included, but for those that may be left out."""
    arguments = signature.bind(*node["args"], **node["kwargs"])
    arguments.apply_defaults()
    found: Config = {}
    for key, value in arguments.arguments.items():
        parameter = signature.parameters[key]
        if parameter.kind is parameter.VAR_POSITIONAL:
            found[key] = _Several(value)
        elif parameter.kind is parameter.VAR_KEYWORD:
            found |= value
        else:
            found[key] = value
    return found


def _call(node: Config) -> Config:
    """The arguments of a call as Keras has them: its tuples are lists."""
    kwargs = {key: _argument(one) for key, one in node["kwargs"].items()}
    return {"args": [_argument(one) for one in node["args"]], "kwargs": kwargs}


def _argument(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_argument(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    kind = value.get("class_name")
    if kind == "__tuple__":
        return [_argument(one) for one in value["items"]]
    if kind == "__dict__":
        return {key: _argument(one) for key, one in value["items"].items()}
    if kind == "__array__":
        return {"class_name": "__numpy__", "config": value["config"]}
    if kind == "__ellipsis__":
        return {"class_name": "__ellipsis__", "config": {}}
    return value


def _as_list(shape: Any) -> Any:
    if isinstance(shape, Mapping):
        return {key: _as_list(one) for key, one in shape.items()}
    return [_as_list(one) for one in shape] if isinstance(shape, list | tuple) else shape
