"""Texts as what layers compute with: tokens in a list, of columns of tables and of arrays alike."""

from __future__ import annotations

import itertools
from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, Any]


class Texts(NamedTuple):
    """The different tokens of a column or an array, and which of them each element is."""

    tokens: list[str]
    places: Array
    shape: tuple[int, ...]

    def spread(self, found: Array) -> Array:
        """One value for each element, of one value for each token."""
        return found[self.places].reshape(self.shape)


def is_of_texts(x: Any) -> bool:
    """Whether x is a text, or an array, list or column of texts or of Python objects."""
    if isinstance(x, str | bytes):
        return True
    kind = getattr(getattr(x, "dtype", None), "kind", None)
    if kind is not None:
        return kind in ("U", "S", "O")
    if isinstance(x, list | tuple) or hasattr(x, "__array__"):
        return np.asarray(x).dtype.kind in "USO"
    return False


def texts_of(who: str, values: Any, missing: str | None = None) -> Texts:
    """The texts in an array, a list, or a column of a table, which is told apart by the table's own
    library where that has a way, as pandas has.

    missing: the token for None, NaN and their like; None: they raise TypeError, as all else does
    that is no text.
    """
    if hasattr(values, "factorize"):
        places, found = values.factorize()
        tokens = np.asarray(found, object).tolist()
        if len(places) and places.min() < 0:  # place -1: the last token
            tokens.append(None)
        return Texts(as_texts(who, tokens, missing), places, (len(places),))
    array = as_text_array(who, values)
    numbers: dict[Any, int] = defaultdict(itertools.count().__next__)  # in one pass
    places = np.fromiter(map(numbers.__getitem__, array.reshape(-1).tolist()), np.int64, array.size)
    return Texts(as_texts(who, list(numbers), missing), places, array.shape)


def as_text_array(who: str, values: Any) -> Array:
    """values as an array of texts or objects; TypeError for numbers."""
    array = np.asarray(values)
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.dtype.kind not in "UO":
        raise TypeError(f"{who}: expected texts, received dtype {array.dtype}")
    return array


def as_texts(who: str, tokens: list[Any], missing: str | None) -> list[str]:
    """Tokens that are all texts, UTF-8 if they are bytes; TypeError for others."""
    if set(map(type, tokens)) <= {str}:
        return tokens
    return [_text(who, one, missing) for one in tokens]


def _text(who: str, value: Any, missing: str | None) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if is_missing(value):
        if missing is None:
            raise TypeError(
                f"{who}: expected texts as tokens, received {value!r}, which stands for nothing; "
                "put a text in its place"
            )
        return missing
    raise TypeError(f"{who}: expected texts as tokens, received {value!r}")


def is_missing(value: Any) -> bool:
    """Whether a value stands for nothing: None, NaN, NaT, or what pandas has for them."""
    if value is None:
        return True
    if type(value).__name__ in ("NAType", "NaTType"):
        return True
    return bool(isinstance(value, float | np.floating) and value != value)
