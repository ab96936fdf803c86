"""Descriptions of parts as Keras writes them: {"module", "class_name", "config",
"registered_name"}, of corereg's {"class_name", "config"}."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from corereg import activations, registry
from corereg.saving.keras_files.lacking import (
    ARGUMENTS,
    LAYERS,
    PARTS,
    REFUSED,
    UNTAKEN,
    WRAPPERS,
    Lacking,
)

Config = dict[str, Any]

MODULES = {
    "constraint": "keras.constraints",
    "initializer": "keras.initializers",
    "layer": "keras.layers",
    "loss": "keras.losses",
    "metric": "keras.metrics",
    "model": "keras",
    "optimizer": "keras.optimizers",
    "regularizer": "keras.regularizers",
    "schedule": "keras.optimizers.schedules",
}
"""Where Keras has the parts of each kind."""

_KINDS_BY_END = ("initializer", "regularizer", "constraint", "optimizer")
_INPUT = {"sparse": False, "ragged": False, "optional": False}


def kind_at(key: str) -> str | None:
    """The kind of a part that stands under this key of a config, or None."""
    if key == "learning_rate":
        return "schedule"
    if key == "activation":
        return "layer"
    return next((kind for kind in _KINDS_BY_END if key.endswith(f"_{kind}")), None)


def part(kind: str, described: Any, lacking: Lacking, owner: str = "") -> Any:
    """A part of this kind; names, numbers and None stay. owner: whose it is, for errors."""
    if isinstance(described, str):
        return _named(described)
    if not isinstance(described, Mapping) or "class_name" not in described:
        return described
    name, config = described["class_name"], described["config"]
    if is_own(kind, described):
        return own_part(described, lacking)
    if name in PARTS.get(kind, {}):
        lacking.note(f"the {kind} {name}{owner}")
        return PARTS[kind][name]
    if name in WRAPPERS.get(kind, {}):
        lacking.note(f"the {kind} {name}{owner}")
        return part(kind, config[WRAPPERS[kind][name]], lacking, owner)
    translated = {}
    for key, value in config.items():
        if key in ARGUMENTS.get(kind, ()):
            lacking.note(f"the argument {key} of the {kind} {name}")
        else:
            translated[key] = _value(kind, name, key, value, lacking)
    return form(MODULES[kind], name, translated)


def layer(described: Config, lacking: Lacking) -> Config:
    """A layer that is no model."""
    if is_own("layer", described):
        return own_part(described, lacking)
    name, config = described["class_name"], described["config"]
    if name == "InputLayer":
        size = [config.get("batch_size"), *config["shape"]]
        own = {"batch_shape": size, "dtype": config["dtype"], "name": config["name"]}
        return form(MODULES["layer"], name, own | _INPUT)
    who = f"{name} {config.get('name')!r}"
    if name in LAYERS:
        raise lacking.refuse(f"the layer {who}", LAYERS[name])
    if name == "Lambda":
        return _lambda(config, who, lacking)
    owner = f" of {who}"
    translated = {}
    for key, value in config.items():
        if value is not None and key in REFUSED:
            raise lacking.refuse(f"the argument {key}{owner}", REFUSED[key])
        if key in ARGUMENTS["layer"]:
            lacking.note(f"the argument {key}{owner}")
        elif key not in REFUSED and key not in UNTAKEN.get(name, ()):
            translated[key] = _option(name, key, value, lacking, owner)
    if name in ("Hashing", "HashedCrossing") and config["output_mode"] == "int":
        translated["dtype"] = policy("int64")
    return form(MODULES["layer"], name, translated)


def form(module: str | None, name: str, config: Any, registered: str | None = None) -> Config:
    """A description in Keras's form."""
    return {"module": module, "class_name": name, "config": config, "registered_name": registered}


def function(name: str) -> Config:
    """A function by its name."""
    return form("builtins", "function", name, "function")


def policy(dtype: str) -> Config:
    """What a layer computes in."""
    return form("keras", "DTypePolicy", {"name": dtype})


def is_own(kind: str, described: Mapping[str, Any]) -> bool:
    """Whether a part is of a class of the user's own."""
    own = "registered_name" in described
    return own or described["class_name"] not in registry.parts(kind)


def own_part(described: Mapping[str, Any], lacking: Lacking) -> Config:
    """A part of a class of the user's own, which Keras finds by its registered name."""
    name = described["class_name"]
    config = {key: any_value(key, value, lacking) for key, value in described["config"].items()}
    return form(None, name, config, described.get("registered_name", name))


def any_value(key: str, value: Any, lacking: Lacking) -> Any:
    """A value in a config that a user wrote: descriptions of parts in it are translated, if their
    kind is known."""
    if isinstance(value, Mapping):
        if value.keys() >= {"class_name", "config"} and "module" not in value:
            kind = kind_at(key) or _kind_of(value["class_name"])
            if kind is not None:
                return (layer if kind == "layer" else _as(kind))(dict(value), lacking)
        return {own: any_value(own, one, lacking) for own, one in value.items()}
    if isinstance(value, list | tuple):
        return [any_value(key, one, lacking) for one in value]
    if key == "dtype" and value in ("float32", "float64"):
        return policy(value)
    return value


def _as(kind: str) -> Callable[[Any, Lacking], Any]:
    return lambda described, lacking: part(kind, described, lacking)


def _kind_of(name: str) -> str | None:
    return next((kind for kind in MODULES if name in registry.parts(kind)), None)


def _named(name: str) -> Any:
    """A name of Keras's, or that of a function of the user's own."""
    return function(name) if registry.get_registered_object(name) is not None else name


def _value(kind: str, name: str, key: str, value: Any, lacking: Lacking) -> Any:
    """A value in the config of a part that is no layer."""
    if key == "fn" and isinstance(value, str):
        return function(value)
    inner = kind_at(key)
    if inner is not None and isinstance(value, str | Mapping):
        return part(inner, value, lacking, f" of the {kind} {name}")
    return value


def _option(name: str, key: str, value: Any, lacking: Lacking, owner: str) -> Any:
    """A value in the config of a layer."""
    if key == "dtype":
        return policy(value)
    if key == "activation":
        return _activation(value, lacking, owner)
    if name == "Pipeline" and key == "layers":
        return [layer(one, lacking) for one in value]
    kind = kind_at(key)
    return value if kind is None else part(kind, value, lacking, f" in {key}{owner}")


def _activation(value: Any, lacking: Lacking, owner: str) -> Any:
    if isinstance(value, Mapping):
        return layer(dict(value), lacking)
    if isinstance(value, str) and value.startswith("ops."):
        name = value.removeprefix("ops.")
        if name == "gelu" or name not in registry.parts("activation"):
            raise lacking.refuse(
                f"the activation corereg.ops.{name}{owner}",
                "use one of corereg.activations, or call the function on the tensor",
            )
        return name
    known = value is None or value in registry.names("activation")
    return value if known or not isinstance(value, str) else _named(value)


def _lambda(config: Config, who: str, lacking: Lacking) -> Config:
    """A Lambda of a registered function: Keras finds no others again."""
    own = dict(config)
    for key in ("function", "output_shape", "mask"):
        name = own.get(key)
        if not isinstance(name, str):
            continue
        if registry.get_registered_object(name) is None:
            kind, _, short = name.rpartition(".")
            if kind != "activations" or short not in activations.__all__:
                raise lacking.refuse(
                    f"a way to name the function {name!r} of {who} in a file",
                    "call it on the tensor itself, or register a function of your own with "
                    "register_keras_serializable()",
                )
            name = short
        own[key] = function(name)
    if own.get("output_shape") is None:
        own.pop("output_shape", None)
    return form(MODULES["layer"], "Lambda", own | {"dtype": policy(own["dtype"])})
