"""Models as Keras 2 described them, and Keras 3 in files in HDF5, in the form of .keras files.

What is older: parts without the module they are from; the shape of the input at the first layer;
calls as lists [layer, call, output, options]; nested models whose calls are counted from 1; names
of arguments; arguments of compile by the place of an output.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corereg import registry
from corereg.metrics.base import ACCURACY
from corereg.saving.keras_files.parts_out import MODULES, kind_at
from corereg.unavailable import UNAVAILABLE

Config = dict[str, Any]

_MODELS = ("Model", "Functional", "Sequential")
_OF_TENSORFLOW = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")
_RENAMED = {
    "LeakyReLU": {"alpha": "negative_slope"},
    "InputLayer": {"batch_input_shape": "batch_shape"},
}
_DROPPED = {
    "BatchNormalization": ("fused", "virtual_batch_size", "adjustment"),
    "Lambda": ("module", "output_shape_type", "output_shape_module", "function_type"),
}
_SHAPE = "batch_input_shape"
_OF_OLD_OPTIMIZERS = ("jit_compile", "is_legacy_optimizer", "schedule_decay")
_OF_OLD_LOSSES = ("fn",)


def is_older(described: Mapping[str, Any]) -> bool:
    """Whether a model is described as Keras 2 did, or in a file in HDF5."""
    return not isinstance(described.get("module"), str)


def modern(described: Any) -> Config:
    """A model, or a layer in a model, as a .keras file has it."""
    if not isinstance(described, Mapping) or not isinstance(described.get("class_name"), str):
        raise ValueError(f"expected a layer or a model, received {described!r:.200}")
    name, config = described.get("registered_name") or described["class_name"], described["config"]
    if isinstance(config, list):  # before Keras 2.2.3
        config = {"name": name.lower(), "layers": config}
    if not isinstance(config, Mapping):
        raise ValueError(
            f"layer {name!r}: expected a config of named values, received {config!r:.200}"
        )
    own = {key: one for key, one in described.items() if key in ("name", "inbound_nodes")}
    if name in _OF_TENSORFLOW:
        called = config.get("function") or config.get("name")
        raise ValueError(
            f"layer {own.get('name')!r}: it calls TensorFlow's {called!r:.60} on a symbolic "
            "tensor; write the graph anew with corereg.ops, and load its weights by load_weights"
        )
    if isinstance(config.get("layers"), list):
        return _part("model" if name in _MODELS else "layer", name, _model(config)) | own
    return _part("layer", name, _layer(name, config)) | own


def _model(config: Mapping[str, Any]) -> Config:
    entries = [modern(one) for one in config["layers"]]
    found = {key: _value(key, one) for key, one in config.items() if key != "layers"}
    if "input_layers" not in config:
        first = config["layers"][0] if entries else {}
        shape = first.get("config", {}).get(_SHAPE) if isinstance(first, Mapping) else None
        if shape is not None and entries[0]["class_name"] != "InputLayer":
            given = {"batch_shape": shape, "name": f"{first['config'].get('name')}_input"}
            entries.insert(0, _part("layer", "InputLayer", given))
        return found | {"layers": entries}
    inner = {one.get("name") for one in entries if isinstance(one["config"].get("layers"), list)}
    for entry in entries:
        nodes = entry.get("inbound_nodes", [])
        entry["inbound_nodes"] = [_call(node, inner) for node in nodes]
    for key in ("input_layers", "output_layers"):
        found[key] = _ends(config.get(key), inner)
    return found | {"layers": entries}


def _call(node: Any, inner: set[Any]) -> Any:
    """A call of a layer. As a list it has an entry for each tensor, and options at the first."""
    if not isinstance(node, list):
        return node  # as Keras 3 writes it
    tensors = [_tensor(one, inner) for one in node]
    options = node[0][3] if node and len(node[0]) > 3 else {}
    kwargs = {
        key: _tensor(one, inner) if _is_history(one) else one
        for key, one in options.items()
        if one is not None and key != "mask"
    }
    return {"args": [tensors if len(tensors) > 1 else tensors[0]], "kwargs": kwargs}


def _is_history(value: Any) -> bool:
    kinds = [type(one) for one in value] if isinstance(value, list) else []
    return kinds[:3] == [str, int, int]


def _tensor(history: Any, inner: set[Any]) -> Config:
    return {
        "class_name": "__keras_tensor__",
        "config": {"keras_history": _history(history, inner)},
    }


def _history(history: Any, inner: set[Any]) -> list[Any]:
    """Which layer, which of its calls, which output. The first call of a nested model was that by
    which it was made."""
    name, call, place = history[:3]
    return [name, call - 1 if name in inner and call > 0 else call, place]


def _ends(given: Any, inner: set[Any]) -> Any:
    """Inputs or outputs: a single one is no list of one."""
    if isinstance(given, Mapping):
        return {key: _ends(one, inner) for key, one in given.items()}
    if _is_history(given):
        return _history(given, inner)
    found = [_ends(one, inner) for one in given]
    return found[0] if len(found) == 1 else found


def _layer(name: str, config: Mapping[str, Any]) -> Config:
    renamed, dropped = _RENAMED.get(name, {}), _DROPPED.get(name, ())
    found = {
        renamed.get(key, key): _value(key, one)
        for key, one in config.items()
        if key not in dropped and (key != _SHAPE or name == "InputLayer")
    }
    axis = found.get("axis")
    if isinstance(axis, list) and len(axis) == 1 and name.endswith("Normalization"):
        found["axis"] = axis[0]
    if name == "Lambda":
        found["function"] = _function(config)
    return found


def _function(config: Mapping[str, Any]) -> Any:
    """The function of a Lambda: by name, or its code, which is run only where files are trusted."""
    given = config.get("function")
    if config.get("function_type") == "lambda" or isinstance(given, list):
        return {"class_name": "__lambda__", "config": {"value": given}}
    return given


def _value(key: str, given: Any) -> Any:
    """A value in a config: parts get their modules."""
    if isinstance(given, list):
        return [_value(key, one) for one in given]
    if not isinstance(given, Mapping) or not isinstance(given.get("class_name"), str):
        return given
    if "Policy" in given["class_name"]:
        return given.get("config", {}).get("name")
    if isinstance(given.get("module"), str):
        return dict(given)
    kind = kind_at(key)
    if key == "layer" or kind == "layer":
        return modern(given)
    return dict(given) if kind is None else _described(kind, given)


def _described(kind: str, given: Mapping[str, Any]) -> Config:
    config = given.get("config") or {}
    found = {key: _value(key, one) for key, one in config.items()}
    if kind == "initializer":
        found.pop("dtype", None)  # of TensorFlow 1
        if found.get("distribution") == "normal":
            found["distribution"] = "truncated_normal"
    return _part(kind, given["class_name"], found)


def _part(kind: str, name: str, config: Config) -> Config:
    """A part with its module, or one of the user's own with its registered name."""
    package, _, own = name.rpartition(">")
    names = UNAVAILABLE.get(MODULES[kind].removeprefix("keras."), {})
    if registry.built_in(kind, own) is None:
        registry.find(kind, own)  # imports it
    known = kind == "model" or registry.built_in(kind, own) is not None or own in names
    if known and (package in ("", "Custom") or kind == "optimizer"):
        return {
            "module": MODULES[kind],
            "class_name": own,
            "config": config,
            "registered_name": None,
        }
    return {"module": None, "class_name": own, "config": config, "registered_name": name}


# ---- compile's arguments ------------------------------------------------------------------------


def modern_compile(given: Any, outputs: list[str]) -> Config | None:
    """What compile was told, as a .keras file has it; None of a model that was not compiled."""
    if not isinstance(given, Mapping) or not given.get("optimizer_config"):
        return None
    found: Config = {"optimizer": _optimizer(given["optimizer_config"])}
    found["loss"] = _each("loss", given.get("loss"))
    found["loss_weights"] = given.get("loss_weights")
    for key in ("metrics", "weighted_metrics"):
        found[key] = _metrics(given.get(key), outputs)
    return found


def _optimizer(given: Any) -> Any:
    if not isinstance(given, Mapping) or "class_name" not in given or "module" in given:
        return given
    name = given["class_name"].rpartition(">")[2]
    config = {k: _value(k, v) for k, v in given["config"].items() if k not in _OF_OLD_OPTIMIZERS}
    if "lr" in config:
        config["learning_rate"] = config.pop("lr")
    decay = config.pop("decay", None)
    if decay and name != "Nadam":  # of which it is another number
        rate = {
            "initial_learning_rate": config.get("learning_rate"),
            "decay_steps": 1,
            "decay_rate": decay,
        }
        config["learning_rate"] = _part("schedule", "InverseTimeDecay", rate)
    if config.get("epsilon", 0) is None:
        del config["epsilon"]
    return _part("optimizer", name, config)


def _each(kind: str, given: Any) -> Any:
    if isinstance(given, list):
        return [_each(kind, one) for one in given]
    if not isinstance(given, Mapping):
        return given
    if "class_name" not in given:
        return {key: _each(kind, one) for key, one in given.items()}
    if isinstance(given.get("module"), str):
        return dict(given)
    config = {k: v for k, v in given.get("config", {}).items() if k not in _OF_OLD_LOSSES}
    if config.get("reduction") == "auto":
        config["reduction"] = "sum_over_batch_size"
    if given["class_name"] == "LossFunctionWrapper":
        return given["config"].get("fn")
    return _part(kind, given["class_name"], config)


def _metrics(given: Any, outputs: list[str]) -> Any:
    """Metrics; in Keras 2 a list for each output, in which names begin with that of the output."""
    if not isinstance(given, list) or not any(isinstance(one, list) for one in given):
        return _each_metric(given, "")
    if len(given) == 1:
        return _each_metric(given[0], "")
    return {
        output: [_each_metric(one, f"{output}_") for one in own if one is not None]
        for output, own in zip(outputs, given, strict=True)
        if own and own != [None]
    }


def _each_metric(given: Any, prefix: str) -> Any:
    if isinstance(given, list):
        return [_each_metric(one, prefix) for one in given if one is not None]
    if isinstance(given, Mapping) and "class_name" not in given:
        return {key: _each_metric(one, prefix) for key, one in given.items()}
    if not isinstance(given, Mapping) or isinstance(given.get("module"), str):
        return given
    config = dict(given.get("config", {}))
    name = str(config.get("name", "")).removeprefix(prefix)
    if given["class_name"] == "MeanMetricWrapper":  # of a function, by its name
        known = name in ACCURACY or name in registry.names("metric")
        return name if known else config.get("fn")
    return _each("metric", {"class_name": given["class_name"], "config": config | {"name": name}})
