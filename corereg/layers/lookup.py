"""Layers to what files hold, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corereg import registry
from corereg.layers.base import Layer


def serialize(layer: Layer) -> registry.Config:
    """As {"class_name", "config"}. TypeError for what is no Layer."""
    if not isinstance(layer, Layer):
        raise TypeError(f"layers.serialize: expected a Layer, received {layer!r}")
    found = registry.serialize("layer", layer)
    assert isinstance(found, dict)  # only functions are described by a name
    if found["class_name"] == "Model":
        found["class_name"] = "Functional"  # as Keras calls a graph
    return found


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Layer:
    """What `serialize` gave, as a layer again, with fresh weights. A model is a layer, too.

    custom_objects: {name: class} for layers, regularizers and so on of the user's own. ValueError
    for a class that is not known, TypeError for one that makes no Layer.
    """
    kind = "layer"
    if isinstance(config, Mapping) and isinstance(config.get("class_name"), str):
        with registry.custom_object_scope(custom_objects):
            name = config["class_name"]
            if registry.find("layer", name) is None and registry.find("model", name) is not None:
                kind = "model"
    made = registry.deserialize(kind, config, custom_objects)
    if not isinstance(made, Layer):
        name = config.get("class_name")
        raise TypeError(f"layer {name!r}: expected a Layer, received {type(made).__name__}")
    return made
