"""Nests: values in lists, tuples and dicts, however deep. Dicts go by their keys in sorted order,
as in Keras."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


def map_nest(function: Callable[[Any], Any], nest: Any) -> Any:
    """The function's result for each value, in the order of `flatten`, nested alike."""
    if isinstance(nest, dict):
        found = {key: map_nest(function, nest[key]) for key in sorted(nest, key=str)}
        return {key: found[key] for key in nest}
    if isinstance(nest, list | tuple):
        parts = [map_nest(function, one) for one in nest]
        if isinstance(nest, list):
            return parts
        return type(nest)(*parts) if hasattr(nest, "_fields") else tuple(parts)
    return function(nest)


def flatten(nest: Any) -> Iterator[Any]:
    """The values in order."""
    if isinstance(nest, dict):
        for key in sorted(nest, key=str):
            yield from flatten(nest[key])
    elif isinstance(nest, list | tuple):
        for one in nest:
            yield from flatten(one)
    else:
        yield nest
