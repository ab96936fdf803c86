"""The columns of tables, each with a name, and their numbers, some rows at a time."""

from __future__ import annotations

import numbers
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from corereg.tables.refusals import NUMBERS, Asked

Array = np.ndarray[Any, Any]


class Column(NamedTuple):
    """A column of a table.

    kind: of its numbers, as NumPy's dtypes have it: "f", "i", "u" or "b"; "f" where numbers are
    missing. part(a, b): rows a to b as an array of numbers, NaN for those that are missing;
    whole: all of them without a copy, where the library has them like that.
    """

    name: Any
    kind: str
    part: Callable[[int, int], Array]
    whole: Array | None = None

    def shifted(self, first: int) -> Column:
        """The column from a row on."""
        part = self.part
        return Column(self.name, self.kind, lambda a, b: part(first + a, first + b))


def column_of(asked: Asked, library: str, values: Any) -> Column:
    """A column, of a series of a library. TypeError for what are no numbers, which names the column
    and the first row."""
    return _MAKERS[library](asked, values)


def column_of_array(asked: Asked, values: Array) -> Column:
    """A column, of one of NumPy's arrays (rows,). TypeError as of `column_of`."""
    kind = values.dtype.kind
    if kind in NUMBERS:
        return Column(asked.column, kind, lambda a, b: values[a:b], values)
    if kind in "mM":
        raise asked.refuse_dates(values.dtype)
    if kind not in "OUST":
        raise asked.refuse_array(values, f"dtype {values.dtype}")
    return _of_objects(asked, values.tolist())


def _of_objects(asked: Asked, values: list[Any]) -> Column:
    """A column of Python's objects: numbers, and NaN for None and what else stands for nothing."""
    pandas, decimal = sys.modules.get("pandas"), sys.modules.get("decimal")
    nothing = () if pandas is None else (pandas.NA, pandas.NaT)
    kinds = (numbers.Real, np.bool_, *(() if decimal is None else (decimal.Decimal,)))
    found = np.empty(len(values))
    for row, value in enumerate(values):
        if value is None or any(value is one for one in nothing):
            found[row] = np.nan
        elif isinstance(value, kinds):
            found[row] = float(value)
        else:
            raise asked.refuse_value(values, row)
    return Column(asked.column, "f", lambda a, b: found[a:b], found)


# ---- pandas ------------------------------------------------------------------------------------


def _of_pandas(asked: Asked, values: Any) -> Column:
    dtype = values.dtype
    if isinstance(dtype, np.dtype):
        return column_of_array(asked, np.asarray(values))
    text, kind = str(dtype), getattr(dtype, "kind", "O")
    if text == "category" or text.startswith("dictionary"):
        raise asked.refuse_categories("pandas")
    array = getattr(values, "array", values)
    if kind not in NUMBERS:
        if kind in "mM" or text.startswith(("period", "interval")):
            raise asked.refuse_dates(text)
        return _of_objects(asked, array.astype(object).tolist())
    if array.isna().any() or text.startswith("Sparse"):
        kind = "f"
    return Column(asked.column, kind, lambda a, b: _pandas_part(array[a:b], kind))


def _pandas_part(array: Any, kind: str) -> Array:
    if not hasattr(array, "to_numpy") or str(array.dtype).startswith("Sparse"):
        return np.asarray(array, np.float64)
    wanted = {"b": np.bool_, "i": np.int64, "u": np.uint64}.get(kind)
    if wanted is None:
        wanted = np.float32 if getattr(array.dtype, "itemsize", 8) == 4 else np.float64
        found: Array = array.to_numpy(dtype=wanted, na_value=np.nan)
    else:
        found = array.to_numpy(dtype=wanted)
    return found


# ---- polars ------------------------------------------------------------------------------------


def _of_polars(asked: Asked, values: Any) -> Column:
    polars = sys.modules["polars"]
    dtype = values.dtype
    if dtype in (polars.Categorical, polars.Enum):
        raise asked.refuse_categories("polars")
    if dtype.is_temporal():
        raise asked.refuse_dates(dtype)
    if dtype == polars.Null or dtype.is_decimal():
        values = values.cast(polars.Float64)
    elif not (dtype.is_numeric() or dtype == polars.Boolean):
        return _of_objects(asked, values.to_list())
    whole = "u" if dtype.is_unsigned_integer() else "i"
    kind = "b" if dtype == polars.Boolean else whole if dtype.is_integer() else "f"
    if values.null_count() and kind != "f":
        return Column(
            asked.column, "f", lambda a, b: values.slice(a, b - a).cast(polars.Float64).to_numpy()
        )
    return Column(asked.column, kind, lambda a, b: values.slice(a, b - a).to_numpy())


# ---- pyarrow -----------------------------------------------------------------------------------


def _of_pyarrow(asked: Asked, values: Any) -> Column:
    arrow = sys.modules["pyarrow"]
    types, dtype = arrow.types, values.type
    if types.is_dictionary(dtype):
        raise asked.refuse_categories("pyarrow")
    if types.is_temporal(dtype):
        raise asked.refuse_dates(dtype)
    if types.is_integer(dtype) or types.is_boolean(dtype):
        whole = "u" if types.is_unsigned_integer(dtype) else "i"
        kind = "b" if types.is_boolean(dtype) else whole
    elif types.is_floating(dtype) or types.is_decimal(dtype) or types.is_null(dtype):
        kind = "f"
    else:
        return _of_objects(asked, values.to_pylist())
    kind = "f" if values.null_count else kind
    cast = not types.is_floating(dtype) and kind == "f"

    def part(a: int, b: int) -> Array:
        piece = values.slice(a, b - a)
        if cast:
            piece = piece.cast(arrow.float64())
        chunks = piece.chunks if isinstance(piece, arrow.ChunkedArray) else [piece]
        parts = [one.to_numpy(zero_copy_only=False) for one in chunks]
        return parts[0] if len(parts) == 1 else np.concatenate([np.empty(0), *parts][bool(parts) :])

    return Column(asked.column, kind, part)


_MAKERS: dict[str, Callable[[Asked, Any], Column]] = {
    "pandas": _of_pandas,
    "polars": _of_polars,
    "pyarrow": _of_pyarrow,
}


# ---- frames ------------------------------------------------------------------------------------


def column_names(library: str, frame: Any) -> list[Any]:
    """The names of a table's columns, as its library has them."""
    return list(frame.schema.names if library == "pyarrow" else frame.columns)


def columns_of(who: str, what: str, library: str, frame: Any) -> list[Column]:
    """The columns of a table, in order."""
    names = column_names(library, frame)
    if library == "pandas":
        series = [frame.iloc[:, i] for i in range(len(names))]
    elif library == "polars":
        series = frame.get_columns()
    else:
        series = [frame.column(i) for i in range(len(names))]
    return [
        column_of(Asked(who, what, name), library, one)
        for name, one in zip(names, series, strict=True)
    ]


def column_named(library: str, frame: Any, name: str) -> Any:
    """One column of a table, a series of its library."""
    return frame.column(name) if library == "pyarrow" else frame[name]
