"""Whatever a user gives for data, as an array: the one way in."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg._lazy import later
from corereg.named_tuple import NamedTuple
from corereg.tables.libraries import (
    frame_library,
    is_buffer,
    is_lazy,
    is_sparse,
    series_library,
)
from corereg.tables.masked import without_mask

if TYPE_CHECKING:
    from corereg.tables import columns as of_tables, refusals
    from corereg.tables.columns import Column
else:  # what most programs never need
    of_tables = later("corereg.tables.columns")
    refusals = later("corereg.tables.refusals")

Array = np.ndarray[Any, Any]
PIECE = 1 << 20  # numbers that are taken out of a table at a time
MOST_BYTES = 1 << 30  # of a sparse matrix that is made dense without a word


class Given(NamedTuple):
    """What was given, as an array. names: of its columns, if all of them are texts, else None;
    table: the columns that it was made of, None if it was no table."""

    array: Array
    names: tuple[str, ...] | None = None
    table: list[Column] | None = None


def given(who: str, what: str, value: Any, dtype: Any = None, whole: bool = True) -> Given:
    """value as an array, with the names of its columns.

    Arrays, lists and buffers are as NumPy takes them, a mask is NaN. Tables and series of pandas,
    polars and pyarrow become one array (rows, columns) or (rows,) with C-contiguous rows: their
    index is ignored, missing numbers are NaN. dtype: of what tables become; None: int64 or bool
    if all columns are, else float64. whole: whether tables of whole numbers alone stay int64 even
    so. Matrices of scipy.sparse become dense.

    what: X or y, for errors. TypeError for texts, dates and categories in a table, naming column
    and row, and for what has no rows yet; ValueError for a sparse matrix that is too large.
    """
    if type(value) is np.ndarray:
        return Given(value)
    if isinstance(value, np.ndarray):
        return Given(np.asarray(without_mask(value)))
    if (library := frame_library(value)) is not None:
        return _of_frame(who, what, library, value, dtype, whole)
    if (library := series_library(value)) is not None:
        column = of_tables.column_of(refusals.Asked(who, what), library, value)
        if column.whole is not None:
            return Given(column.whole, None, [column])
        return Given(_filled([column], len(value), dtype, whole)[:, 0], None, [column])
    if is_sparse(value):
        return Given(_dense(who, what, value, dtype))
    if is_lazy(value):
        raise TypeError(f"{who}: expected {what} with rows, received a LazyFrame; use .collect()")
    if hasattr(value, "__array__"):
        return Given(np.asarray(value), text_names(getattr(value, "columns", None)))
    if hasattr(value, "__arrow_c_stream__") or hasattr(value, "__dataframe__"):
        if "pyarrow" in sys.modules and hasattr(value, "__arrow_c_stream__"):
            table = sys.modules["pyarrow"].table(value)
            return _of_frame(who, what, "pyarrow", table, dtype, whole)
        raise TypeError(
            f"{who}: expected {what} as an array or a table of pandas, polars or pyarrow, received "
            f"{type(value).__name__}; convert it, with pyarrow.table(...) for one"
        )
    return Given(_of_list(who, what, memoryview(value) if is_buffer(value) else value))


def given_array(who: str, what: str, value: Any) -> Array:
    """value as an array, for what needs no names."""
    if type(value) is np.ndarray:
        return value
    if isinstance(value, list | tuple | int | float):
        return _of_list(who, what, value)
    return given(who, what, value).array


def text_names(names: Any) -> tuple[str, ...] | None:
    """The names of columns, None if some are no texts."""
    try:
        found = tuple(names)
    except TypeError:
        return None
    return found if found and all(isinstance(name, str) for name in found) else None


def _of_list(who: str, what: str, value: Any) -> Array:
    """A list of lists, or what else NumPy makes an array of."""
    try:
        return np.asarray(value)
    except ValueError as error:  # of lists that are not equally long
        raise ValueError(f"{who}: expected {what} as rows of one length, {error}") from None


def pieces_of_table(who: str, what: str, table: Any, most: int) -> Iterator[Array]:
    """The rows of a table in arrays (rows, columns), each of at most so many numbers, or of one
    row."""
    library = frame_library(table)
    assert library is not None
    rows, columns = len(table), of_tables.columns_of(who, what, library, table)
    step = max(1, most // max(len(columns), 1))
    for first in range(0, rows, step):
        last = min(first + step, rows)
        yield _filled([column.shifted(first) for column in columns], last - first, None, True)


def table_names(table: Any) -> list[Any]:
    """The names of a table's columns."""
    library = frame_library(table)
    return [] if library is None else of_tables.column_names(library, table)


def columns_by_name(value: Any, names: Any) -> dict[str, Any] | None:
    """The columns of these names, if value is a table that has one of them at least; else None.
    Those that it lacks are left out."""
    library = frame_library(value)
    if library is None:
        return None
    known = set(of_tables.column_names(library, value))
    found = {name: of_tables.column_named(library, value, name) for name in names if name in known}
    return found or None


# ---- tables ------------------------------------------------------------------------------------


def _of_frame(who: str, what: str, library: str, frame: Any, dtype: Any, whole: bool) -> Given:
    names = text_names(of_tables.column_names(library, frame))
    rows, columns = len(frame), of_tables.columns_of(who, what, library, frame)
    if not columns:
        return Given(np.empty((rows, 0)), names)
    return Given(_filled(columns, rows, dtype, whole), names, columns)


def _filled(columns: list[Column], rows: int, dtype: Any, whole: bool) -> Array:
    """The numbers of columns as one array (rows, columns), taken piece by piece, so that nothing
    else needs memory."""
    kinds = {column.kind for column in columns}
    if kinds <= set("iub"):
        if whole or dtype is None:
            dtype = {"b": np.bool_, "u": np.uint64}.get("".join(kinds), np.int64)
    elif dtype is None:
        dtype = np.float64
    made: Array = np.empty((rows, len(columns)), dtype)
    step = max(1, PIECE // len(columns))
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large becomes infinite
        for first in range(0, rows, step):
            last = min(first + step, rows)
            piece = made[first:last]
            for i, column in enumerate(columns):
                piece[:, i] = column.part(first, last)
    return made


def _dense(who: str, what: str, value: Any, dtype: Any) -> Array:
    """A sparse matrix with all its zeros."""
    kept = value.dtype.kind in "iub" and dtype is None
    wanted = np.dtype(value.dtype if kept or dtype is None else dtype)
    needed = int(np.prod(value.shape, dtype=object)) * wanted.itemsize
    if needed > MOST_BYTES:
        raise ValueError(
            f"{who}: expected a sparse {what} that is at most 1 GiB when dense, received "
            f"{type(value).__name__} of shape {value.shape}, {needed / 2**30:.1f} GiB; give an "
            "iterable of batches, (x[i:j], y[i:j]), or less columns"
        )
    if value.dtype != wanted:
        value = value.astype(wanted)
    found: Array = value.toarray()
    return found
