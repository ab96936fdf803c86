"""Losses from names and from what files hold, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from corereg import registry
from corereg.losses.base import Loss, LossFunction


def get(identifier: Any) -> Loss:
    """A Loss from a name, an object, a function (y_true, y_pred) or a serialized dict."""
    found = registry.resolve("loss", identifier)
    if isinstance(found, Loss):
        return found
    if callable(found):
        return LossFunction(found)
    raise TypeError(f"loss: expected a name, a Loss or a function, received {found!r}")


def serialize(loss: Any) -> registry.Config | str | None:
    """As {"class_name", "config"}; a registered function by its name."""
    if isinstance(loss, LossFunction) and registry.registered_function(loss.function):
        loss = loss.function
    return registry.serialize("loss", loss)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Loss:
    """What `serialize` gave, as a loss again."""
    with registry.custom_object_scope(custom_objects):
        return get(config)
