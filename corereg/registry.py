"""The registry: every layer, loss, metric, optimizer, regularizer, initializer and activation by
its kind and names.

    @register("loss", "mse", "MSE", "mean_squared_error")
    class MeanSquaredError(Loss): ...

The name of a class or function itself always counts. `get` functions, saving, and the test suite's
harness read the registry; nothing else lists the parts. A kind's package is imported when a name is
first asked for that is not there yet, one module if the package tells which.

Parts of a user's own enter by `register_keras_serializable` or for a while by
`custom_object_scope`, as in `keras.saving`. They go before built-in parts of the same name.
"""

from __future__ import annotations

from _thread import _local
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
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
"""Each kind of part and the package that holds it. A new kind begins with a line here."""

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
            if known is not None and not _is_new_version(part, known):
                raise ValueError(f"register: there is a {kind} named {name!r} already: {known!r}")
        for name in (part.__name__, *aliases):
            _parts[kind][name] = part
        return part

    return enter


def _is_new_version(part: Any, known: Any) -> bool:
    """Whether part replaces what was known: its module was reloaded, or a notebook's cell run."""
    return (part.__module__, part.__qualname__) == (known.__module__, known.__qualname__)


def names(kind: str) -> list[str]:
    """All names of a kind, sorted: those of built-in parts."""
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


def built_in(kind: str, name: str) -> Callable[..., Any] | None:
    """The built-in part of this kind and name if its module has been imported, or None."""
    return _parts[kind].get(name)


def unknown(
    kind: str, name: object, remedy: str = ", or pass an object", also: Iterable[str] = ()
) -> ValueError:
    """The error for a name that no part of this kind has: it says why it is not here if it is
    Keras's, or else lists those of the registry, those of the user's own parts, and `also`."""
    from corereg.unavailable import UNAVAILABLE

    why = UNAVAILABLE.get(PACKAGES[kind].removeprefix("corereg."), {}).get(str(name))
    if why is not None:
        error = ValueError(f"unknown {kind} {name!r}: {why}")
    else:
        known = sorted({*names(kind), *_custom_names(), *also})
        error = ValueError(f"unknown {kind} {name!r}; known are {', '.join(known)}{remedy}")
    vars(error)["unknown_part"] = name
    return error


def is_unknown(error: BaseException | None) -> bool:
    """Whether an error was raised because a name is not known, directly or further down."""
    while error is not None and "unknown_part" not in vars(error):
        error = error.__cause__ or error.__context__
    return error is not None


def resolve(kind: str, identifier: Any) -> Any:
    """identifier as an object: a name or {"class_name", "config"} is looked up, a class is called,
    anything else is returned as it is. ValueError for names that are not known."""
    if identifier is None:
        return None
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


def deserialize(
    kind: str, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Any:
    """The object that `serialize` described as {"class_name", "config"}.

    custom_objects: {name: class or function} for parts of the user's own. ValueError for names
    that are not known and for configs that are no dict of named values.
    """
    if not isinstance(config, Mapping):
        raise TypeError(
            f"{kind}: expected a dict of 'class_name' and 'config', received {config!r}"
        )
    with custom_object_scope(custom_objects):
        name = config.get("class_name")
        found = _find_described(kind, name, config.get("registered_name"))
        given = config.get("config", {})
        if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
            raise ValueError(
                f"{kind} {name!r}: expected a config of named values, received {given!r}"
            )
        if hasattr(found, "from_config"):
            return found.from_config(given)
        return found(**given) if isinstance(found, type) else found


def _find_described(kind: str, name: Any, registered: Any) -> Any:
    """What a file calls by these names. A part of the user's own, which has a registered name, is
    never taken for a built-in one that is called alike."""
    found = None
    if isinstance(registered, str):
        found = _find_custom(registered)
        if found is None and isinstance(name, str):
            found = _find_custom(name)
    elif isinstance(name, str):
        found = find(kind, name)
    if found is None:
        remedy = (
            "; pass custom_objects={name: class} for parts of your own, or decorate them with "
            "register_keras_serializable()"
        )
        raise unknown(kind, registered if isinstance(registered, str) else name, remedy)
    return found


def serialize(kind: str, value: Any) -> Config | str | None:
    """value for a file: {"class_name", "config"}, None for None, and of a function that the user
    registered its name. Objects of a registered class add their "registered_name". TypeError for
    objects without get_config and for functions that are not registered."""
    if value is None:
        return None
    registered = registered_function(value)
    if registered is not None:
        return registered
    if isinstance(value, type) or not hasattr(value, "get_config"):
        raise TypeError(
            f"cannot save the {kind} {value!r}: give it a get_config() method, or save the weights "
            "alone with save_weights()"
        )
    made_by = type(value)
    found: Config = {"class_name": made_by.__name__, "config": value.get_config()}
    if made_by in _registered_names:
        found["registered_name"] = _registered_names[made_by]
    return found


# ---- parts of the user's own --------------------------------------------------------------------


class _Scopes(_local):
    def __init__(self) -> None:
        self.stack: list[Mapping[str, Any]] = []


_scopes = _Scopes()


def _find_custom(name: str) -> Any:
    for scope in reversed(_scopes.stack):
        if name in scope:
            return scope[name]
    return _custom.get(name)


def _custom_names() -> set[str]:
    return {name for table in (*_scopes.stack, _custom) for name in table}


class custom_object_scope:
    """``with custom_object_scope({"MyLayer": MyLayer}):`` inside, these names stand for these
    classes or functions, in this thread (Keras's `custom_object_scope`).

    >>> class Own(layers.Layer):
    ...     pass
    >>> with saving.custom_object_scope({"Own": Own}):
    ...     print(layers.deserialize({"class_name": "Own", "config": {}}))
    Own()
    """

    def __init__(self, custom_objects: Mapping[str, Any] | None) -> None:
        self._given = dict(custom_objects or {})

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self._given)})"

    def __enter__(self) -> custom_object_scope:
        _scopes.stack.append(self._given)
        return self

    def __exit__(self, *error: object) -> None:
        stack = _scopes.stack
        last = max(i for i, scope in enumerate(stack) if scope is self._given)
        del stack[last]  # by identity, for generators may leave their scopes in any order


CustomObjectScope = custom_object_scope


def get_custom_objects() -> dict[str, Any]:
    """The dict of the names that stand for the user's own classes and functions in this process;
    it may be changed (Keras's `get_custom_objects`).

    >>> class Own(layers.Layer):
    ...     pass
    >>> saving.get_custom_objects()["Own"] = Own
    >>> saving.get_custom_objects().pop("Own").__name__
    'Own'
    """
    return _custom


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[T], T]:
    """A decorator: files may hold objects of this class, or this function, under the name
    "package>name" (Keras's `register_keras_serializable`). ValueError for a class without
    get_config and for a name that is taken.

    >>> @saving.register_keras_serializable(package="docs")
    ... class Own(layers.Layer):
    ...     pass
    >>> layers.deserialize(layers.serialize(Own()))
    Own()
    """
    if not isinstance(package, str):
        raise TypeError(
            f"register_keras_serializable: expected package as a string, received {package!r}; as "
            "a decorator it is written with parentheses"
        )

    def enter(part: T) -> T:
        registered = f"{package}>{name or part.__name__}"
        if isinstance(part, type) and not hasattr(part, "get_config"):
            raise ValueError(
                f"register_keras_serializable: expected a class with get_config(), received "
                f"{part.__name__}"
            )
        known = _custom.get(registered)
        if known is not None and not _is_new_version(part, known):
            raise ValueError(
                f"register_keras_serializable: {registered!r} is registered already: {known!r}"
            )
        _custom[registered] = part
        _registered_names[part] = registered
        return part

    return enter


def registered_function(value: Any) -> str | None:
    """ "package>name" of a function that was registered; None for all else."""
    if isinstance(value, type):
        return None
    return next((name for part, name in _registered_names.items() if part is value), None)


def get_registered_name(part: Any) -> str:
    """ "package>name" of a class or function that was registered, else its own name.

    >>> saving.get_registered_name(layers.Dense)
    'Dense'
    """
    return _registered_names.get(part) or str(part.__name__)


def get_registered_object(
    name: str,
    custom_objects: Mapping[str, Any] | None = None,
    module_objects: Mapping[str, Any] | None = None,
) -> Any:
    """The user's own class or function of this name, or None.

    >>> saving.get_registered_object("nobody registered this") is None
    True
    """
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
    package = import_module(PACKAGES[kind])
    known: Mapping[str, str] = getattr(package, "_MODULES", {})
    for public, module in known.items():
        if public == name or _squashed(public) == _squashed(name):
            import_module(f"{package.__name__}.{module}")
            if name in _parts[kind]:
                return


def _import_all(kind: str) -> None:
    if kind not in _complete:
        import pkgutil

        package = import_module(PACKAGES[kind])
        for found in pkgutil.walk_packages(getattr(package, "__path__", ()), f"{PACKAGES[kind]}."):
            import_module(found.name)  # in packages inside it, too
        _complete.add(kind)
