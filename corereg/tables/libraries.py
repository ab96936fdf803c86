"""Which library an object is of, among those that are imported already."""

from __future__ import annotations

import sys
from typing import Any

_FRAMES = {"pandas": ("DataFrame",), "polars": ("DataFrame",), "pyarrow": ("Table", "RecordBatch")}
_SERIES = {
    "pandas": ("Series", "Index", "api.extensions.ExtensionArray"),
    "polars": ("Series",),
    "pyarrow": ("ChunkedArray", "Array"),
}


def frame_library(value: Any) -> str | None:
    """The library that a table with named columns is of, or None."""
    return _library(value, _FRAMES)


def series_library(value: Any) -> str | None:
    """The library that a single column is of, or None."""
    return _library(value, _SERIES)


def is_table(value: Any) -> bool:
    """Whether value is a table or a column of a library of tables."""
    return frame_library(value) is not None or series_library(value) is not None


def is_sparse(value: Any) -> bool:
    """Whether value is one of scipy's sparse matrices or arrays."""
    scipy = sys.modules.get("scipy.sparse")
    return scipy is not None and bool(scipy.issparse(value))


def is_lazy(value: Any) -> bool:
    """Whether value is a query of polars, which has no rows yet."""
    polars = sys.modules.get("polars")
    return polars is not None and isinstance(value, polars.LazyFrame)


def is_buffer(value: Any) -> bool:
    """Whether value is memory of numbers, such as a memoryview or an array.array."""
    if isinstance(value, bytes | bytearray):
        return False
    try:
        memoryview(value)
    except TypeError:
        return False
    return True


def is_data(value: Any) -> bool:
    """Whether value holds rows itself, or says that it does, rather than giving batches."""
    if hasattr(value, "__array__") or hasattr(value, "__arrow_c_stream__"):
        return True
    return is_table(value) or is_sparse(value) or is_lazy(value) or is_buffer(value)


def _library(value: Any, kinds: dict[str, tuple[str, ...]]) -> str | None:
    for library, names in kinds.items():
        module = sys.modules.get(library)
        for name in names if module is not None else ():
            kind: Any = module
            for part in name.split("."):
                kind = getattr(kind, part, None)
            if kind is not None and isinstance(value, kind):
                return library
    return None
