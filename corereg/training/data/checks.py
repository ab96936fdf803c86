"""Checks of the user's arrays, before anything is changed: shapes, dtypes, finite numbers."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg._lazy import later
from corereg.autograd import Tensor
from corereg.layers.base import Shape

if TYPE_CHECKING:
    from corereg.losses.base import Loss
    from corereg.tables import given as tables, refusals
    from corereg.tables.columns import Column
else:
    tables = later("corereg.tables.given")
    refusals = later("corereg.tables.refusals")

Array = np.ndarray[Any, Any]
FLOAT32_MOST = float.fromhex("0x1.fffffefffffffp127")  # the largest that is finite as float32
FLOAT64_MOST = sys.float_info.max
CHUNK = 1 << 22  # elements looked at together when checking for NaN


def check_inputs(
    who: str,
    x: Any,
    dtype: Any,
    finite: bool = True,
    one_feature: bool = False,
    table: Sequence[Column] | None = None,
    scalars: bool = False,
) -> Array:
    """x as an array (rows, ...) of numbers with contiguous rows. one_feature: (rows,) stands for
    (rows, 1); table: the columns that x was made of, for errors to name them; scalars: a row is a
    single number.

    Raises TypeError for other dtypes, ValueError for no rows and for finite numbers that are not
    finite as `dtype`; where `finite`, for NaN and infinity as well.
    """
    array = np.asarray(x.data if isinstance(x, Tensor) else x)
    if array.dtype.kind not in "fiub":
        raise refusals.Asked(who, "X").refuse_array(array, f"dtype {array.dtype}")
    array = known_float(array)
    if array.ndim == 1 and one_feature:
        array = array[:, None]
    if array.ndim < 2 and not (scalars and array.ndim):
        raise ValueError(
            f"{who}: expected X of shape (rows, features), received {array.shape}; "
            + ("use x[None, :] for one row, x[:, None] for one feature" if array.ndim else "")
        )
    if not array.size:
        raise ValueError(
            f"{who}: expected at least one row and one feature, received X of shape {array.shape}"
        )
    if not (array[0].flags.c_contiguous and array.flags.aligned):
        array = np.require(array, requirements=["C", "A"])
    if finite:
        if array.dtype.kind == "f":
            check_finite(who, "X", array, dtype, table=table)
    elif table is not None:
        check_cast(who, array, table)
    elif array.dtype.char == "d" and dtype == "float32":
        check_finite(who, "X", array, dtype, keeps=True)
    return array


def known_float(array: Array) -> Array:
    """The array in native byte order, and in float32 or float64 if it is of another float."""
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype.kind == "f" and array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float32 if array.dtype == np.float16 else np.float64)
    return array


def check_finite(
    who: str,
    name: str,
    x: Array,
    dtype: Any,
    keeps: bool = False,
    table: Sequence[Column] | None = None,
) -> None:
    """Raises ValueError naming the first row of x that is not finite as this dtype, and the column;
    keeps: only where x itself is finite, so that NaN and infinity may stay what they are. table:
    the columns that x was made of, if they have names."""
    most = FLOAT32_MOST if dtype == "float32" else FLOAT64_MOST
    if x.size <= CHUNK and _kernels.all_between(x, -most, most):
        return
    rows = max(1, CHUNK * len(x) // max(x.size, 1))
    for first in range(0, len(x), rows):
        part = x[first : first + rows]
        if _kernels.all_between(part, -most, most):
            continue
        with np.errstate(over="ignore", invalid="ignore"):
            if np.isfinite(part.sum(dtype=dtype)):
                continue
            wrong = ~np.isfinite(part.astype(dtype))  # or the sum itself overflowed
        if keeps:
            wrong &= np.isfinite(part)
        if wrong.any():
            row, column = _first_place(wrong)
            _refuse_value(who, name, x, dtype, first + row, column, table)


def check_cast(who: str, x: Array, table: Sequence[Column]) -> None:
    """Raises ValueError for a finite number of a table that x, made of it, has as infinity."""
    if x.dtype.kind != "f" or _kernels.all_between(x, -FLOAT64_MOST, FLOAT64_MOST):
        return
    rows = max(1, CHUNK * len(x) // x.size)
    for first in range(0, len(x), rows):
        for row, column in np.argwhere(np.isinf(x[first : first + rows])):
            place = first + int(row)
            if np.isfinite(float(table[column].part(place, place + 1)[0])):
                _refuse_value(who, "X", x, x.dtype, place, int(column), table)


def _first_place(wrong: Array) -> tuple[int, int]:
    """The first row that has something wrong, and where in it, counted through."""
    flat = wrong.reshape(len(wrong), -1)
    row = int(np.flatnonzero(flat.any(axis=1))[0])
    return row, int(np.flatnonzero(flat[row])[0])


def _refuse_value(
    who: str,
    name: str,
    x: Array,
    dtype: Any,
    row: int,
    column: int,
    table: Sequence[Column] | None,
) -> None:
    """Raises ValueError for a number that is not finite as this dtype."""
    value = float(x[row].reshape(-1)[column])
    where = f"row {row}"
    if table is not None:
        value = float(table[column].part(row, row + 1)[0])
        if table[column].name is not None:
            where += f", column {table[column].name!r}"
    elif x.ndim == 2 and x.shape[1] > 1:
        where += f", column {column}"
    cure = "drop such rows, or fill them in"
    if np.isnan(value):
        what = "NaN"
    elif np.isinf(value):
        what = "infinity"
    else:
        what, cure = f"{value:.3g} (too large)", "scale the column"
    raise ValueError(
        f"{who}: expected {name} finite as {dtype}, received {what} in {where}; {cure}"
    )


def check_below(who: str, x: Array, limit: int) -> None:
    """Raises ValueError naming the first row of x with a number that, cut to a whole number, is not
    from 0 to limit - 1."""
    if x.dtype.kind == "b" and limit > 1:
        return
    low, high = x.min(), x.max()
    if low > -1 and high < limit:
        return
    with np.errstate(invalid="ignore"):
        wrong = ~((x > -1) & (x < limit)).reshape(len(x), -1)
    row = int(np.flatnonzero(wrong.any(axis=1))[0])
    value = x[row].reshape(-1)[np.flatnonzero(wrong[row])[0]]
    raise ValueError(
        f"{who}: expected whole numbers from 0 to {limit - 1}, the rows of the table that looks "
        f"them up, received {value} in row {row} of X; make its input_dim larger"
    )


class prefix_errors:
    """``with prefix_errors(who):`` puts `who` in front of a TypeError or ValueError raised inside,
    for a loss or metric does not know for whom it checks."""

    def __init__(self, who: str) -> None:
        self._who = who

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if error is not None and isinstance(error, TypeError | ValueError):
            known = TypeError if isinstance(error, TypeError) else ValueError
            raise known(f"{self._who}: {error}") from error


def check_rows(who: str, names: Sequence[str | None], inputs: Sequence[Array]) -> int:
    """The number of rows that all inputs have; ValueError if they differ."""
    rows = len(inputs[0])
    for name, x in zip(names, inputs, strict=True):
        if len(x) != rows:
            first = "the first input" if names[0] is None else repr(names[0])
            raise ValueError(
                f"{who}: expected all inputs to have as many rows, {first} has {rows}, "
                f"{'another one' if name is None else repr(name)} has {len(x)}"
            )
    return rows


def check_targets(
    who: str, y: Any, rows: int, loss: Loss | None, outputs: Shape | None, dtype: Any
) -> Array:
    """The targets of one output: numbers, a row for each of x, and what its loss expects.

    loss None: no loss looks at them; outputs: the shape that the loss is told.
    """
    if y is None:
        raise ValueError(f"{who}: expected y, received None")
    array: Array
    if type(y) is np.ndarray:
        array = y
    else:
        array = y.data if isinstance(y, Tensor) else tables.given_array(who, "y", y)
    if not array.ndim or len(array) != rows:
        raise ValueError(
            f"{who}: expected one target for each of the {rows} rows of X, received y of shape "
            f"{array.shape}"
        )
    if array.dtype.kind not in "fiub":
        raise refusals.Asked(who, "y").refuse_array(array, f"dtype {array.dtype}")
    with prefix_errors(who):
        if loss is not None and outputs is not None:
            array = loss.check_targets(array, outputs)
    if not (array.flags.c_contiguous and array.flags.aligned):
        array = np.require(array, requirements=["C", "A"])
    array = known_float(array)
    if array.dtype.kind == "f":
        check_finite(who, "y", array, dtype)
    return array


def weights_by_class(who: str, class_weight: Any, y: Array) -> Array:
    """A weight for each row: class_weight[class], 1 for classes that it leaves out.

    class_weight: a dict; a list or a vector of the weights of the classes 0, 1, ...; or "balanced",
    by which all classes of these rows count alike, as scikit-learn has it.
    """
    wide = y.ndim > 1 and y.shape[1] > 1
    classes = y.argmax(axis=1) if wide else np.rint(y).reshape(len(y))
    if isinstance(class_weight, str) and class_weight == "balanced":
        _, places, counts = np.unique(classes, return_inverse=True, return_counts=True)
        return len(classes) / (len(counts) * counts[places.reshape(-1)])
    if not isinstance(class_weight, str | Mapping) and np.ndim(class_weight) == 1:
        class_weight = dict(enumerate(np.asarray(class_weight).tolist()))
        if len(class_weight) <= classes.max():
            raise ValueError(
                f"{who}: expected class_weight with a weight for each class from 0 to "
                f"{int(classes.max())}, received {len(class_weight)}"
            )
    if not isinstance(class_weight, Mapping):
        raise TypeError(
            f"{who}: expected class_weight as a dict of weights, a list of them or 'balanced', "
            f"received {class_weight!r}"
        )
    for key, value in class_weight.items():
        number = np.asarray(value)
        good = number.ndim == 0 and number.dtype.kind in "fiu" and np.isfinite(number)
        known = isinstance(key, int | float | np.number) and float(key) >= 0
        if not (known and float(key).is_integer() and good):
            raise ValueError(
                f"{who}: expected class_weight of classes >= 0 and finite weights, received "
                f"{key!r}: {value!r}"
            )
    weights = np.ones(len(y))
    for key, value in class_weight.items():
        weights[classes == int(key)] = value
    return weights
