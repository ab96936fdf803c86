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
from corereg.targets import as_sample_weight

Array = np.ndarray[Any, Any]


class Loss(Recordable):
    """Base class: subclass it and write `call(y_true, y_pred)`: tensors -> a Tensor of one loss a
    row (or a scalar, then weights cannot be used)."""

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
        _kernels.track_dependency(self)
        y_pred = tensor(y_pred)
        rows = self.call(tensor(y_true), y_pred)
        if not rows.ndim:
            if sample_weight is not None:
                raise ValueError(f"{self.name}: sample_weight needs a loss that gives one a row")
            return rows
        while rows.ndim > 1:
            rows = rows.mean(axis=-1)
        if sample_weight is not None:
            rows = rows * as_sample_weight(self.name, sample_weight, rows.shape[0], rows.dtype)
        return self.reduce(rows)

    def reduce(self, rows: Tensor) -> Tensor:
        """Rows as the reduction wants them."""
        if self.reduction == "sum":
            return rows.sum()
        return rows if self.reduction is None else rows.mean()

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        """Targets of a whole data set, checked against the model's output shape; may reshape."""
        return y

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
        return tensor(self.function(y_true, y_pred))

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
