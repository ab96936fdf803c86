"""Rows of a model's inputs: drawn at random, or given, and as an exported file takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.export.network import Array, Value
from corereg.graph.nest import flatten
from corereg.graph.tensor import STRING
from corereg.tables.given import given_array

OPEN_SIZE = 4
"""How long axes are drawn whose size is open, apart from the rows."""


def drawn(model: Any, inputs: Sequence[Value], rows: int) -> list[Array]:
    """Random rows of each input: normal numbers, tokens of vocabularies, indices of tables."""
    rng = np.random.default_rng(0)
    kinds = model._input_kinds or [None] * len(inputs)
    return [_drawn(rng, value, kind, rows) for value, kind in zip(inputs, kinds, strict=True)]


def _drawn(rng: np.random.Generator, value: Value, kind: Any, rows: int) -> Array:
    open_shape = (value.shape[0] or rows, *value.shape[1:])
    shape = tuple(OPEN_SIZE if n is None else n for n in open_shape)
    if value.dtype == STRING:
        known = [] if kind is None else kind.lookup.get_vocabulary(False)
        found: Array = rng.choice(np.array([*known, "?"], object), shape)
        return found
    if value.dtype.startswith("float"):
        found = rng.standard_normal(shape).astype(value.dtype)
        if kind is not None and kind.takes_missing:
            found[rng.random(shape) < 0.1] = np.nan
        return found
    limit = 10 if kind is None or kind.limit is None else kind.limit
    return rng.integers(0, 2 if value.dtype == "bool" else limit, shape).astype(value.dtype)


def given(inputs: Sequence[Value], x: Any, who: str = "verify") -> list[Array]:
    """The arrays of x, one for each input: one array, a list in order or a dict by name.
    ValueError for another number, or names that are missing."""
    names = [value.name for value in inputs]
    if isinstance(x, dict):
        missing = [name for name in names if name not in x]
        if missing:
            raise ValueError(f"{who}: expected inputs named {names}, {missing} are missing")
        arrays = [x[name] for name in names]
    else:
        arrays = list(flatten(x)) if len(names) > 1 and isinstance(x, list | tuple) else [x]
    if len(arrays) != len(names):
        raise ValueError(f"{who}: expected {len(names)} inputs {names}, received {len(arrays)}")
    pairs = zip(inputs, arrays, strict=True)
    return [_fitted(value, one, who) for value, one in pairs]


def _fitted(value: Value, given: Any, who: str) -> Array:
    """An array as an input is of: its dtype, and an axis of one element that was left out."""
    array = given_array(who, "x", given)
    with np.errstate(over="ignore"):
        array = array.astype(object if value.dtype == STRING else value.dtype, copy=False)
    if array.ndim == len(value.shape) - 1 and value.shape[-1] == 1:
        array = array[..., None]
    return np.ascontiguousarray(array)
