"""Loss: the base class of losses, and LossFunction, which makes one of a plain function; and how
losses come from names and files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from corereg import _kernels, registry
from corereg.autograd import Tensor, tensor
from corereg.naming import snake_case
from corereg.recordable import Recordable
from corereg.targets import as_weight_of

Array = np.ndarray[Any, Any]


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
    a row or more (or a scalar, then weights cannot be used)."""

    _computes_on_tensors = True

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size"
    ) -> None:
        if reduction not in ("sum_over_batch_size", "sum", None):
            raise ValueError(
                f"{type(self).__name__}: expected reduction 'sum_over_batch_size', 'sum' or None, "
                f"received {reduction!r}"
            )
        self.name = name or snake_case(type(self).__name__)
        self.reduction = reduction

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__}: call is not written")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The reduced loss. sample_weight: a number, or an array with a weight for each value of
        the loss, or for each row of them."""
        _kernels.track_dependency(self)
        y_pred = tensor(y_pred)
        values = self.call(same_rank(tensor(y_true), y_pred), y_pred)
        if not values.ndim and sample_weight is not None:
            raise ValueError(f"{self.name}: sample_weight needs a loss that gives one a row")
        return self.reduce(self.weighted(values, sample_weight))

    def weighted(self, values: Tensor, sample_weight: Any) -> Tensor:
        """The values of the loss times the weights, if there are any."""
        if sample_weight is None:
            return values
        return values * as_weight_of(self.name, sample_weight, values.shape, values.dtype)

    def reduce(self, values: Tensor) -> Tensor:
        """Values of any rank as the reduction wants them: their sum or mean, or all of them."""
        if self.reduction is None or not values.ndim:
            return values
        return values.sum() if self.reduction == "sum" else values.mean()

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        """Targets of a whole data set, checked against the model's output shape; may reshape."""
        return y[:, None] if y.ndim == 1 and len(outputs) == 2 and outputs[1] == 1 else y

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "reduction": self.reduction}


class LossFunction(Loss):
    """A plain function (y_true, y_pred) -> Tensor as a loss."""

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


def get(identifier: Any) -> Loss:
    """A Loss from a name, an object, a function (y_true, y_pred) or a serialized dict."""
    found = registry.resolve("loss", identifier)
    if isinstance(found, Loss):
        return found
    if callable(found):
        return LossFunction(found)
    raise TypeError(f"loss: expected a name, a Loss or a function, received {found!r}")


def serialize(loss: Any) -> registry.Config | str | None:
    """As {"class_name", "config"}; a registered function by its name."""
    if isinstance(loss, LossFunction) and registry.registered_function(loss.function):
        loss = loss.function
    return registry.serialize("loss", loss)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Loss:
    """What `serialize` gave, as a loss again."""
    with registry.custom_object_scope(custom_objects):
        return get(config)
