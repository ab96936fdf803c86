"""Initializer: the base class of starting values; and how they come from names and files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg import registry

Array = np.ndarray[Any, Any]


class Initializer:
    """Base class: subclass it and write `__call__(shape, dtype)`."""

    def __call__(self, shape: Sequence[int], dtype: str | None = None) -> Array:
        raise NotImplementedError(f"{type(self).__name__}: __call__ is not written")

    def get_config(self) -> dict[str, Any]:
        return {}


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
