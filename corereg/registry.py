"""The registry: every layer, loss, metric, optimizer, regularizer, initializer, constraint and
activation by its kind and names.

    @register("loss", "mse", "MSE", "mean_squared_error")
    class MeanSquaredError(Loss): ...

The name of a class or function itself always counts. `get` functions, saving, and the test suite's
harness read the registry; nothing else lists the parts. A kind's package is imported when a name is
first asked for that is not there yet, one module if the package tells which.

Parts of a user's own enter by `register_keras_serializable` or for a while by
`custom_object_scope`, as in `keras.saving`.
"""

from __future__ import annotations

import importlib
import pkgutil
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

T = TypeVar("T", bound=Callable[..., Any])
Config = dict[str, Any]

PACKAGES = {
    "activation": "corereg.activations",
    "constraint": "corereg.constraints",
    "initializer": "corereg.initializers",
    "layer": "corereg.layers",
    "loss": "corereg.losses",
    "metric": "corereg.metrics",
    "model": "corereg.models",
    "optimizer": "corereg.optimizers",
    "regularizer": "corereg.regularizers",
    "schedule": "corereg.optimizers.schedules",
}
"""Each kind of part and the package that holds it."""

_parts: dict[str, dict[str, Callable[..., Any]]] = {kind: {} for kind in PACKAGES}
_complete: set[str] = set()  # kinds whose whole package has been imported
_custom: dict[str, Any] = {}  # of the process, see get_custom_objects
_registered_names: dict[Any, str] = {}


def register(kind: str, *aliases: str) -> Callable[[T], T]:
    """A decorator: the class or function becomes a part of this kind under its own name and these
    aliases. ValueError if another part has one of the names."""
    if kind not in _parts:
        raise ValueError(f"register: expected a kind of {sorted(_parts)}, received {kind!r}")

    def enter(part: T) -> T:
        for name in (part.__name__, *aliases):
            known = _parts[kind].get(name)
            if known is not None and known.__qualname__ != part.__qualname__:
                raise ValueError(f"register: there is a {kind} named {name!r} already: {known!r}")
            _parts[kind][name] = part
        return part

    return enter


def names(kind: str) -> list[str]:
    """All names of a kind, sorted."""
    _import_all(kind)
    return sorted(_parts[kind])


def parts(kind: str) -> dict[str, Callable[..., Any]]:
    """Every part of a kind once, by its own name."""
    _import_all(kind)
    return {part.__name__: part for part in _parts[kind].values()}


def find(kind: str, name: str) -> Callable[..., Any] | None:
    """The part of this kind and name: one of the user's own, or a built-in one, or None."""
    custom = _find_custom(name)
    if custom is not None:
        return custom  # type: ignore[no-any-return]
    found = _parts[kind].get(name)
    if found is None and kind not in _complete:
        _import_module_of(kind, name)
        found = _parts[kind].get(name)
        if found is None:
            _import_all(kind)
            found = _parts[kind].get(name)
    return found


def unknown(kind: str, name: object) -> ValueError:
    """The error for a name that no part of this kind has."""
    known = ", ".join(names(kind))
    return ValueError(f"unknown {kind} {name!r}; known are {known}, or pass an object")


def resolve(kind: str, identifier: Any) -> Any:
    """identifier as an object: a name or {"class_name", "config"} is looked up and called, a class
    is called, anything else is returned as it is."""
    if isinstance(identifier, type):
        return identifier()
    if isinstance(identifier, str):
        found = find(kind, identifier)
        if found is None:
            raise unknown(kind, identifier)
        return found() if isinstance(found, type) else found
    if isinstance(identifier, dict):
        return deserialize(kind, identifier)
    return identifier


def deserialize(kind: str, config: Mapping[str, Any]) -> Any:
    """The object that `serialize` described as {"class_name", "config"}. ValueError for names that
    are not known and for configs that are no dict of named values."""
    name = config.get("registered_name") or config.get("class_name")
    found = find(kind, name) if isinstance(name, str) else None
    if found is None and isinstance(config.get("class_name"), str):
        found = find(kind, config["class_name"])
    if found is None:
        raise unknown(kind, config.get("class_name"))
    given = config.get("config", {})
    if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
        raise ValueError(f"{kind} {name!r}: expected a config of named values, got {given!r}")
    if hasattr(found, "from_config"):
        return found.from_config(given)
    return found(**given) if isinstance(found, type) else found


def serialize(kind: str, value: Any) -> Config | None:
    """value as {"class_name", "config"} for a file, None for None. Parts that the user registered
    add their "registered_name". Objects without get_config raise TypeError."""
    if value is None:
        return None
    if not hasattr(value, "get_config"):
        raise TypeError(
            f"cannot save the {kind} {value!r}: give it a get_config() method, or save the weights "
            "alone with save_weights()"
        )
    found: Config = {"class_name": type(value).__name__, "config": value.get_config()}
    registered = get_registered_name(type(value))
    if registered != type(value).__name__:
        found["registered_name"] = registered
    return found


# ---- parts of the user's own --------------------------------------------------------------------


class _Scopes(threading.local):
    def __init__(self) -> None:
        self.stack: list[Mapping[str, Any]] = []


_scopes = _Scopes()


def _find_custom(name: str) -> Any:
    for scope in reversed(_scopes.stack):
        if name in scope:
            return scope[name]
    return _custom.get(name)


class custom_object_scope:
    """``with custom_object_scope({"MyLayer": MyLayer}):`` inside, these names stand for these
    classes or functions, in this thread (Keras's `custom_object_scope`)."""

    def __init__(self, custom_objects: Mapping[str, Any] | None) -> None:
        self._given = dict(custom_objects or {})

    def __enter__(self) -> custom_object_scope:
        _scopes.stack.append(self._given)
        return self

    def __exit__(self, *error: object) -> None:
        _scopes.stack.pop()  # the last one entered: another may be equal to it


CustomObjectScope = custom_object_scope


def get_custom_objects() -> dict[str, Any]:
    """The dict of the names that stand for the user's own classes and functions in this process;
    it may be changed (Keras's `get_custom_objects`)."""
    return _custom


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[T], T]:
    """A decorator: files may hold objects of this class, or this function, under the name
    "package>name" (Keras's `register_keras_serializable`). ValueError for a class without
    get_config and for a name that is taken."""

    def enter(part: T) -> T:
        registered = f"{package}>{name or part.__name__}"
        if isinstance(part, type) and not hasattr(part, "get_config"):
            raise ValueError(
                f"register_keras_serializable: expected a class with get_config(), received "
                f"{part.__name__}"
            )
        known = _custom.get(registered)
        if known is not None and known is not part and known.__qualname__ != part.__qualname__:
            raise ValueError(
                f"register_keras_serializable: {registered!r} is registered already: {known!r}"
            )
        _custom[registered] = part
        _registered_names[part] = registered
        return part

    return enter


def get_registered_name(part: Any) -> str:
    """ "package>name" of a class or function that was registered, else its own name."""
    return _registered_names.get(part) or part.__name__


def get_registered_object(
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """The user's own class or function of this name, or None."""
    found = _find_custom(name)
    for table in (custom_objects, module_objects):
        if found is None and table:
            found = table.get(name)
    return found


# ---- imports ------------------------------------------------------------------------------------


def _squashed(name: str) -> str:
    return name.replace("_", "").lower()


def _import_module_of(kind: str, name: str) -> None:
    """Imports the module of a kind's package that holds a class or function of this name, if the
    package says which: `_MODULES` maps names to modules."""
    package = importlib.import_module(PACKAGES[kind])
    known: Mapping[str, str] = getattr(package, "_MODULES", {})
    for public, module in known.items():
        if public == name or _squashed(public) == _squashed(name):
            importlib.import_module(f"{package.__name__}.{module}")


def _import_all(kind: str) -> None:
    if kind not in _complete:
        package = importlib.import_module(PACKAGES[kind])
        for module in _modules(package):
            importlib.import_module(module)
        _complete.add(kind)


def _modules(package: Any) -> Iterator[str]:
    for found in pkgutil.iter_modules(getattr(package, "__path__", ())):
        yield f"{package.__name__}.{found.name}"
