"""Nests: values in lists, tuples and dicts, however deep. Dicts go by their keys in sorted order,
as in Keras."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

SEQUENCES = (list, tuple)  # a union, which is made anew at each call, is slower


def map_nest(function: Callable[[Any], Any], nest: Any) -> Any:
    """The function's result for each value, in the order of `flatten`, nested alike."""
    if isinstance(nest, dict):
        found = {key: map_nest(function, nest[key]) for key in sorted(nest, key=str)}
        return {key: found[key] for key in nest}
    if isinstance(nest, SEQUENCES):
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
    elif isinstance(nest, SEQUENCES):
        for one in nest:
            yield from flatten(one)
    else:
        yield nest


def pack_like(nest: Any, values: Iterable[Any]) -> Any:
    """These values, as many as the nest has, nested alike."""
    left = iter(values)
    return map_nest(lambda one: next(left), nest)


def form_of(nest: Any) -> Hashable:
    """What nests of the same form have in common, for keys: how lists and tuples nest, and the keys
    of dicts; None for a value."""
    if isinstance(nest, dict):
        return "dict", tuple((key, form_of(nest[key])) for key in sorted(nest, key=str))
    if isinstance(nest, SEQUENCES):
        return "list", tuple(form_of(one) for one in nest)
    return None


def flatten_shapes(nest: Any) -> list[Any]:
    """The shapes in order, which are tuples or lists of sizes themselves."""
    if isinstance(nest, SEQUENCES):
        for n in nest:
            if n is not None and not hasattr(n, "__index__"):
                break
        else:
            return [nest]
    if isinstance(nest, dict):
        return [shape for key in sorted(nest, key=str) for shape in flatten_shapes(nest[key])]
    return [shape for one in nest for shape in flatten_shapes(one)]
