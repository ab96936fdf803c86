"""Helpers, as in `keras.utils`."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.random import set_random_seed
from corereg.targets import as_labels
from corereg.training.data.structures import pack_x_y_sample_weight, unpack_x_y_sample_weight

__all__ = [
    "pack_x_y_sample_weight",
    "set_random_seed",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray[Any, Any]:
    """Integer labels (rows,) or (rows, 1) as one-hot float32 rows (rows, num_classes).

    num_classes: by default the largest label + 1. Labels outside [0, num_classes) raise ValueError.
    """
    y = as_labels("to_categorical", np.asarray(x), num_classes)
    if num_classes is None:
        num_classes = int(y.max()) + 1 if y.size else 0
        y = as_labels("to_categorical", y, num_classes)
    out = np.zeros((len(y), num_classes), np.float32)
    out[np.arange(len(y)), y] = 1
    return out
