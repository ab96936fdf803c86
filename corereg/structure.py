"""Nested structures: lists, tuples and dicts of leaves, in one order.

A model may take and give several arrays, as a list, a tuple or a dict, nested as the user likes.
Inside, they are flat tuples: lists and tuples in their order, dicts sorted by key, as Keras has
them. A leaf is whatever is no list, tuple or dict.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import Any

CONTAINERS = (list, tuple, dict)


def flatten(structure: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaves of a structure, one after the other. is_leaf: says of a list, a tuple or a dict
    that it counts as a leaf (the shape (None, 4), say)."""
    if not isinstance(structure, CONTAINERS) or (is_leaf is not None and is_leaf(structure)):
        return [structure]
    found: list[Any] = []
    for part in _parts(structure):
        found += flatten(part, is_leaf)
    return found


def pack_like(structure: Any, leaves: Sequence[Any]) -> Any:
    """A structure of the same form with these leaves in place of its own, in flat order."""
    left = iter(leaves)
    packed = _pack(structure, left)
    if next(left, left) is not left:
        raise ValueError("pack_like: expected as many leaves as the structure has, received more")
    return packed


def _pack(structure: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(structure, dict):
        packed = {key: _pack(structure[key], leaves) for key in _sorted_keys(structure)}
        return {key: packed[key] for key in structure}  # in the order of the user's own
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*(_pack(part, leaves) for part in structure))
    if isinstance(structure, list | tuple):
        packed_parts = [_pack(part, leaves) for part in structure]
        return packed_parts if isinstance(structure, list) else tuple(packed_parts)
    return next(leaves)


def form_of(structure: Any) -> Hashable:
    """What two structures of the same form have in common, for keys: lists and tuples as they nest,
    dicts with their keys; None for a leaf."""
    if isinstance(structure, dict):
        return "dict", tuple((key, form_of(structure[key])) for key in _sorted_keys(structure))
    if isinstance(structure, list | tuple):
        return "list", tuple(form_of(part) for part in structure)
    return None


def is_shape(structure: Any) -> bool:
    """Whether this is one shape, such as (None, 4), rather than a structure of shapes."""
    return isinstance(structure, list | tuple) and all(
        n is None or hasattr(n, "__index__") for n in structure
    )


def _parts(structure: Any) -> list[Any]:
    if isinstance(structure, dict):
        return [structure[key] for key in _sorted_keys(structure)]
    return list(structure)


def _sorted_keys(structure: dict[Any, Any]) -> list[Any]:
    return sorted(structure, key=str)
