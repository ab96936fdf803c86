"""What `adapt` is given: an array or table, or an iterable of batches, as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.tables.given import given_array, pieces_of_table
from corereg.tables.libraries import frame_library, is_data

Array = np.ndarray[Any, Any]
SORTED = 1 << 18  # numbers that are sorted at a time


def pieces(array: Array, most: int) -> Iterator[Array]:
    """An array in pieces along its first axis, each of at most so many elements or of one row.
    Between them Python looks for Ctrl-C."""
    rows = max(1, most * len(array) // max(array.size, 1)) if array.ndim else 1
    if not array.ndim or len(array) <= rows:
        yield array
        return
    for i in range(0, len(array), rows):
        yield array[i : i + rows]


def sorted_in_pieces(values: Array, dtype: Any, most: int = SORTED) -> Array:
    """np.sort of an array (n,) in another dtype, NaN last. At most about so many numbers are sorted
    at a time, and between them Python looks for Ctrl-C: the array is cut, its pieces are sorted,
    and what lies between two of some limits in all pieces is sorted together."""
    parts = [np.sort(one.astype(dtype)) for one in pieces(values, most)]
    if len(parts) == 1:
        return parts[0]
    sample = np.sort(np.concatenate([one[:: max(1, len(one) // 512)] for one in parts]))
    sample = sample[~np.isnan(sample)]
    limits = np.unique(sample[:: max(1, len(sample) // (2 * len(parts)))])
    found = np.empty(len(values), dtype)
    begins, place = [0] * len(parts), 0
    for limit in [*limits, None]:
        for side in ("left", "right"):  # what lies below the limit, and what equals it
            ends = [
                len(one) if limit is None else int(np.searchsorted(one, limit, side))
                for one in parts
            ]
            some = [one[a:b] for one, a, b in zip(parts, begins, ends, strict=True) if b > a]
            begins = ends
            if some:
                together = np.concatenate(some)
                if together.min() != together.max():
                    together.sort()
                found[place : place + len(together)] = together
                place += len(together)
    return found


def batches_of(
    who: str, data: Any, batch_size: Any, steps: Any, most: int | None = None
) -> Iterator[Array]:
    """The batches in data, arrays with a row for each sample; an array, a table or a list of
    numbers or texts is one batch. Of an iterable's batches that are tuples, the first parts.

    batch_size: rows at a time, of an array (its values do not depend on it); steps: how many
    batches at most. most: of how many numbers arrays are made of a table at a time; None: of all,
    which may be texts. ValueError for no batch, and for texts where most is given.
    """
    if isinstance(data, Tensor):
        data = data.data
    if (
        most is not None
        and frame_library(data) is not None
        and batch_size is None
        and steps is None
    ):
        yield from pieces_of_table(f"{who}.adapt", "data", data, most)
        return
    whole = is_data(data) or isinstance(data, list | tuple)
    source = [_array(who, data, most is None)] if whole else data
    if whole and batch_size is not None:
        rows = source[0]
        source = [rows[i : i + batch_size] for i in range(0, len(rows), batch_size)]
    count = 0
    for batch in source:
        if steps is not None and count >= steps:
            break
        first = batch[0] if isinstance(batch, tuple) else batch
        yield first.data if isinstance(first, Tensor) else _array(who, first, most is None)
        count += 1
    if not count:
        raise ValueError(f"{who}.adapt: expected data, received none")


def _array(who: str, data: Any, texts: bool) -> Array:
    """Data as an array, where texts are allowed also of texts."""
    try:
        return given_array(f"{who}.adapt", "data", data)
    except TypeError:
        if not texts:
            raise
    return np.asarray(data)
