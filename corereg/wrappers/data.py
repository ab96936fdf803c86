"""Checks of what users of scikit-learn hand to `fit` and `predict`."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.wrappers.scikit_learn import validate_data

Array = np.ndarray[Any, Any]


def checked_features(estimator: Any, method: str, x: Any) -> Array:
    """X of `predict` and its likes as an array of numbers, with the features that `fit` saw.

    TypeError for sparse X, ValueError for what else scikit-learn's rules refuse.
    """
    refuse_sparse(estimator, method, X=x)
    found: Array = validate_data(estimator, x, reset=False, **_RULES)
    check_inner_shape(estimator, x=found)
    return found


def checked_data(
    estimator: Any, method: str, x: Any, y: Any, reset: bool = True, y_numeric: bool = False
) -> tuple[Array, Array]:
    """X (rows, features) or with more axes, of numbers, and y (rows,) or (rows, outputs), as
    arrays; y keeps its labels. reset: whether these are the features and their names from now on.
    Errors as of `checked_features`."""
    refuse_sparse(estimator, method, X=x, y=y)
    rules = {**_RULES, "multi_output": True, "y_numeric": y_numeric}
    found: tuple[Array, Array] = validate_data(estimator, x, y, reset=reset, **rules)
    if not reset:
        check_inner_shape(estimator, x=found[0])
    return found


_RULES = {"allow_nd": True, "dtype": "numeric"}


def refuse_sparse(estimator: Any, method: str, **given: Any) -> None:
    """TypeError for matrices of scipy.sparse, which names them."""
    for name, value in given.items():
        if type(value).__module__.startswith("scipy.sparse"):
            raise TypeError(
                f"{type(estimator).__name__}.{method}: expected {name} as a dense array, received "
                f"a sparse {type(value).__name__} of scipy; use {name}.toarray()"
            )


def check_inner_shape(estimator: Any, x: Array) -> None:
    """ValueError unless X has the axes after the first that `fit` saw; of tables, scikit-learn
    has compared them already."""
    expected: tuple[int, ...] = vars(estimator).get("X_shape_", x.shape)
    if x.shape[1:] != expected[1:]:
        raise ValueError(
            f"{type(estimator).__name__}: expected X of shape {('rows', *expected[1:])}, received "
            f"{x.shape}"
        )


def with_shape_of(values: Array, ndim: int) -> Array:
    """Predictions (rows, 1) as (rows,) where the targets had one axis; others as they are."""
    return values[:, 0] if ndim == 1 and values.ndim == 2 and values.shape[1] == 1 else values
