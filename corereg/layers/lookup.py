"""Layers to what files hold, and back."""

from __future__ import annotations

import contextlib
from _thread import _local
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from corereg import registry
from corereg.layers.base import Layer

_preparing = _local()


@contextlib.contextmanager
def preparing(prepare: Prepare | None) -> Iterator[None]:
    """Inside, the model that is made next, in this thread, prepares its layers so."""
    before = getattr(_preparing, "prepare", None)
    _preparing.prepare = prepare
    try:
        yield
    finally:
        _preparing.prepare = before


def take_prepare() -> Prepare | None:
    """What `preparing` was given for the model that is made now; for no other."""
    found: Prepare | None = getattr(_preparing, "prepare", None)
    _preparing.prepare = None
    return found


def inside(prepare: Prepare | None, place: int) -> Prepare | None:
    """`prepare` for the layers inside the layer at a place."""
    if prepare is None:
        return None
    return lambda inner, layer: prepare(f"{place}/{inner}", layer)


def serialize(layer: Layer) -> registry.Config:
    """As {"class_name", "config"}. TypeError for what is no Layer.

    >>> layers.serialize(layers.Dropout(0.5, name="drop"))["class_name"]
    'Dropout'
    """
    if not isinstance(layer, Layer):
        raise TypeError(f"layers.serialize: expected a Layer, received {layer!r}")
    found = registry.serialize("layer", layer)
    assert isinstance(found, dict)  # only functions are described by a name
    if found["class_name"] == "Model":
        found["class_name"] = "Functional"  # as Keras calls a graph
    return found


Prepare = Callable[[str, Layer], Layer]
"""Called with the place of each layer, "2" or inside a model "2/0", before it is built; gives the
layer to take there: it, or another one where several models share a layer."""


def deserialize(
    config: Any, custom_objects: Mapping[str, Any] | None = None, *, prepare: Prepare | None = None
) -> Layer:
    """What `serialize` gave, as a layer again, with fresh weights. A model is a layer, too.

    custom_objects: {name: class} for layers, regularizers and so on of the user's own. prepare: for
    the layers inside a model. ValueError for a class that is not known, TypeError for one that
    makes no Layer.

    >>> layers.deserialize({"class_name": "Dropout", "config": {"rate": 0.5}})
    Dropout(0.5)
    """
    kind = "layer"
    if isinstance(config, Mapping) and isinstance(config.get("class_name"), str):
        with registry.custom_object_scope(custom_objects):
            name = config["class_name"]
            if registry.find("layer", name) is None and registry.find("model", name) is not None:
                kind = "model"
    with preparing(prepare):
        made = registry.deserialize(kind, config, custom_objects)
    if not isinstance(made, Layer):
        name = config.get("class_name")
        raise TypeError(f"layer {name!r}: expected a Layer, received {type(made).__name__}")
    return made
