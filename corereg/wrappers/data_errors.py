"""Errors about values that an estimator cannot take: they name the value, column and row."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.layers.preprocessing.texts import is_missing
from corereg.tables.columns import column_of_array
from corereg.tables.given import given
from corereg.tables.libraries import is_sparse
from corereg.tables.refusals import Asked
from corereg.training.data.checks import check_finite, known_float

Array = np.ndarray[Any, Any]


def refuse_dates(who: str, x: Any) -> None:
    """TypeError for an array of dates, which NumPy takes for numbers."""
    if isinstance(x, np.ndarray) and x.dtype.kind in "mM":
        raise Asked(who, "X").refuse_dates(x.dtype)


def explain(who: str, what: str, value: Any, error: Exception, numeric: bool = True) -> None:
    """Raises an error that names column and row, if a single value of the data is what is wrong;
    the error of scikit-learn stands behind it, and gives its kind.

    what: X or y. numeric: whether all have to be numbers; else they are labels, none of which may
    be missing.
    """
    if value is None or isinstance(value, str) or is_sparse(value):
        return
    try:
        _check(who, what, value, numeric)
    except (TypeError, ValueError) as ours:
        kind = ValueError if isinstance(error, ValueError) else TypeError
        if str(ours).startswith(who):
            said = str(error).partition("\n")[0]
            raise kind(f"{ours} ({said})") from error


def _check(who: str, what: str, value: Any, numeric: bool) -> None:
    """TypeError for what is no number, ValueError for what is not finite."""
    if not numeric:
        check_labels(who, what, np.asarray(value))
        return
    found = given(who, what, value)
    array = found.array
    if array.ndim == 0 or (what == "X" and array.ndim == 1):
        return
    if array.dtype.kind in "OUST" and array.ndim <= 2:
        columns = [array] if array.ndim == 1 else list(array.T)
        places = [None] if array.ndim == 1 else range(len(columns))
        asked = [Asked(who, what, place) for place in places]
        each = [column_of_array(*one) for one in zip(asked, columns, strict=True)]
        array = np.stack([one.part(0, len(array)) for one in each], axis=-1)
    if array.dtype.kind == "f":
        array = known_float(array)
        check_finite(who, what, array, array.dtype.name, table=found.table)


def check_labels(who: str, what: str, labels: Array) -> None:
    """ValueError for a label that is missing."""
    if labels.dtype.kind == "f":
        check_finite(who, what, known_float(labels), labels.dtype.name)
    for row, label in enumerate(labels.tolist() if labels.ndim == 1 else ()):
        if is_missing(label):
            raise ValueError(
                f"{who}: expected a label in each row of {what}, received {label!r} in row {row}; "
                "drop such rows"
            )
