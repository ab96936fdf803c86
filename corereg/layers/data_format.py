"""data_format: where the features of an input stand."""

from __future__ import annotations

from typing import Any

DATA_FORMATS = ("channels_last", "channels_first")


def as_data_format(who: str, value: Any) -> str:
    """One of DATA_FORMATS, the first for None; ValueError for anything else."""
    if value is None:
        return DATA_FORMATS[0]
    if value not in DATA_FORMATS:
        raise ValueError(
            f"{who}: expected data_format as one of {list(DATA_FORMATS)}, received {value!r}"
        )
    return str(value)
