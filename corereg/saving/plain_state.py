"""States as files hold them: numbers, texts, booleans, None, lists and dicts as JSON, in which a
dict {"array": i} stands for the i-th of a list of arrays, and {"dict": {...}} for a dict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def to_json(value: Any, arrays: list[Array], who: str) -> Any:
    """The JSON of a state; puts its arrays into the list. TypeError for a state that holds anything
    else, with its place."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{who}: expected numbers, received an array of {array.dtype}")
        arrays.append(array)
        return {"array": len(arrays) - 1}
    if isinstance(value, bool | int | float | str):  # of a subclass
        base = next(kind for kind in (bool, int, float, str) if isinstance(value, kind))
        return base(value)
    if isinstance(value, list | tuple):
        return [to_json(one, arrays, f"{who}[{i}]") for i, one in enumerate(value)]
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                raise TypeError(f"{who}: expected texts as keys, received {key!r}")
        return {"dict": {k: to_json(v, arrays, f"{who}[{k!r}]") for k, v in value.items()}}
    raise TypeError(
        f"{who}: expected numbers, texts, booleans, None, NumPy arrays, lists and dicts, received "
        f"{type(value).__name__}"
    )


def from_json(value: Any, arrays: Mapping[str, Array]) -> Any:
    """The state again, tuples as lists. KeyError or TypeError for JSON that `to_json` never
    makes."""
    if isinstance(value, list):
        return [from_json(one, arrays) for one in value]
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return arrays[str(value["array"])]
    return {key: from_json(one, arrays) for key, one in value["dict"].items()}
