"""What each row counts in training: sample_weight times class_weight."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def check_sample_weight(who: str, given: Any, rows: int) -> Array | None:
    """sample_weight as float64 (rows,); None for none. ValueError for other shapes, for numbers
    that are negative or not finite, and if all are 0."""
    if given is None:
        return None
    try:
        found = np.asarray(given, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{who}: expected sample_weight as numbers, received {type(given).__name__}"
        ) from error
    if found.ndim == 0:
        found = np.full(rows, found)
    if found.shape != (rows,):
        raise ValueError(
            f"{who}: expected sample_weight of shape ({rows},), a weight for each row of X, "
            f"received {found.shape}"
        )
    if not np.isfinite(found).all() or found.min() < 0:
        row = int(np.flatnonzero(~(np.isfinite(found) & (found >= 0)))[0])
        raise ValueError(
            f"{who}: expected sample_weight of finite numbers >= 0, received {found[row]} in row "
            f"{row}"
        )
    if not found.any():
        raise ValueError(
            f"{who}: expected a sample_weight above 0 in some row, received zeros only; leave out "
            "sample_weight, or the rows that shall not count"
        )
    return found


def class_weights(
    who: str, given: Any, columns: Sequence[tuple[Array, Array]], weight: Array | None
) -> Array | None:
    """The weight of each row by its classes, as scikit-learn computes it: of several columns of y
    the product. None for none.

    given: None, "balanced", {class: weight}, or a list of one of these for each column. columns:
    the classes of each column of y, and the number of each row's class. weight: sample_weight.
    """
    if given is None:
        return None
    if isinstance(given, str | Mapping):
        several = given == "balanced" or len(columns) == 1
        choices = [given] * len(columns) if several else []
    else:
        choices = list(given) if isinstance(given, list | tuple) else []
    if len(choices) != len(columns):
        wanted = "" if len(columns) == 1 else f", or a list of {len(columns)} for the columns of y"
        raise ValueError(
            f"{who}: expected class_weight as None, 'balanced' or a dict of class: weight{wanted}, "
            f"received {given!r}"
        )
    found: Array | None = None
    for choice, (classes, codes) in zip(choices, columns, strict=True):
        if choice is not None:
            by_class = _by_class(who, choice, classes, codes, weight)
            found = by_class[codes] if found is None else found * by_class[codes]
    return found


def _by_class(who: str, choice: Any, classes: Array, codes: Array, weight: Array | None) -> Array:
    """The weight of each class of a column."""
    if isinstance(choice, str) and choice == "balanced":
        counts = np.bincount(codes, weight, len(classes)).astype(np.float64)
        there = counts > 0
        found = np.ones(len(classes))
        found[there] = counts.sum() / (there.sum() * counts[there])
        return found
    if not isinstance(choice, Mapping):
        raise ValueError(
            f"{who}: expected class_weight as 'balanced' or a dict of class: weight, received "
            f"{choice!r}"
        )
    found, given = np.ones(len(classes)), np.zeros(len(classes), bool)
    unknown = []
    for label, value in choice.items():
        if not (isinstance(value, Real) and 0 <= float(value) < math.inf):
            raise ValueError(
                f"{who}: expected class_weight of finite numbers >= 0, received {value!r} for "
                f"class {label!r}"
            )
        places = [i for i, known in enumerate(classes.tolist()) if known == label]
        if places:
            found[places[0]], given[places[0]] = float(value), True
        else:
            unknown.append(label)
    if unknown and not given.all():  # a fold may lack a class; a misspelt one leaves another open
        raise ValueError(
            f"{who}: expected class_weight for classes of y, which are {classes.tolist()}, "
            f"received one for {unknown}"
        )
    return found


def relative_weights(
    who: str, sample_weight: Array | None, class_weight: Array | None
) -> tuple[Array | None, Array | None]:
    """The rows that count (None: all), and their weights, of mean 1 (None: all alike), so that a
    row of weight 2 is as good as two rows. ValueError if no row counts."""
    given = [weight for weight in (sample_weight, class_weight) if weight is not None]
    if not given:
        return None, None
    product = np.prod(given, axis=0)
    rows = None
    if not product.all():
        rows = np.flatnonzero(product)
        product = product[rows]
        if not len(rows):
            raise ValueError(
                f"{who}: expected a row with sample_weight and class_weight above 0, received none"
            )
    if (product == product[0]).all():
        return rows, None
    return rows, product / product.mean()
