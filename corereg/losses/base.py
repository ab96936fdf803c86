"""Loss: the base class of losses, and LossFunction, which makes one of a plain function; and how
losses come from names and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np

from corereg import _kernels, config, registry
from corereg._lazy import later
from corereg.autograd import Tensor, ops, tensor
from corereg.losses.reductions import MEANS, checked_dtype, checked_reduction, reduced
from corereg.naming import snake_case
from corereg.recordable import Recordable
from corereg.shown import as_call
from corereg.targets import as_weight_of, check_numbers, match_outputs

if TYPE_CHECKING:
    from corereg import masks
else:  # few predictions have masks
    masks = later("corereg.masks")

Array = np.ndarray[Any, Any]


def given(values: Any) -> Tensor:
    """What a caller gave as y_true or y_pred, as a Tensor: lists too, and float16 as float32."""
    if getattr(values, "dtype", None) == np.float16 and not isinstance(values, Tensor):
        values = np.asarray(values, np.float32)
    return tensor(values)


def same_rank(y: Tensor, y_pred: Tensor) -> Tensor:
    """Targets with as many axes as predictions, where one of the two has a last axis of 1 that the
    other lacks: as Keras has them, so that (rows,) and (rows, 1) do not make (rows, rows)."""
    if y.ndim + 1 == y_pred.ndim and y_pred.shape[-1] == 1:
        return y.reshape(*y.shape, 1)
    if y.ndim == y_pred.ndim + 1 and y.shape[-1] == 1:
        return y.reshape(y.shape[:-1])
    return y


class Loss(Recordable):
    """Base class: subclass it and write `call(y_true, y_pred)`: tensors -> a Tensor of losses, one
    a row or more (or a scalar, then weights cannot be used).

    name: the class's name in snake case if it is None. reduction: "sum_over_batch_size" and "mean"
    are the mean of all (weighted) values, "mean_with_sample_weight" is their sum divided by the sum
    of the weights, "sum" their sum; "none" and None give the values themselves. dtype: "float32" or
    "float64", to which predictions are cast; None keeps those two and casts all others to
    `corereg.config.floatx()`.

    >>> class Largest(losses.Loss):
    ...     def call(self, y_true, y_pred):
    ...         return abs(y_true - y_pred).max(axis=1)
    >>> Largest()([[0.0, 1.0], [2.0, 2.0]], [[3.0, 1.0], [2.0, 1.0]]).item()
    2.0
    """

    _computes_on_tensors = True
    _weighs_scalars = False  # whether one value for the whole batch may be weighted
    _targets_are_classes = False  # whether mixed rows need its values mixed, not their targets

    def __init__(
        self,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        who = type(self).__name__
        self.reduction = checked_reduction(who, reduction)
        self._dtype = checked_dtype(who, dtype)
        self.name = name or snake_case(who)

    __repr__ = as_call

    @property
    def dtype(self) -> str:
        """What it was told to compute in, or else `corereg.config.floatx()`."""
        return self._dtype or config.floatx()

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__}: call is not written")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The reduced loss. sample_weight: a number, or an array with a weight for each value of
        the loss, or for each row of them, or anything else that broadcasts."""
        _kernels.track_dependency(self)
        y_pred = self.as_predictions(y_pred)
        values = self.call(same_rank(given(y_true), y_pred), y_pred)
        return self.finish(values, sample_weight, y_pred._keras_mask)

    def as_predictions(self, y_pred: Any) -> Tensor:
        """y_pred as a Tensor of the dtype that the loss computes in, with its mask."""
        found: Tensor = y_pred if type(y_pred) is Tensor else given(y_pred)
        dtype = self._dtype
        if dtype is None:
            if found.dtype.char in "fd":
                return found
            dtype = config.floatx()
        if found.dtype == dtype:
            return found
        cast = ops.astype(found, dtype)
        cast._keras_mask = found._keras_mask
        return cast

    def finish(self, values: Tensor, sample_weight: Any, mask: Tensor | None = None) -> Tensor:
        """The values of the loss, weighted and reduced. mask: of the predictions; what it leaves
        out weighs nothing."""
        if mask is not None and values.ndim:
            sample_weight = self.masked(sample_weight, mask, values.dtype)
        if sample_weight is not None and not values.ndim and not self._weighs_scalars:
            raise ValueError(f"{self.name}: sample_weight needs a loss that gives one a row")
        return self.reduce(self.weighted(values, sample_weight), sample_weight)

    def masked(self, sample_weight: Any, mask: Tensor, dtype: Any) -> Tensor:
        """Sample weights times a mask of the predictions, as the reduction wants them."""
        return masks.masked_weight(self.name, sample_weight, mask, dtype, self.reduction in MEANS)

    def finish_masked(self, values: Tensor, counted: Tensor, sample_weight: Any) -> Tensor:
        """The same for values of which some are 0 because they do not count: a mean is over those
        that do, as Keras has it where a loss masks its values."""
        weight = self.weighted(counted.astype(values.dtype), sample_weight)
        if self.reduction in MEANS:  # those that count share the weights of all
            count = counted.astype(values.dtype).sum()
            weight = weight * (values.size / ops.maximum(count, 1))
        return self.reduce(values * weight, weight)

    def reduce(self, values: Tensor, sample_weight: Any = None) -> Tensor:
        """Weighted values of any rank as the reduction wants them: a sum or mean, or all of them;
        sample_weight: what "mean_with_sample_weight" divides by the sum of."""
        return reduced(values, self.reduction, sample_weight)

    def weighted(self, values: Tensor, sample_weight: Any) -> Tensor:
        """The values of the loss times the weights, if there are any."""
        if sample_weight is None:
            return values
        return values * as_weight_of(self.name, sample_weight, values.shape, values.dtype)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        """Targets of a whole data set, checked against the model's output shape; may reshape."""
        return y[:, None] if y.ndim == 1 and len(outputs) == 2 and outputs[1] == 1 else y

    def get_config(self) -> dict[str, Any]:
        """name and reduction, and dtype if there is one; subclasses add their own arguments."""
        options = {"name": self.name, "reduction": self.reduction}
        return options if self._dtype is None else {**options, "dtype": self._dtype}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A loss of what `get_config` gave."""
        return cls(**config)


class BuiltinLoss(Loss):
    """Base class of those of this package: Keras's order of arguments, and targets that must have
    the shape of the predictions, but for a last axis of 1."""

    default_name: str | None = None

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name or self.default_name, reduction, dtype)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        return match_outputs(self.name, check_numbers(self.name, y), outputs)


class ComposedLoss(BuiltinLoss):
    """Base class of those that are composed of ops: their `call` gets targets of the predictions'
    dtype and, where one of the two lacks a last axis of 1, of their rank."""

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        _kernels.track_dependency(self)
        y_pred = self.as_predictions(y_pred)
        y_true = given(y_true)
        if y_true.dtype != y_pred.dtype:
            y_true = y_true.astype(y_pred.dtype)
        values = self.call(*self.ranked(y_true, y_pred))
        return self.finish(values, sample_weight, y_pred._keras_mask)

    def ranked(self, y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
        """Both with as many axes, as Keras has them: (rows,) beside (rows, 1) becomes (rows, 1),
        and of more axes the last one goes if it is 1 and the other lacks it."""
        if y_true.ndim == y_pred.ndim + 1 and y_true.shape[-1] == 1 and y_pred.ndim == 1:
            return y_true, y_pred.reshape(-1, 1)
        if y_pred.ndim == y_true.ndim + 1 and y_pred.shape[-1] == 1 and y_true.ndim > 1:
            return y_true, y_pred.reshape(y_pred.shape[:-1])
        return same_rank(y_true, y_pred), y_pred


class LossFunction(Loss):
    """A plain function (y_true, y_pred) -> Tensor as a loss.

    >>> squares = losses.get(lambda y_true, y_pred: (y_true - y_pred) ** 2)
    >>> squares([[1.0], [2.0]], [[1.0], [4.0]]).item()
    2.0
    """

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__(getattr(function, "__name__", "loss"))
        self.function = function

    @property
    def who(self) -> str:
        """How reports name it."""
        return f"the loss function {self.name!r}"

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        found = self.function(y_true, y_pred)
        if not isinstance(found, Tensor):
            _kernels.fail_recording(f"{self.who} gives no tensor")
        return tensor(found)

    def get_config(self) -> dict[str, Any]:
        raise TypeError(
            f"cannot save the loss function {self.name!r}: make it a Loss subclass with "
            "get_config(), or save the weights alone with save_weights()"
        )


@overload
def get(identifier: None) -> None: ...
@overload
def get(identifier: Any) -> Loss: ...
def get(identifier: Any) -> Loss | None:
    """A Loss from a name, an object, a class, a function (y_true, y_pred) or a serialized dict;
    None from None.

    Names and functions of `corereg.losses` give an object of the class, such as MeanSquaredError
    for "mse" and for `losses.mean_squared_error`. ValueError for names that are not known,
    TypeError for what is no loss.

    >>> losses.get("mse")
    MeanSquaredError()
    >>> losses.get(losses.Huber(2.0))
    Huber(delta=2.0)
    """
    if identifier is None:
        return None
    if isinstance(identifier, Mapping) and identifier.get("class_name") == "function":
        identifier = identifier.get("config")  # a function as Keras describes it
    found = registry.resolve("loss", getattr(identifier, "loss_class", identifier))
    if isinstance(found, Loss):
        return found
    if callable(found):
        return LossFunction(found)
    raise TypeError(f"loss: expected a name, a Loss or a function, received {found!r}")


def serialize(loss: Any) -> registry.Config | str | None:
    """As {"class_name", "config"}; a registered function by its name, and one of `corereg.losses`
    by its own.

    >>> losses.serialize(losses.MeanSquaredError())["class_name"]
    'MeanSquaredError'
    """
    if isinstance(loss, LossFunction) and registry.registered_function(loss.function):
        loss = loss.function
    if not isinstance(loss, Loss) and hasattr(loss, "loss_class"):
        return str(loss.__name__)
    return registry.serialize("loss", loss)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Loss | None:
    """What `serialize` gave, or Keras's, as a loss again.

    >>> losses.deserialize({"class_name": "Huber", "config": {"delta": 2.0}})
    Huber(delta=2.0)
    """
    with registry.custom_object_scope(custom_objects):
        found: Loss | None = get(config)
        return found
