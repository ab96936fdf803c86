"""The errors about data that are no numbers: what came, in which row and column, and what to do."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

NUMBERS = "fiub"  # the kinds of NumPy's dtypes of numbers
_CODES = {
    "pandas": "give the codes, with .cat.codes, or one column for each, with pandas.get_dummies",
    "polars": "give the codes, with .to_physical(), or one column for each, with .to_dummies()",
    "pyarrow": "give the codes, with .indices of each chunk, or one column for each category",
}
_DATES = "give numbers instead, such as days since a first date, or the month"
_CONVERT = "convert with .astype('float32')"
SHOWN = 5  # different texts in an error


class Asked(NamedTuple):
    """Who asks for numbers, as what (X, y), and of which column, None if it has no name."""

    who: str
    what: str
    column: Any = None

    def refusal(self, received: str, remedy: str, row: int | None = None) -> TypeError:
        """The error about something else than numbers."""
        where = [] if row is None else [f"row {row}"]
        where += [] if self.column is None else [f"column {self.column!r}"]
        place = f" in {', '.join(where)}" if where else ""
        return TypeError(
            f"{self.who}: expected {self.what} of numbers, received {received}{place}; {remedy}"
        )

    def refuse_categories(self, library: str) -> TypeError:
        return self.refusal("categories", _CODES[library])

    def refuse_dates(self, dtype: Any) -> TypeError:
        return self.refusal(f"dates ({dtype})", _DATES)

    def refuse_value(self, values: Sequence[Any], row: int) -> TypeError:
        """The error about an object that is no number, among the values of its column."""
        value = values[row]
        if isinstance(value, str | bytes):
            return self.refusal(*_texts(self.what, values, row), row)
        if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
            return self.refusal(f"a date ({value})", _DATES, row)
        return self.refusal(f"an object of type {type(value).__name__}", _CONVERT, row)

    def refuse_array(self, array: np.ndarray[Any, Any], dtype: str) -> TypeError:
        """The error about an array that has not a dtype of numbers."""
        if array.dtype.kind in "mM":
            return self.refusal(dtype, _DATES)
        columns = array.shape[1] if array.ndim == 2 else 1
        values = array.reshape(-1).tolist() if array.dtype.kind in "OUST" else []
        at = next((i for i, one in enumerate(values) if isinstance(one, str | bytes)), None)
        if at is None or array.ndim > 2:
            return self.refusal(dtype, _CONVERT)
        row, column = divmod(at, columns)
        asked = self._replace(column=column) if array.ndim == 2 else self
        received, remedy = _texts(self.what, values[column::columns], row)
        return asked.refusal(f"{dtype}: {received}", remedy, row)


def _texts(what: str, values: Sequence[Any], row: int) -> tuple[str, str]:
    """What is received where a text is, with the texts that there are, and the remedy."""
    several = sorted({_short(one) for one in values if isinstance(one, str | bytes)})
    more = ", ..." if len(several) > SHOWN else ""
    received = f"text {_short(values[row])} (of {', '.join(several[:SHOWN])}{more})"
    try:
        float(values[row])
    except ValueError:
        pass
    else:
        return received, "convert with .astype(float)"
    if what == "y":
        encode = "sklearn.preprocessing.LabelEncoder().fit_transform(y) or layers.StringLookup"
        return received, f"make them whole numbers from 0, with {encode}"
    return received, "make numbers of them, with layers.StringLookup or one column for each text"


def _short(text: str | bytes) -> str:
    return repr(text) if len(text) <= 30 else f"{text[:27]!r}..."
