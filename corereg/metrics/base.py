"""Metric: the base class of metrics, and MetricFunction, which makes one of a plain function; and
how metrics come from names and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from corereg import _kernels, registry
from corereg.autograd import Tensor, tensor
from corereg.naming import snake_case
from corereg.recordable import Recordable

Array = np.ndarray[Any, Any]


class Metric(Recordable):
    """Base class: subclass it and write `rows(y_true, y_pred)`: arrays -> one value a row.

    update_state adds a batch, result gives the mean so far, reset_state begins anew.
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = name or snake_case(type(self).__name__)
        # The sums are in arrays, to which kernels add, so that recorded steps can add too.
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
        rows = self.rows(as_array(y_true), as_array(y_pred))
        if rows.dtype not in (np.float32, np.float64):
            rows = rows.astype(np.float64)
        if sample_weight is None:
            _kernels.accumulate_weighted_sum(self._total, rows)
            _kernels.increment(self._rows, len(rows))
        else:
            weight = cast_to(as_array(sample_weight), (len(rows),), rows.dtype)
            _kernels.accumulate_weighted_sum(self._total, rows, 1.0, weight)
            _kernels.accumulate_weighted_sum(self._weight, weight)

    def result(self) -> Any:
        """The mean so far, a float; 0 before the first batch. In a step that is recorded it is a
        scalar Tensor, so that replays compute it again."""
        if _kernels.tracing() is not None:
            return self._traced_result()
        count: float = self._rows.item() + self._weight.item()
        return self._total.item() / count if count else 0.0

    def _traced_result(self) -> Tensor:
        """The mean so far, by ops."""
        rows, weight = Tensor(self._rows).astype(np.float64), Tensor(self._weight)
        count = rows + weight
        empty = (count.detach() == 0).astype(np.float64)
        return (Tensor(self._total) / (count + empty)).reshape(())

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """update_state, then result."""
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


class MetricFunction(Metric):
    """A plain function (y_true, y_pred) of tensors, giving one value a row or a scalar."""

    _computes_on_tensors = True

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(getattr(function, "__name__", "metric"))
        self.function = function

    @property
    def who(self) -> str:
        """How reports name it."""
        return f"the metric function {self.name!r}"

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        found = self.function(Tensor(y_true), Tensor(y_pred))
        if not isinstance(found, Tensor):
            _kernels.fail_recording(f"{self.who} gives no tensor")
        values = tensor(found).astype(np.float64)  # by ops, so that it can be recorded
        if not values.ndim:
            values = values * np.ones(len(y_pred))
        elif values.ndim > 1:
            values = values.reshape(len(y_pred), -1).mean(axis=1)
        return np.asarray(values.data)

    def get_config(self) -> dict[str, Any]:
        raise TypeError(f"cannot save the metric function {self.name!r}: make it a Metric subclass")


# ---- names ---------------------------------------------------------------------------------------

ACCURACY = ("accuracy", "acc")


def resolve(identifier: Any) -> Metric | str:
    """The Metric of a name, an object, a function or a serialized dict; "accuracy" and "acc" stay
    names until the shapes of the data are known. Raises if there is no such metric."""
    if isinstance(identifier, str):
        if identifier in ACCURACY:
            return identifier
        if registry.find("metric", identifier) is None:
            raise registry.unknown("metric", identifier, also=ACCURACY)
    found = registry.resolve("metric", identifier)
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
    found = resolve(identifier)
    if isinstance(found, Metric):
        return found
    if outputs[-1] == 1:
        kind = "BinaryAccuracy"
    else:
        kind = "SparseCategoricalAccuracy" if sparse else "CategoricalAccuracy"
    made: Metric = registry.deserialize("metric", {"class_name": kind, "config": {"name": found}})
    return made


def serialize(metric: Any) -> registry.Config | str | None:
    """As {"class_name", "config"}; a registered function by its name."""
    if isinstance(metric, MetricFunction) and registry.registered_function(metric.function):
        metric = metric.function
    return registry.serialize("metric", metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Metric:
    """What `serialize` gave, as a metric again."""
    with registry.custom_object_scope(custom_objects):
        return get(config)


# ---- arrays --------------------------------------------------------------------------------------


def as_array(x: Any) -> Array:
    """A Tensor's values, or x as an array."""
    return np.asarray(x.data if isinstance(x, Tensor) else x)


def as_matrix(z: Array) -> Array:
    """(rows, ...) as contiguous (rows, outputs)."""
    return np.ascontiguousarray(z.reshape(len(z), -1))


def as_places(z: Array) -> Array:
    """(rows, ..., classes) as contiguous (places, classes)."""
    return (
        z
        if z.ndim == 2 and z.flags.c_contiguous
        else np.ascontiguousarray(z.reshape(-1, z.shape[-1]))
    )


def of_rows(values: Array, rows: int) -> Array:
    """One value a row, of values of several places in each: their mean."""
    if len(values) == rows:
        return values
    _kernels.fail_recording("a metric takes the mean over places in a row")
    means: Array = values.reshape(rows, -1).mean(axis=1)
    return means


def cast_to(y: Array, shape: tuple[int, ...], dtype: Any) -> Array:
    """y itself in this shape, or a cast copy, which no recorded step would repeat."""
    if y.dtype != dtype or not y.flags.c_contiguous:
        _kernels.fail_recording("a metric casts its targets")
    return np.ascontiguousarray(y.reshape(shape), dtype)


def cast_like(y: Array, z: Array) -> Array:
    """y in the shape and dtype of z."""
    return cast_to(y, z.shape, z.dtype)
