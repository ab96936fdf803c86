"""data_format: where the features of an input stand; image_shape: what flat rows hold."""

from __future__ import annotations

from collections.abc import Sequence
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


def as_image_shape(who: str, shape: Any) -> tuple[int, ...] | None:
    """(height, width) or these and the channels, in the order of data_format; None for None;
    ValueError for anything else."""
    if shape is None:
        return None
    sizes = tuple(shape) if isinstance(shape, Sequence) and not isinstance(shape, str) else ()
    if len(sizes) not in (2, 3) or not all(
        hasattr(n, "__index__") and not isinstance(n, bool) and n > 0 for n in sizes
    ):
        raise ValueError(
            f"{who}: expected image_shape as two or three positive integers, such as (28, 28), "
            f"received {shape!r}"
        )
    return tuple(int(n) for n in sizes)
