"""Folds: which rows train and which are held out, and rows of arrays, frames and dicts of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from corereg.random import generator
from corereg.tuning.space import WHO

Array = np.ndarray[Any, Any]
Splits = list[tuple[Array, Array]]


class Rows(NamedTuple):
    """x, y and sample weights, the latter None for none."""

    x: Any
    y: Any
    weight: Any = None

    def take(self, places: Array) -> Rows:
        """Some of the rows, in this order."""
        return Rows(*(None if one is None else rows_of(one, places) for one in self))

    def __len__(self) -> int:
        return count_rows(self.x)


class Fold(NamedTuple):
    """The rows that train, and those that are held out."""

    train: Rows
    test: Rows


def count_rows(x: Any) -> int:
    """The rows of an array, a frame, a sparse matrix, or of the first of a dict of them."""
    if isinstance(x, Mapping):
        x = next(iter(x.values()), None)
    shape = getattr(x, "shape", None)
    if shape is not None and len(shape):
        return int(shape[0])
    if hasattr(x, "__len__"):
        return len(x)
    raise TypeError(f"{WHO}: expected x with rows, received {type(x).__name__}")


def rows_of(values: Any, places: Array) -> Any:
    """Some rows: of a frame a frame, of a dict a dict, else an array."""
    if isinstance(values, Mapping):
        return {name: rows_of(one, places) for name, one in values.items()}
    if hasattr(values, "iloc"):
        return values.iloc[places]
    if isinstance(values, np.ndarray) or hasattr(values, "tocsr"):
        return (values.tocsr() if hasattr(values, "tocsr") else values)[places]
    if hasattr(values, "columns") and hasattr(values, "__getitem__"):  # polars, pyarrow
        return values.take(places) if hasattr(values, "take") else values[places]
    return np.asarray(values)[places]


def splits_of(cv: Any, rows: Rows, classifies: bool, groups: Any, seed: int) -> Splits:
    """The rows of each fold as places: those that train, those held out.

    cv: how many folds (of classes, stratified), an object with `split(x, y, groups)`, or pairs of
    places. ValueError for fewer than two folds, more than rows, and pairs that are none.
    """
    count = len(rows)
    if isinstance(cv, int | np.integer) and not isinstance(cv, bool):
        if not 2 <= cv <= count:
            raise ValueError(f"{WHO}: expected cv from 2 to {count}, the rows, received {cv}")
        if groups is not None:
            raise ValueError(
                f"{WHO}: expected cv as a splitter that knows groups, such as scikit-learn's "
                f"GroupKFold(), received cv={cv} with groups"
            )
        return _k_folds(int(cv), count, rows.y if classifies else None, seed)
    if hasattr(cv, "split"):
        cv = cv.split(rows.x, rows.y) if groups is None else cv.split(rows.x, rows.y, groups)
    if not isinstance(cv, Iterable):
        raise TypeError(
            f"{WHO}: expected cv as a number of folds, a splitter or pairs of row numbers, "
            f"received {cv!r}"
        )
    return [_checked(pair, count) for pair in cv]


def _checked(pair: Any, count: int) -> tuple[Array, Array]:
    try:
        train, test = (np.asarray(part) for part in pair)
    except (TypeError, ValueError):
        raise ValueError(f"{WHO}: expected cv as pairs (train, test), received {pair!r}") from None
    found = []
    for part in (train, test):
        if part.dtype == bool:
            part = np.flatnonzero(part)
        if part.ndim != 1 or part.dtype.kind not in "iu" or not part.size:
            raise ValueError(f"{WHO}: expected row numbers in each part of a fold, some at least")
        if part.min() < -count or part.max() >= count:
            raise ValueError(f"{WHO}: expected row numbers below {count}, received {part.max()}")
        found.append(part)
    return found[0], found[1]


def _k_folds(folds: int, count: int, y: Any, seed: int) -> Splits:
    """Shuffled folds; with y of classes each has about the same share of every class."""
    order = generator(seed).permutation(count)
    if y is not None:
        classes = classes_of(y)
        order = order[np.argsort(classes[order], kind="stable")]  # neighbours are dealt out
    held = [np.sort(order[fold::folds]) for fold in range(folds)]
    every = np.arange(count)
    return [(np.setdiff1d(every, test, assume_unique=True), test) for test in held]


def classes_of(y: Any) -> Array:
    """The class of each row as a number, of labels or of one-hot rows."""
    labels = np.asarray(y)
    if labels.ndim == 2 and labels.shape[1] > 1:
        labels = labels.argmax(axis=1)
    found: Array = np.unique(labels.reshape(-1), return_inverse=True)[1].reshape(-1)
    return found
