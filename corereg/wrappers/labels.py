"""Labels of classes, and the numbers that stand for them."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Labels:
    """The classes of a target, sorted, and each label's place among them.

    y: labels of any type that sorts, with any number of axes. classes: labels that are to be known
    beside those, as an array in its order; then a label which is not among them is a ValueError.
    """

    def __init__(self, y: Array, classes: Array | None = None) -> None:
        self.classes = np.unique(y) if classes is None else np.asarray(classes)
        self._order = np.argsort(self.classes, kind="stable")
        self.places(y)

    def places(self, y: Array) -> Array:
        """The place of each label, as int64, in y's shape."""
        ordered = self.classes[self._order]
        found = np.minimum(np.searchsorted(ordered, y), len(ordered) - 1)
        wrong = ordered[found] != y
        if np.any(wrong):
            unknown = np.unique(np.asarray(y)[wrong])
            raise ValueError(
                f"expected y to hold the classes {self.classes.tolist()}, received also "
                f"{unknown[:10].tolist()}; the first partial_fit takes all that will come as "
                "classes="
            )
        return np.asarray(self._order[found], np.int64)

    def one_hot(self, y: Array, dtype: str) -> Array:
        """(rows, classes) of 0 and 1, from labels (rows,) or (rows, 1)."""
        return np.eye(len(self.classes), dtype=dtype)[self.places(y).reshape(len(y))]

    def at(self, places: Array) -> Array:
        """The labels at these places."""
        return self.classes[places]
