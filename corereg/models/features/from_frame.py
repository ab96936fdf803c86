"""A FeatureSpace that fits a table, by what its columns hold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.graph.tensor import STRING
from corereg.layers.preprocessing.numeric_encoding import METHODS, NumericEncoding
from corereg.layers.preprocessing.string_lookup import StringLookup
from corereg.layers.preprocessing.texts import texts_of
from corereg.models.features.columns import columns_of, is_text_column, numbers_of
from corereg.models.features.feature import Feature, layer_name

MISSING = "[NA]"  # the token of texts that are missing


def space_of(
    kind: Any,
    frame: Any,
    *,
    scaling: str = "standard",
    max_one_hot: int = 32,
    categories: Sequence[str] = (),
    ignore: Sequence[str] = (),
    crosses: Any = None,
    crossing_dim: int = 32,
    output_mode: str = "concat",
    name: str | None = None,
) -> Any:
    """What `FeatureSpace.from_frame` returns."""
    who = f"{kind.__name__}.from_frame"
    if scaling not in METHODS:
        raise ValueError(f"{who}: expected scaling as one of {list(METHODS)}, received {scaling!r}")
    columns = columns_of(who, frame)
    for what, names in (("categories", categories), ("ignore", ignore)):
        unknown = [one for one in names if one not in columns]
        if isinstance(names, str) or unknown:
            raise ValueError(
                f"{who}: expected {what} as a list of names of columns, received {names!r}; the "
                f"columns are {list(columns)}"
            )
    columns = {key: one for key, one in columns.items() if key not in ignore}
    empty = [key for key, one in columns.items() if not np.shape(one)[:1] or not len(one)]
    if empty:
        raise ValueError(
            f"{who}: expected columns with one row at least, received none in {empty[0]!r}"
        )
    features: dict[str, Feature] = {}
    for key, column in columns.items():
        if is_text_column(column) and not _is_of_number_objects(column):
            features[key] = _text(who, key, column, max_one_hot, output_mode)
        elif key in categories or _has_number_categories(column):
            features[key] = _integer(kind, who, key, column, max_one_hot, output_mode)
        else:
            features[key] = _number(kind, who, key, column, scaling)
    space = kind(features, output_mode, crosses, crossing_dim, name=name)
    space.adapt(columns)
    return space


def _is_of_number_objects(column: Any) -> bool:
    """Whether a column of Python objects begins with a number."""
    array = np.asarray(column[:1000], object).reshape(-1).tolist()
    known = next((one for one in array if one is not None and one == one), None)
    return isinstance(known, int | float | np.number)


def _has_number_categories(column: Any) -> bool:
    return hasattr(getattr(column, "dtype", None), "categories") and not is_text_column(column)


def _mode(count: int, most: int, output_mode: str) -> str:
    return "int" if output_mode == "dict" and count > most else "one_hot"


def _text(who: str, name: str, column: Any, most: int, output_mode: str) -> Feature:
    try:
        tokens = set(texts_of(who, column, MISSING).tokens)
    except TypeError as error:
        raise ValueError(
            f"{who}: expected texts or numbers in column {name!r}, received others "
            f"({str(error).removeprefix(f'{who}: ')}); make numbers or texts of them, or leave the "
            "column out with ignore="
        ) from None
    mode = _mode(len(tokens), most, output_mode)
    layer = StringLookup(
        most + 1 if mode == "one_hot" else None,
        missing_token=MISSING,
        name=layer_name("string_categorical", name),
    )
    return Feature(STRING, layer, mode)


def _integer(kind: Any, who: str, name: str, column: Any, most: int, output_mode: str) -> Feature:
    values = numbers_of(who, name, column)
    if values.dtype.kind not in "iub":
        raise ValueError(
            f"{who}: expected whole numbers without gaps in column {name!r}, a category, received "
            f"dtype {values.dtype}; make texts of them"
        )
    mode = _mode(len(np.unique(values)), most, output_mode)
    limit = most + 1 if mode == "one_hot" else None
    found: Feature = kind.integer_categorical(max_tokens=limit, output_mode=mode, name=name)
    return found


def _number(kind: Any, who: str, name: str, column: Any, scaling: str) -> Feature:
    values = numbers_of(who, name, column)
    if values.dtype.kind == "b":
        plain: Feature = kind.float(name=name)
        return plain
    layer = NumericEncoding(scaling, name=layer_name("number", name))
    return Feature("float32", layer, "float")
