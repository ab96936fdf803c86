"""Names to objects and back, the same way for losses, optimizers, regularizers and the rest."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from corereg import registry

Config = dict[str, Any]


def unknown(kind: str, name: object, known: Mapping[str, Any]) -> ValueError:
    """The error for a name that is not in the table."""
    return ValueError(
        f"unknown {kind} {name!r}; known are {', '.join(sorted(known))}, or pass an object"
    )


class _Scope(threading.local):
    custom: Mapping[str, Any] = {}


_scope = _Scope()


@contextlib.contextmanager
def custom_objects(given: Mapping[str, Any]) -> Iterator[None]:
    """Within, {"class_name", "config"} may also name these: {class name: class}."""
    before = _scope.custom
    _scope.custom = given
    try:
        with registry.custom_object_scope(given):
            yield
    finally:
        _scope.custom = before


def resolve(kind: str, identifier: Any, table: Mapping[str, Callable[..., Any]]) -> Any:
    """identifier as an object: a name or {"class_name", "config"} is looked up in the table, and
    a class is called."""
    if isinstance(identifier, type):
        return identifier()
    if isinstance(identifier, str):
        if identifier not in table:
            raise unknown(kind, identifier, table)
        return table[identifier]()
    if isinstance(identifier, dict):
        name = identifier.get("class_name")
        table = {**table, **_scope.custom}
        if not isinstance(name, str) or name not in table:
            raise unknown(kind, name, table)
        config = identifier.get("config", {})
        if not isinstance(config, dict) or not all(isinstance(key, str) for key in config):
            raise ValueError(f"{kind} {name!r}: expected a config of named values, got {config!r}")
        return table[name](**config)
    return identifier


def describe(kind: str, value: Any) -> Config | None:
    """value as {"class_name", "config"} for a file; objects without get_config raise TypeError."""
    if value is None:
        return None
    if not hasattr(value, "get_config"):
        raise TypeError(
            f"cannot save the {kind} {value!r}: give it a get_config() method, or save the weights "
            "alone with save_weights()"
        )
    return {"class_name": type(value).__name__, "config": value.get_config()}
