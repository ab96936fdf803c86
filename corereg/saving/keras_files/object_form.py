"""Keras's `serialize_keras_object` and `deserialize_keras_object`: any part as a dict for JSON."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from corereg import registry
from corereg.autograd import Tensor
from corereg.layers.base import Layer
from corereg.layers.lookup import deserialize as deserialize_layer
from corereg.saving.keras_files import graph_in, graph_out
from corereg.saving.keras_files.lacking import Lacking
from corereg.saving.keras_files.parts_in import Reading, is_function, kind_of, own_part, part
from corereg.saving.keras_files.parts_out import (
    MODULES,
    function,
    own_part as own_form,
    part as form,
)

_PLAIN = (type(None), bool, int, float, str)


def serialize_keras_object(obj: Any) -> Any:
    """obj in the form in which Keras's files have it.

    A part of a model, such as a layer, a model, a loss or an optimizer, becomes {"module",
    "class_name", "config", "registered_name"}; lists, tuples and dicts are gone through; a function
    is described by its name, an array by its values. TypeError for what has no get_config,
    ValueError for a part that Keras does not have.

    >>> saving.serialize_keras_object(layers.Dense(3))["class_name"]
    'Dense'
    """
    if isinstance(obj, np.generic):
        return obj.item()
    if isinstance(obj, _PLAIN):
        return obj
    if isinstance(obj, list | tuple):
        return type(obj)(serialize_keras_object(one) for one in obj)
    if isinstance(obj, dict):
        return {key: serialize_keras_object(one) for key, one in obj.items()}
    if isinstance(obj, slice):
        ends = {"start": obj.start, "stop": obj.stop, "step": obj.step}
        return {"class_name": "__slice__", "config": ends}
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, np.ndarray | Tensor):
        kind = "__tensor__" if isinstance(obj, Tensor) else "__numpy__"
        array = np.asarray(obj.data if isinstance(obj, Tensor) else obj)
        return {"class_name": kind, "config": {"value": array.tolist(), "dtype": str(array.dtype)}}
    return _part(obj)


def _part(obj: Any) -> Any:
    lacking = Lacking("serialize_keras_object", portable=False)
    if isinstance(obj, Layer):
        return graph_out.model(obj, lacking)
    if not isinstance(obj, type) and callable(obj) and hasattr(obj, "__name__"):
        return function(_name_of(obj))
    kinds = [kind for kind in MODULES if type(obj) in registry.parts(kind).values()]
    described = registry.serialize(kinds[0] if kinds else "part", obj)
    if kinds:
        return form(kinds[0], described, lacking)
    assert isinstance(described, dict)
    return own_form(described, lacking)


def _name_of(obj: Any) -> str:
    registered = registry.registered_function(obj)
    if registered is not None:
        return registered
    if any(getattr(obj, "__name__", "") in registry.names(kind) for kind in _FUNCTIONS):
        return str(obj.__name__)
    raise TypeError(
        f"serialize_keras_object: cannot describe the function {obj!r}; decorate it with "
        "register_keras_serializable()"
    )


_FUNCTIONS = ("activation", "loss", "metric")


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """The object that `serialize_keras_object`, corereg's or Keras's, described.

    custom_objects: {name: class or function} for those of the user's own. safe_mode: False runs the
    Python code of a lambda. ValueError for names that are not known, TypeError for what is no
    description.

    >>> saving.deserialize_keras_object(saving.serialize_keras_object(layers.Dense(3)))
    Dense(3)
    """
    if isinstance(config, _PLAIN):
        return config
    if isinstance(config, list | tuple):
        return type(config)(
            deserialize_keras_object(one, custom_objects, safe_mode) for one in config
        )
    if not isinstance(config, dict):
        raise TypeError(
            f"deserialize_keras_object: expected what serialize_keras_object gave, received "
            f"{config!r:.200}"
        )
    with registry.custom_object_scope(custom_objects):
        return _object(config, safe_mode)


def _object(config: dict[str, Any], safe_mode: bool) -> Any:
    name = config.get("class_name")
    if name is None or "config" not in config:
        return {key: deserialize_keras_object(one, None, safe_mode) for key, one in config.items()}
    given = config["config"]
    if name in ("__numpy__", "__tensor__"):
        array = np.array(given["value"], given.get("dtype"))
        return Tensor(array) if name == "__tensor__" else array
    if name == "__slice__":
        return slice(given["start"], given["stop"], given["step"])
    if name == "__ellipsis__":
        return Ellipsis
    if is_function(config):
        return _function(given)
    reading = Reading(safe_mode)
    kind = kind_of(config)
    if kind in ("layer", "model") or _is_layer(config):
        described = graph_in.model(config, reading)
        return deserialize_layer({key: described[key] for key in described if key != "name"})
    if kind is not None:
        return registry.deserialize(kind, part(kind, config, reading))
    return registry.deserialize("layer", own_part(config, reading))


def _is_layer(config: dict[str, Any]) -> bool:
    """Whether a class of the user's own is a layer."""
    names = (config.get("registered_name"), config.get("class_name"))
    found = next((one for n in names if n and (one := registry.get_registered_object(n))), None)
    return isinstance(found, type) and issubclass(found, Layer)


def _function(name: str) -> Any:
    found = registry.get_registered_object(name)
    for kind in _FUNCTIONS:
        if found is None and name in registry.names(kind):
            found = getattr(importlib.import_module(registry.PACKAGES[kind]), name, None)
    if found is None:
        raise ValueError(
            f"deserialize_keras_object: unknown function {name!r}; pass custom_objects={{name: "
            "function}, or decorate it with register_keras_serializable()"
        )
    return found
