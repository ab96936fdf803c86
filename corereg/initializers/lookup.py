"""Initializers from names and from what files hold, and back."""

from __future__ import annotations

from typing import Any

from corereg import registry


def get(identifier: Any) -> Any:
    """An initializer from a name, an object, a callable (shape, dtype) or a serialized dict."""
    found = registry.resolve("initializer", identifier)
    if not callable(found):
        raise TypeError(f"initializer: expected a name or a callable, received {found!r}")
    return found


def serialize(initializer: Any) -> registry.Config | str | None:
    """As {"class_name", "config"}; a registered function by its name."""
    return registry.serialize("initializer", initializer)


def deserialize(config: Any) -> Any:
    """What `serialize` gave, as an initializer again."""
    return get(config)
