"""Metrics, as in `keras.metrics`: running means over batches, one value a row.

"accuracy" is resolved by shapes when the model first meets data, as in Keras: one output:
binary (prediction > 0.5); integer labels: sparse; else categorical (argmax against argmax).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from corereg import _kernels, lookup
from corereg.autograd import Tensor
from corereg.layers.base import snake_case
from corereg.losses import labels, matched, one_axis

Array = np.ndarray[Any, Any]


class Metric:
    """Base class: subclass it and write `rows(y_true, y_pred)`: arrays -> one value a row.

    update_state adds a batch, result gives the mean so far, reset_state begins anew.
    """

    recordable: ClassVar[bool] = False  # see corereg.models.recordable

    def __init__(self, name: str | None = None) -> None:
        self.name = name or snake_case(type(self).__name__)
        # in memory that kernels add to, so that recorded steps can
        self._total, self._weight = np.zeros(1), np.zeros(1)
        self._rows = np.zeros(1, np.int64)

    @property
    def states(self) -> list[Array]:
        """Arrays of one element of 8 bytes that hold all that update_state adds up."""
        return [self._total, self._weight, self._rows]

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        raise NotImplementedError(f"{type(self).__name__}: rows is not written")

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        """Raises ValueError if the targets of a data set do not fit the model's output shape."""

    def reset_state(self) -> None:
        """Forgets all batches."""
        for total in (self._total, self._weight, self._rows):
            total.fill(0)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch; rows count by their weights where given."""
        _kernels.track_dependency(self)
        rows = self.rows(_array(y_true), _array(y_pred))
        if rows.dtype not in (np.float32, np.float64):
            rows = rows.astype(np.float64)
        if sample_weight is None:
            _kernels.accumulate_weighted_sum(self._total, rows)
            _kernels.increment(self._rows, len(rows))
        else:
            weight = _as(_array(sample_weight), (len(rows),), rows.dtype)
            _kernels.accumulate_weighted_sum(self._total, rows, 1.0, weight)
            _kernels.accumulate_weighted_sum(self._weight, weight)

    def result(self) -> float:
        """The mean so far; 0 before the first batch."""
        count: float = self._rows.item() + self._weight.item()
        return self._total.item() / count if count else 0.0

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """update_state, then result."""
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


class BinaryAccuracy(Metric):
    """The share of outputs where (prediction > threshold) equals y."""

    recordable = True

    def __init__(self, name: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        self.threshold = float(threshold)

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        z = _matrix(y_pred)
        return _kernels.accuracy("binary", z, _like(y_true, z), self.threshold)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        matched(self.name, y, outputs)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "threshold": self.threshold}


class CategoricalAccuracy(Metric):
    """The share of rows where argmax of prediction and of y agree."""

    recordable = True

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        z = _matrix(y_pred)
        return _kernels.accuracy("categorical", z, _like(y_true, z))

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        one_axis(self.name, outputs)
        matched(self.name, y, outputs)


class SparseCategoricalAccuracy(Metric):
    """The share of rows where argmax of prediction is the label."""

    recordable = True

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        return _kernels.accuracy("sparse", _matrix(y_pred), _as(y_true, (len(y_true),), np.int64))

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        labels(self.name, y, one_axis(self.name, outputs))


class MeanSquaredError(Metric):
    """mean((y - prediction)**2)."""

    recordable = True

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        return _loss_rows("squared_error", y_true, y_pred)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        matched(self.name, y, outputs)


class MeanAbsoluteError(Metric):
    """mean(|y - prediction|)."""

    recordable = True

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        return _loss_rows("absolute_error", y_true, y_pred)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        matched(self.name, y, outputs)


class MetricFunction(Metric):
    """A plain function (y_true, y_pred) of tensors, giving one value a row or a scalar."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(getattr(function, "__name__", "metric"))
        self.function = function

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        values = np.asarray(_array(self.function(Tensor(y_true), Tensor(y_pred))), np.float64)
        if not values.ndim:
            return np.full(len(y_pred), values)
        means: Array = values.reshape(len(values), -1).mean(axis=1)
        return means

    def get_config(self) -> dict[str, Any]:
        raise TypeError(f"cannot save the metric function {self.name!r}: make it a Metric subclass")


def _array(x: Any) -> Array:
    return np.asarray(x.data if isinstance(x, Tensor) else x)


def _matrix(z: Array) -> Array:
    return np.ascontiguousarray(z.reshape(len(z), -1))


def _as(y: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    """y itself in this shape, or a cast copy, which no recorded step would repeat."""
    if y.dtype != dtype or not y.flags.c_contiguous:
        _kernels.fail_recording("a metric casts its targets")
    return np.ascontiguousarray(y.reshape(shape), dtype)


def _like(y: Array, z: Array) -> Array:
    return _as(y, z.shape, z.dtype)


def _loss_rows(kind: str, y_true: Array, y_pred: Array) -> Array:
    z = _matrix(y_pred)
    return _kernels.loss_forward(kind, z, _like(y_true, z), None, 0.0, False)[0]


_TABLE: dict[str, Callable[..., Metric]] = {
    "binary_accuracy": BinaryAccuracy,
    "categorical_accuracy": CategoricalAccuracy,
    "sparse_categorical_accuracy": SparseCategoricalAccuracy,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "MSE": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "mae": MeanAbsoluteError,
    "MAE": MeanAbsoluteError,
    "BinaryAccuracy": BinaryAccuracy,
    "CategoricalAccuracy": CategoricalAccuracy,
    "SparseCategoricalAccuracy": SparseCategoricalAccuracy,
    "MeanSquaredError": MeanSquaredError,
    "MeanAbsoluteError": MeanAbsoluteError,
}
ACCURACY = ("accuracy", "acc")


def known(identifier: Any) -> Any:
    """identifier, or an error if it names no metric; "accuracy" waits for the shapes."""
    if isinstance(identifier, str) and identifier in ACCURACY:
        return identifier
    found = lookup.resolve("metric", identifier, {**_TABLE, **dict.fromkeys(ACCURACY, Metric)})
    if isinstance(found, Metric):
        if isinstance(identifier, str):
            found.name = identifier
        return found
    if callable(found):
        return MetricFunction(found)
    raise TypeError(f"metric: expected a name, a Metric or a function, received {found!r}")


def get(
    identifier: Any, outputs: tuple[int | None, ...] = (None, None), sparse: bool = False
) -> Metric:
    """A Metric. outputs: the model's output shape, sparse: whether y holds integer labels; both
    decide what "accuracy" means."""
    found = known(identifier)
    if isinstance(found, str):
        if outputs[-1] == 1:
            return BinaryAccuracy(found)
        return SparseCategoricalAccuracy(found) if sparse else CategoricalAccuracy(found)
    assert isinstance(found, Metric)
    return found
