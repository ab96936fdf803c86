"""Where in Keras's HDF5 file each layer of a model has its weights: the way to it from the model.

The layers of a Sequential and of a graph are at layers/<class in snake_case>, with _1, _2, ... from
the second of a class on. Layers that a layer or a model of the user's own holds are under the names
of the attributes, those in lists, tuples and dicts under their classes' names within these. A layer
that is reached in two ways is where it is found first; private attributes are looked at last.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from corereg import registry
from corereg.layers.base import Layer
from corereg.metrics.base import Metric
from corereg.naming import snake_case
from corereg.saving.keras_files.feature_spaces import NAME as SPACE, is_space


class Names:
    """Names in a list: a class in snake_case, numbered from the second on."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def next(self, kind: str) -> str:
        """The name of the next one of this kind."""
        count = self._counts.get(kind, 0)
        self._counts[kind] = count + 1
        return f"{kind}_{count}" if count else kind


def places(model: Any) -> list[tuple[str, Any]]:
    """Every layer and metric that Keras keeps, once, with its path; the model itself is at ""."""
    found: list[tuple[str, Any]] = []
    visited: set[int] = set()
    waiting: list[tuple[str, Any]] = [("", model)]
    while waiting:
        path, one = waiting.pop()
        if id(one) in visited:
            continue
        visited.add(id(one))
        if isinstance(one, Layer | Metric):
            found.append((path, one))
        waiting += reversed([(_joined(path, name), child) for name, child in _children(one)])
    return found


def config_places(config: Any, path: str = "", place: str = "") -> Iterator[tuple[str, str, Any]]:
    """Of a model's config in Keras's form: the place of each layer, "2" or in a model "2/0", its
    path and its entry."""
    names, position = Names(), 0
    is_graph = "input_layers" in config
    for entry in config.get("layers", ()):
        kind = named_class(entry)
        if _is_op(entry):
            continue
        if kind == "InputLayer" and not is_graph:
            continue
        own_path = _joined(path, f"layers/{names.next(snake_case(kind))}")
        own_place = f"{place}/{position}" if place else str(position)
        position += 1
        yield own_place, own_path, entry
        inner = entry.get("config")
        if isinstance(inner, Mapping) and isinstance(inner.get("layers"), list):
            yield from config_places(inner, own_path, own_place)


def named_class(entry: Any) -> str:
    """The name of the class that a config describes; ValueError if it is no such config."""
    name = entry.get("class_name") if isinstance(entry, Mapping) else None
    if not isinstance(name, str):
        raise ValueError(f"expected a layer or a model, received {entry!r:.200}")
    return name


def layer_entries(config: Any) -> Iterator[tuple[str, Any]]:
    """The path of each feature's layer in Keras's file, and its description."""
    inner = config.get("config")
    features = inner.get("features") if isinstance(inner, Mapping) else None
    if config.get("class_name") != SPACE or not isinstance(features, Mapping):
        return
    names = Names()
    for one in features.values():
        entry = one["config"]["preprocessor"]
        yield f"preprocessors/{names.next(snake_case(entry['class_name']))}", entry


def _is_op(entry: Mapping[str, Any]) -> bool:
    return str(entry.get("module")).startswith(("keras.src.ops.", "keras.src.activations."))


def _joined(path: str, name: str) -> str:
    return f"{path}/{name}" if path else name


def _children(one: Any) -> Iterator[tuple[str, Any]]:
    """What Keras visits below a layer or a container, by name."""
    if isinstance(one, dict | list | tuple):
        yield from _in_container(one.values() if isinstance(one, dict) else one)
        return
    if not isinstance(one, Layer):
        return
    if is_space(one):
        for name in ("concat", "crossers", "one_hot_encoders", "preprocessors"):
            yield name, getattr(one, name)
        return
    is_stack = isinstance(one, _sequential())
    if is_stack or getattr(one, "_graph", None) is not None:
        yield "layers", list(one.layers)  # type: ignore[attr-defined]
    attributes = {name: value for name, value in vars(one).items() if name not in _internal()}
    if "activation" in dir(type(one)):  # a property of built-in layers
        attributes["activation"] = one.activation  # type: ignore[attr-defined]
        attributes.pop("_activation", None)
    if hasattr(one, "_trainer") and not is_stack:
        attributes["layers"] = list(one.layers)  # type: ignore[attr-defined]
    for name in sorted(attributes, key=lambda name: f"~{name}" if name[0] == "_" else name):
        if isinstance(attributes[name], Layer | Metric | dict | list | tuple):
            yield name, attributes[name]


def _in_container(values: Any) -> Iterator[tuple[str, Any]]:
    names = Names()
    for one in values:
        if isinstance(one, Layer | Metric):
            yield names.next(class_name(one)), one
        elif isinstance(one, dict | list | tuple):
            yield names.next("container"), one


def class_name(one: Any) -> str:
    """How Keras names the class of a layer in paths: a graph is a Functional."""
    kind = type(one).__name__
    return "functional" if kind == "Model" else snake_case(kind)


def _sequential() -> type:
    found = registry.find("model", "Sequential")
    assert isinstance(found, type)
    return found


@functools.cache
def _internal() -> frozenset[str]:
    """Attributes that are no part of what a user has made."""
    return frozenset({*dir(Layer), *vars(Layer(name="-")), *vars(_sequential()(name="-"))})
