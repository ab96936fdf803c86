"""Rows of tables by their numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def embedding_forward(index: Array, w: Array) -> Array:
    """w[index]."""
    return np.asarray(w[index])


def embedding_backward(index: Array, dy: Array, dw: Array) -> Array:
    """dw[k] = the sum of the rows of dy whose index is k."""
    dw[...] = 0
    np.add.at(dw, index, dy)
    return dw


def unique_rows(index: Array, rows: Array, place: Array, where: Array) -> None:
    """rows = the different numbers in index, those of 0..len(where) - 1, by their first places."""
    inside = (index >= 0) & (index < len(where))
    found = list(dict.fromkeys(index[inside].tolist()))
    rows[...] = -1
    rows[: len(found)] = found
    place[...] = [found.index(k) if k in found else -1 for k in index.reshape(-1).tolist()]


def scatter_rows(w: Array, x: Array, rows: Array) -> Array:
    """w[rows[u]] = x[u] for the rows that w has."""
    inside = (rows >= 0) & (rows < len(w))
    w[rows[inside]] = x[inside]
    return w


def integer_lookup(x: Array, keys: Array, codes: Array, oov: int, oov_count: int) -> Array:
    """codes[i] where keys[i] = x, else oov + x mod oov_count."""
    known = dict(zip(keys.tolist(), codes.tolist(), strict=True))
    flat = [known[v] if v in known else oov + v % oov_count for v in x.reshape(-1).tolist()]
    return np.array(flat, np.int64).reshape(x.shape)


def count_codes(codes: Array, count: int, dtype: Any, once: bool = False) -> Array:
    """How often each of 0..count-1 is in a row, or whether."""
    found = (codes[..., None] == np.arange(count)).sum(-2)
    return np.asarray(found > 0 if once else found, dtype)
