"""Metric: the base class of metrics, and MetricFunction, which makes one of a plain function; and
how metrics come from names and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from corereg import _kernels, config, initializers, registry
from corereg._lazy import later
from corereg.autograd import Tensor, tensor
from corereg.autograd.parameter import Variable
from corereg.metrics.arrays import (
    Array as Array,
    as_array as as_array,
    as_matrix as as_matrix,
    as_places as as_places,
    cast_like as cast_like,
    cast_to as cast_to,
    finished as finished,
    of_rows as of_rows,
    rows_of,
    weighted_rows,
)
from corereg.naming import snake_case
from corereg.recordable import Recordable
from corereg.shown import as_call

if TYPE_CHECKING:
    from corereg import masks
else:  # few predictions have masks
    masks = later("corereg.masks")

FLOATS = ("float32", "float64")
WHOLE = ("int", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool")
DTYPES = (*FLOATS, *WHOLE, "float16", "bfloat16")


class Metric(Recordable):
    """Base class of metrics: subclass it in one of two ways.

    Means over rows write `rows(y_true, y_pred)`: arrays -> one value a row. All others make their
    state in `__init__` by `add_variable`, change it in `update_state` by ops and
    `variable.assign(...)`, and compute `result` from it, as in Keras; they are handed tensors, so
    that such a metric can be replayed.

    update_state adds a batch, result gives the value so far, reset_state begins anew.

    dtype: "float32" or "float64", that predictions are cast to before they are compared and
    computed with; None: as they come. (A string that is no dtype, given alone, is the name.)
    name: in the logs; None: the class's own in snake_case.

    >>> class Bias(metrics.Metric):
    ...     def rows(self, y_true, y_pred):
    ...         return (y_pred - y_true).mean(axis=1)
    >>> Bias()(np.array([[1.0], [2.0]]), np.array([[2.0], [4.0]]))
    1.5
    """

    _counts_masks: ClassVar[bool] = True  # whether what a mask of predictions leaves out counts not

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        if name is None and isinstance(dtype, str) and dtype not in DTYPES:
            dtype, name = None, dtype
        self.name = name or snake_case(type(self).__name__)
        self._dtype = None if dtype is None else self._checked_dtype(dtype)
        self._variables: list[Variable] = []
        # The sums are in arrays, to which kernels add, so that recorded steps can add too.
        self._total, self._weight = np.zeros(1), np.zeros(1)
        self._rows = np.zeros(1, np.int64)

    def _checked_dtype(self, dtype: Any) -> str:
        found = dtype if isinstance(dtype, str) else np.dtype(dtype).name
        if found not in FLOATS:
            raise ValueError(
                f"{type(self).__name__}: expected dtype 'float32' or 'float64', received {dtype!r}"
            )
        return found

    __repr__ = as_call

    # ---- state -----------------------------------------------------------------------------------

    @property
    def dtype(self) -> str:
        """The dtype of computations, and of variables for which none is given."""
        return self._dtype or config.floatx()

    @property
    def states(self) -> list[Array]:
        """Arrays of one element of 8 bytes that hold all that update_state adds up."""
        return [self._total, self._weight, self._rows]

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "sum",
        name: str | None = None,
    ) -> Variable:
        """A part of the state: a tensor with `assign`, `assign_add` and `assign_sub`, that
        `reset_state` sets to 0. aggregation: as in Keras, where there are several devices.

        RuntimeError if the constructor of the base class has not been called.
        """
        own = getattr(self, "_variables", None)
        if own is None:
            raise RuntimeError(
                f"{type(self).__name__}: call super().__init__() before add_variable()"
            )
        wanted = self.dtype if dtype is None else dtype
        make = initializers.get("zeros" if initializer is None else initializer)
        values = np.asarray(make(tuple(shape), "float64"), wanted)
        with _kernels.recording_paused():  # state is made once, whoever replays
            made = Variable(values, name or f"{self.name}_variable_{len(own)}")
        own.append(made)
        return made

    def add_weight(
        self,
        shape: Sequence[int] = (),
        initializer: Any = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> Variable:
        """`add_variable` under its older name."""
        return self.add_variable(shape, initializer, dtype, name=name)

    @property
    def variables(self) -> list[Any]:
        """The state as tensors: the variables, and those of metrics that are attributes; of a mean
        over rows its sums."""
        inner = self._inner()
        if not self._variables and not inner:
            return [Tensor(state) for state in self.states]
        return [*self._variables, *(v for metric in inner for v in metric.variables)]

    def _inner(self) -> list[Metric]:
        """The metrics that are attributes of this one."""
        return [value for value in vars(self).values() if isinstance(value, Metric)]

    @property
    def _computes_on_tensors(self) -> bool:  # type: ignore[override]
        return bool(self._variables or self._inner())

    def reset_state(self) -> None:
        """Forgets all batches."""
        for total in (self._total, self._weight, self._rows):
            total.fill(0)
        for variable in self._variables:
            variable.zero_()
        for metric in self._inner():
            metric.reset_state()

    # ---- batches ---------------------------------------------------------------------------------

    def rows(self, y_true: Array, y_pred: Array) -> Array:
        raise NotImplementedError(
            f"{type(self).__name__}: write rows(y_true, y_pred), or update_state and result"
        )

    def places(self, y_true: Array, y_pred: Array) -> Array:
        """As `rows`, with all values of a row where it has several, for weights of each."""
        return self.rows(y_true, y_pred)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> None:
        """Raises ValueError if the targets of a data set do not fit the model's output shape."""

    def floats(self, value: Any) -> Array:
        """value as an array of floats: of the metric's dtype, of its own, or floatx for others."""
        array = as_array(value)
        if self._dtype is not None:
            return cast_to(array, array.shape, self._dtype)
        if array.dtype == np.float32 or (array.dtype == np.float64 and not is_plain(value)):
            return array
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{self.name}: expected numbers, received dtype {array.dtype}")
        return cast_to(array, array.shape, config.floatx())

    @property
    def has_own_update(self) -> bool:
        """Whether its `update_state` is not one of this package: it gets targets as they were
        given, (rows,) beside predictions (rows, 1)."""
        return not type(self).update_state.__module__.startswith("corereg.")

    def add_batch(self, y_true: Any, y_pred: Any, sample_weight: Any) -> None:
        """`update_state` with tensors for code that computes on them."""
        if self._computes_on_tensors:
            y_true, y_pred, sample_weight = (
                Tensor(x) if isinstance(x, np.ndarray) else x
                for x in (y_true, y_pred, sample_weight)
            )
        if sample_weight is None:
            self.update_state(y_true, y_pred)
        else:
            self.update_state(y_true, y_pred, sample_weight)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Adds a batch.

        sample_weight: a number, a weight for each row, or one for each value that the metric
        computes, as in Keras. What a mask of y_pred leaves out weighs nothing.
        """
        _kernels.track_dependency(self)
        mask = getattr(y_pred, "_keras_mask", None)
        if mask is not None and self._counts_masks:
            dtype = y_pred.dtype if y_pred.dtype.kind == "f" else self.dtype
            sample_weight = masks.masked_weight(self.name, sample_weight, mask, dtype, False)
        each = sample_weight is not None and ndim_of(sample_weight) > 1
        values = (self.places if each else self.rows)(as_array(y_true), self.floats(y_pred))
        self._add(values, sample_weight)

    def _add(self, values: Array, sample_weight: Any) -> None:
        """Adds the values of a batch: their mean in each row, with the row's weight."""
        if values.dtype not in (np.float32, np.float64):
            values = cast_to(values, values.shape, np.float64)
        if sample_weight is None:
            _kernels.accumulate_weighted_sum(self._total, rows_of(values))
            _kernels.increment(self._rows, len(values) if values.ndim else 1)
        else:
            rows, factors, weights = weighted_rows(self.name, values, sample_weight)
            _kernels.accumulate_weighted_sum(self._total, rows, 1.0, factors)
            _kernels.accumulate_weighted_sum(self._weight, weights)

    # ---- results ---------------------------------------------------------------------------------

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

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """update_state, then result."""
        self.update_state(*args, **kwargs)
        return self.result()

    # ---- configs ---------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """The arguments of the constructor; dtype only where one was given."""
        own = {} if self._dtype is None else {"dtype": self._dtype}
        return {"name": self.name, **own}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """A metric from what `get_config` gave."""
        return cls(**config)


def is_plain(value: Any) -> bool:
    """Whether a value is made of Python numbers, which have no dtype of their own."""
    return isinstance(value, list | tuple | float | int)


def ndim_of(value: Any) -> int:
    """How many axes an array, a tensor or a list has."""
    found = getattr(value, "ndim", None)
    return np.ndim(value) if found is None else int(found)


class MetricFunction(Metric):
    """A plain function (y_true, y_pred) of tensors, giving one value a row or a scalar.

    >>> metrics.get(lambda y_true, y_pred: abs(y_true - y_pred))([[0.0]], [[2.0]])
    2.0
    """

    _computes_on_tensors = True

    def __init__(self, function: Callable[..., Any]) -> None:
        name = getattr(function, "__name__", "metric")
        super().__init__(name="lambda" if name == "<lambda>" else name)
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
    """The Metric of a name, an object, a function or a serialized dict; "accuracy" and "acc" (in
    small or large letters) stay names until the shapes of the data are known. Raises if there is no
    such metric."""
    if isinstance(identifier, str):
        if identifier.lower() in ACCURACY:
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
    identifier: Any, outputs: tuple[int | None, ...] | None = None, sparse: bool = False
) -> Any:
    """A Metric, or None for None. outputs: the model's output shape, sparse: whether y holds
    integer labels; both decide what "accuracy" means, which without them is `Accuracy`.

    >>> metrics.get("auc")
    AUC(num_thresholds=200)
    """
    if identifier is None:
        return None
    found = resolve(identifier)
    if isinstance(found, Metric):
        return found
    if outputs is None:
        kind = "Accuracy"
    elif outputs[-1] == 1:
        kind = "BinaryAccuracy"
    else:
        kind = "SparseCategoricalAccuracy" if sparse else "CategoricalAccuracy"
    made: Metric = registry.find("metric", kind)(name=found)  # type: ignore[misc]
    return made


def serialize(metric: Any) -> registry.Config | str | None:
    """As {"class_name", "config"}; a registered function by its name.

    >>> metrics.serialize(metrics.Mean())["class_name"]
    'Mean'
    """
    if isinstance(metric, MetricFunction) and registry.registered_function(metric.function):
        metric = metric.function
    return registry.serialize("metric", metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Metric:
    """What `serialize` gave, as a metric again.

    >>> metrics.deserialize({"class_name": "Precision", "config": {"thresholds": 0.7}})
    Precision(thresholds=0.7)
    """
    with registry.custom_object_scope(custom_objects):
        found: Metric = get(config)
    return found
