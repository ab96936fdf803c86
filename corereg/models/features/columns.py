"""The columns of tables of every make, as a FeatureSpace takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.layers.preprocessing.texts import is_missing, is_of_texts

Array = np.ndarray[Any, Any]


def is_table(data: Any) -> bool:
    """Whether data have columns by name: a dict, a frame of pandas or polars, an Arrow table."""
    return isinstance(data, Mapping) or (
        (hasattr(data, "columns") or hasattr(data, "column_names")) and hasattr(data, "__getitem__")
    )


def columns_of(who: str, data: Any) -> dict[str, Any]:
    """The columns of a table by name, as the table has them; ValueError for what is no table."""
    if isinstance(data, Mapping):
        return dict(data)
    if not is_table(data):
        raise ValueError(
            f"{who}: expected a dict of columns or a table with names, received "
            f"{type(data).__name__}"
        )
    names = data.column_names if hasattr(data, "column_names") else data.columns
    known = [str(name) for name in names]
    if len(set(known)) < len(known):
        several = sorted({name for name in known if known.count(name) > 1})
        raise ValueError(
            f"{who}: expected columns of different names, received several called {several}; "
            "rename them, or leave some out"
        )
    return {str(name): data[name] for name in names}


def is_text_column(column: Any) -> bool:
    """Whether a column is of texts or of Python objects."""
    kind = getattr(getattr(column, "dtype", None), "kind", None)
    if hasattr(column, "factorize") and kind is not None:  # of pandas: look at no value
        return kind == "O" and not _is_of_numbers(column.dtype)
    return not isinstance(column, Tensor) and is_of_texts(column)


def _is_of_numbers(dtype: Any) -> bool:
    """Whether pandas keeps numbers or bools in a column, be it categories of them."""
    inner = getattr(getattr(dtype, "categories", None), "dtype", dtype)
    return getattr(inner, "kind", "O") in ("f", "i", "u", "b")


def numbers_of(who: str, name: str, column: Any) -> Array:
    """A column as an array of numbers, NaN where nothing is; ValueError that names the column, and
    the row where there is one, for texts, dates and others."""
    if isinstance(column, Tensor):
        column = column.data
    kind = getattr(getattr(column, "dtype", None), "kind", None)
    if hasattr(column, "to_numpy") and hasattr(column, "isna") and kind not in ("M", "m"):
        missing = bool(column.isna().any())
        column = column.to_numpy(float, na_value=np.nan) if missing else column.to_numpy()
    array = np.ma.filled(column, np.nan) if np.ma.isMaskedArray(column) else np.asarray(column)
    if array.dtype.kind in "Mm":
        raise ValueError(
            f"{who}: expected numbers in column {name!r}, received dates or times "
            f"({array.dtype}); make numbers of them, such as days since a day or the day of the "
            "week, or leave the column out"
        )
    if array.dtype.kind in "fiub":
        return array
    flat = array.reshape(-1).tolist()
    found = np.empty(len(flat))
    for row, value in enumerate(flat):
        number = isinstance(value, int | float | np.number) or is_missing(value)
        if not number:
            raise ValueError(
                f"{who}: expected numbers in column {name!r}, received {value!r} in row {row}"
            )
        found[row] = np.nan if is_missing(value) else value
    return found.reshape(array.shape)


def with_axis(values: Array) -> tuple[Array, bool]:
    """(rows,) as (rows, 1), and one value as (1, 1); and whether it was one value."""
    if not values.ndim:
        return values.reshape(1, 1), True
    return (values[:, None] if values.ndim == 1 else values), False
