"""Checks of what users of scikit-learn hand to `fit` and `predict`."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.tables.libraries import is_sparse
from corereg.tables.refusals import NUMBERS
from corereg.wrappers.data_errors import explain, refuse_dates
from corereg.wrappers.scikit_learn import check_X_y, is_classifier, validate_data

Array = np.ndarray[Any, Any]


def validated(estimator: Any, method: str, x: Any, *y: Any, **rules: Any) -> Any:
    """What scikit-learn's `validate_data` gives; errors about single values name their column and
    row, as those of a model's `fit` do. rules: its arguments."""
    who = f"{type(estimator).__name__}.{method}"
    refuse_dates(who, x)
    try:
        found = validate_data(estimator, x, *y, **rules)
        kept = (found[0] if y else found).dtype
        if kept.kind not in NUMBERS:  # scikit-learn 1.6 leaves pandas's texts as they are
            raise ValueError(f"could not convert {kept} to numbers")
        return found
    except (TypeError, ValueError) as error:
        explain(who, "X", x, error)
        for one in y:
            explain(who, "y", one, error, not is_classifier(estimator))
        raise


def checked_table(
    estimator: Any, x: Any, y: Any, reset: bool = False, y_numeric: bool = False
) -> tuple[Any, Array]:
    """A table as it is, whose columns a model takes by their names, and y as `checked_data` gives
    it. ValueError for other columns than those of `fit`, and for y."""
    check_columns(estimator, x, reset)
    rows = np.zeros((len(x), 1))
    return x, check_X_y(rows, y, multi_output=True, y_numeric=y_numeric)[1]


def check_columns(estimator: Any, x: Any, reset: bool = False) -> Any:
    """A table as it is. ValueError unless its columns are those of `fit`."""
    return validate_data(estimator, x, reset=reset, skip_check_array=True)


def checked_features(estimator: Any, method: str, x: Any) -> Array:
    """X of `predict` and its likes as an array of numbers, with the features that `fit` saw.

    TypeError for sparse X, ValueError for what else scikit-learn's rules refuse.
    """
    refuse_sparse(estimator, method, X=x)
    found: Array = validated(estimator, method, x, reset=False, **_RULES)
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
    found: tuple[Array, Array] = validated(estimator, method, x, y, reset=reset, **rules)
    if not reset:
        check_inner_shape(estimator, x=found[0])
    return found


_RULES = {"allow_nd": True, "dtype": "numeric"}


def refuse_sparse(estimator: Any, method: str, **given: Any) -> None:
    """TypeError for matrices of scipy.sparse, which names them."""
    for name, value in given.items():
        if is_sparse(value):
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
