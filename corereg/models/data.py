"""The user's arrays, checked once and then handed out in batches.

Rows are gathered and cast batch by batch into buffers of the model's dtype, so a data set is
never copied whole: float64, integer and memory-mapped arrays train as they are.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.losses import FLOAT64_MAX, Loss, as_weights

Array = np.ndarray[Any, Any]
FLOAT32_MOST = float.fromhex("0x1.fffffefffffffp127")  # the largest that is finite as float32
CHUNK = 1 << 22  # elements looked at together when checking for NaN


class Batch(NamedTuple):
    """x (batch, ...), y as the loss wants it, weight (batch,) or None; valid until the next."""

    x: Tensor
    y: Array | None
    weight: Array | None
    rows: int


class Rows:
    """A data set: x, and for training y and weights, all of one length."""

    def __init__(
        self, x: Array, y: Array | None = None, weight: Array | None = None, dtype: Any = "float32"
    ) -> None:
        self.x, self.y, self.weight = x, y, weight
        self.dtype = np.dtype(dtype)
        self._batch: Batch | None = None
        self._start = np.zeros(1, np.int64)  # the cursor; kernels read and move it
        self._order: Array | None = None
        self._epoch = np.zeros(1, np.int64)  # orders drawn; `shuffle` reads and moves it

    def __len__(self) -> int:
        return len(self.x)

    def begin(self, seed: Array | None = None) -> None:
        """Starts a pass over all rows, in the order that a seed (uint64) and the number of orders
        drawn before determine, or (None) as they are."""
        _kernels.store_and_reset(self._start)
        if seed is None:
            self._order = None
            return
        if self._order is None:
            self._order = np.empty(len(self), np.int64)
        _kernels.shuffle(self._order, seed, self._epoch)  # in place: recorded steps read it

    def shapes(self, rows: int) -> tuple[Any, ...]:
        """What tells batches of so many rows from those of other data."""
        y, weight = self.y, self.weight
        labels = None if y is None else (self._labels(y), y.shape[1:])
        return rows, self.x.shape[1:], self.dtype, labels, weight is not None

    def room(self, rows: int) -> Batch:
        """Memory for a batch of so many rows."""
        with _kernels.CacheLines():
            x = np.zeros((rows, *self.x.shape[1:]), self.dtype)
            y = weight = None
            if self.y is not None:
                kind = np.int64 if self._labels(self.y) else self.dtype
                y = np.zeros((rows, *self.y.shape[1:]), kind)
            if self.weight is not None:
                weight = np.zeros((rows,), self.dtype)
        return Batch(Tensor(x), y, weight, rows)

    def _labels(self, y: Array) -> bool:
        return y.dtype.kind in "iu" and y.ndim == 1

    def fill(self, batch: Batch) -> None:
        """The next rows of the pass into a batch's memory."""
        for source, buffer in (
            (self.x, batch.x.data),
            (self.y, batch.y),
            (self.weight, batch.weight),
        ):
            if source is not None and buffer is not None:
                _kernels.gather_rows(source, buffer, self._order, self._start)
        _kernels.increment(self._start, batch.rows)

    def take(self, rows: int) -> Batch:
        """The next `rows` rows of the pass; the memory is used again for as many rows."""
        if self._batch is None or self._batch.rows != rows:
            self._batch = self.room(rows)
        self.fill(self._batch)
        return self._batch


def inputs(who: str, x: Any, finite_as: Any = None) -> Array:
    """x as an array (rows, ...) of numbers with contiguous rows.

    Raises TypeError for other dtypes, ValueError for no rows and, if a dtype is given as
    `finite_as`, for NaN, infinity and what becomes infinite in it.
    """
    array = np.asarray(x.data if isinstance(x, Tensor) else x)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{who}: expected X of numbers, received dtype {array.dtype}; "
            "convert with .astype('float32')"
        )
    array = known_float(array)
    if array.ndim < 2:
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
    if finite_as is not None and array.dtype.kind == "f":
        check_finite(who, "X", array, finite_as)
    return array


def known_float(array: Array) -> Array:
    """The array in native byte order, and in float32 or float64 if it is of another float."""
    if not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    if array.dtype.kind == "f" and array.dtype not in (np.float32, np.float64):
        array = array.astype(np.float32 if array.dtype == np.float16 else np.float64)
    return array


def check_finite(who: str, name: str, x: Array, dtype: Any) -> None:
    """Raises ValueError naming the first row of x that is not finite as this dtype."""
    most = FLOAT32_MOST if dtype == "float32" else FLOAT64_MAX
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
        bad = np.flatnonzero(wrong.reshape(len(part), -1).any(axis=1))
        if len(bad):
            raise ValueError(
                f"{who}: expected {name} finite as {dtype}, received NaN, infinity or a number too "
                f"large in row {first + bad[0]}; drop such rows, fill them in, or scale the column"
            )


class prefix_errors:
    """Puts who was called in front of what a loss or metric says of the targets."""

    def __init__(self, who: str) -> None:
        self._who = who

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, TypeError | ValueError):
            known = TypeError if isinstance(error, TypeError) else ValueError
            raise known(f"{self._who}: {error}") from error


def training_rows(
    who: str,
    x: Array,
    y: Any,
    loss: Loss,
    outputs: tuple[int | None, ...],
    dtype: Any,
    sample_weight: Any = None,
    class_weight: Any = None,
) -> Rows:
    """x (from `inputs`), y and weights as checked Rows, or a clear error."""
    if y is None:
        raise ValueError(f"{who}: expected y, received None")
    y = np.asarray(y.data if isinstance(y, Tensor) else y)
    if not y.ndim or len(y) != len(x):
        raise ValueError(
            f"{who}: expected one target for each of the {len(x)} rows of X, received y of shape "
            f"{y.shape}"
        )
    with prefix_errors(who):
        y = loss.check_targets(y, outputs)
    if not (y.flags.c_contiguous and y.flags.aligned):
        y = np.require(y, requirements=["C", "A"])
    y = known_float(y)
    if y.dtype.kind == "f":
        check_finite(who, "y", y, dtype)
    if class_weight is not None and sample_weight is not None:
        raise ValueError(f"{who}: give class_weight or sample_weight, not both")
    weight = None
    if sample_weight is not None:
        weight = as_weights(who, sample_weight, len(x), dtype)
    if class_weight is not None:
        weight = weights_by_class(who, class_weight, y).astype(dtype)
    return Rows(x, y, weight, dtype)


def weights_by_class(who: str, class_weight: Any, y: Array) -> Array:
    """A weight for each row: class_weight[class], 1 for classes that it leaves out."""
    if not isinstance(class_weight, dict) or not class_weight:
        raise TypeError(f"{who}: expected class_weight as a dict of weights, got {class_weight!r}")
    for key, value in class_weight.items():
        good = isinstance(value, int | float | np.number) and np.isfinite(value)
        if not hasattr(key, "__index__") or int(key) < 0 or not good:
            raise ValueError(
                f"{who}: expected class_weight of classes >= 0 and finite weights, received "
                f"{key!r}: {value!r}"
            )
    wide = y.ndim > 1 and y.shape[1] > 1
    classes = y.argmax(axis=1) if wide else np.rint(y).reshape(len(y))
    weights = np.ones(len(y))
    for key, value in class_weight.items():
        weights[classes == int(key)] = value
    return weights


def split(who: str, share: float, rows: Rows) -> tuple[Rows, Rows]:
    """The first floor(n * (1 - share)) rows and the rest, as Keras splits."""
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
        raise ValueError(f"{who}: expected validation_split in [0, 1), received {share!r}")
    at = int(len(rows) * (1 - share))
    if not 0 < at < len(rows):
        raise ValueError(
            f"{who}: validation_split={share} of {len(rows)} rows leaves none to train on or none "
            "to validate on"
        )

    def part(which: slice) -> Rows:
        pick = [None if a is None else a[which] for a in (rows.x, rows.y, rows.weight)]
        assert pick[0] is not None
        return Rows(pick[0], pick[1], pick[2], rows.dtype)

    return part(slice(None, at)), part(slice(at, None))
