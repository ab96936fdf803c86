"""Helpers, as in `keras.utils`."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import random
from corereg.targets import as_labels

__all__ = ["set_random_seed", "to_categorical"]


def set_random_seed(seed: int) -> None:
    """Seeds corereg as `corereg.set_random_seed` does, and also Python's `random` and NumPy's
    global generator, from which programs draw their data. seed: an integer in [0, 2**32)."""
    import random as python_random

    if isinstance(seed, bool) or not hasattr(seed, "__index__") or not 0 <= seed < 2**32:
        raise ValueError(f"set_random_seed: expected an integer in [0, 2**32), received {seed!r}")
    random.set_random_seed(seed)
    python_random.seed(int(seed))
    np.random.seed(int(seed))  # noqa: NPY002


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
