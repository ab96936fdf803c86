"""Functions of users in the configs of layers: saved by their names."""

from __future__ import annotations

from typing import Any

from corereg import registry
from corereg.graph.operations import key_of, public_function


def name_of_function(who: str, function: Any) -> str:
    """The name by which a file knows a function; TypeError if it has none."""
    registered = registry.registered_function(function)
    if registered is not None:
        return registered
    key = key_of(function)
    if key is not None:
        return key
    raise TypeError(
        f"{who}: cannot save the function {function!r}; name it, decorate it with "
        "register_keras_serializable(), or write a Layer"
    )


def function_named(who: str, name: str) -> Any:
    """The function that a file knows by a name; ValueError if there is none."""
    found = registry.get_registered_object(name)
    if found is None:
        try:
            return public_function(name)
        except ValueError:
            raise ValueError(
                f"{who}: unknown function {name!r}; pass custom_objects={{name: function}}, or "
                "decorate it with register_keras_serializable()"
            ) from None
    return found
