"""Optimizers from names and from what files hold, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corereg import registry
from corereg.optimizers.base import Optimizer


def get(identifier: Any) -> Any:
    """An Optimizer from a name (any case), an object or a serialized dict; None stays None.
    ValueError for names that are not known, TypeError for other objects.

    >>> optimizers.get("adam")
    Adam(learning_rate=0.001)
    """
    if identifier is None:
        return None
    if isinstance(identifier, str) and registry.find("optimizer", identifier.lower()):
        identifier = identifier.lower()
    found = registry.resolve("optimizer", identifier)
    if not isinstance(found, Optimizer):
        raise TypeError(f"optimizer: expected a name or an Optimizer, received {found!r}")
    return found


def serialize(optimizer: Optimizer) -> registry.Config | str | None:
    """As {"class_name", "config"}.

    >>> optimizers.serialize(optimizers.SGD(0.5))["config"]["learning_rate"]
    0.5
    """
    return registry.serialize("optimizer", optimizer)


def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Optimizer:
    """What `serialize` gave, as an optimizer again. custom_objects: {name: class} for optimizers of
    one's own.

    >>> optimizers.deserialize({"class_name": "SGD", "config": {"learning_rate": 0.5}})
    SGD(learning_rate=0.5)
    """
    with registry.custom_object_scope(custom_objects):
        found: Optimizer = get(config)
        return found
