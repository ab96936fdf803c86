"""The names of columns in files: for each input a list of texts, or null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from corereg.saving.limits import FileFormatError

if TYPE_CHECKING:
    from corereg.training.data.feature_names import InputColumns


def columns_of_file(who: str, given: Any) -> InputColumns | None:
    """The names of columns that a file has, or None."""
    if given is None:
        return None
    if not isinstance(given, list) or not all(
        one is None or (isinstance(one, list) and all(isinstance(name, str) for name in one))
        for one in given
    ):
        raise FileFormatError(f"{who} has no valid 'feature_names'")
    return tuple(None if one is None else tuple(one) for one in given)
