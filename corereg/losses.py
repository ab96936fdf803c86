"""Losses, as in `keras.losses`: called with (y_true, y_pred, sample_weight), giving a Tensor.

The built-in losses run in one kernel that also makes the gradient. Where y_pred comes straight
from a sigmoid or softmax, the cross-entropies work on what went into it, which is exact where
probabilities round to 0 or 1 (Keras clips them to [1e-7, 1 - 1e-7]); elsewhere values agree.

Reductions: "sum_over_batch_size" (default): sum of weight * loss over rows, divided by the number
of rows; "sum"; None: a loss for each row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from corereg import _kernels, lookup
from corereg.autograd import Tensor, ops, tensor
from corereg.autograd.ops.activations import CODES, Activation
from corereg.layers.base import snake_case

Array = np.ndarray[Any, Any]
FLOAT64_MAX = float(np.finfo(np.float64).max)
CLIP = 1e-7  # Keras's epsilon: how close a probability may come to 0 or 1


class Loss:
    """Base class: subclass it and write `call(y_true, y_pred)`: tensors -> a Tensor of one loss a
    row (or a scalar, then weights cannot be used)."""

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
            rows = rows * as_weights(self.name, sample_weight, rows.shape[0], rows.dtype)
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


class _Fused(Loss):
    """A loss that a kernel does."""

    kind: str
    smoothing = 0.0
    behind: int | None = None  # the activation whose input the kernel wants
    from_logits = True

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        _kernels.track_dependency(self)
        z = self.outputs(tensor(y_pred))
        if z.data.ndim != 2:
            z = self.flatten(z)
        y = y_true.data if isinstance(y_true, Tensor) else y_true
        y = self.fit(y, z.data)
        weight = None
        if sample_weight is not None:
            weight = as_weights(self.name, sample_weight, len(z.data), z.data.dtype)
        if self.reduction == "sum_over_batch_size":
            return ops.mean_loss(self.kind, z, y, weight, self.smoothing)
        return self.reduce(ops.loss_rows(self.kind, z, y, weight, self.smoothing))

    def flatten(self, z: Tensor) -> Tensor:
        """Predictions of any rank as (rows, outputs)."""
        if self.behind == CODES["softmax"]:
            raise ValueError(
                f"{self.name}: expected predictions of shape (rows, classes), received {z.shape}"
            )
        return ops.reshape(z, (z.shape[0] if z.ndim else 1, -1))

    def fit(self, y: Any, z: Array) -> Array:
        """y of a batch as the kernel wants it."""
        if type(y) is np.ndarray and y.dtype == z.dtype and y.shape == z.shape:
            return y
        _kernels.fail_recording(f"{self.name} casts its targets")
        return self.check_targets(np.asarray(y), (None, z.shape[1])).astype(z.dtype)

    def outputs(self, y_pred: Tensor) -> Tensor:
        """What went into the last activation, or the predictions themselves."""
        if self.behind is None or self.from_logits:
            return y_pred
        node = y_pred.node
        if isinstance(node, Activation) and node.code == self.behind and node.inputs is not None:
            return node.inputs[0]
        return self.logits(y_pred)

    def logits(self, y_pred: Tensor) -> Tensor:
        """Probabilities that do not come straight from their activation, turned back."""
        raise NotImplementedError

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        y = numbers(self.name, y)
        return matched(self.name, y, outputs)


class _CrossEntropy(_Fused):
    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
    ) -> None:
        super().__init__(name, reduction)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(
                f"{type(self).__name__}: expected label_smoothing in [0, 1], received "
                f"{label_smoothing!r}"
            )
        self.from_logits = bool(from_logits)
        self.smoothing = float(label_smoothing)

    def get_config(self) -> dict[str, Any]:
        own = {"from_logits": self.from_logits, "label_smoothing": self.smoothing}
        return {**super().get_config(), **own}


class BinaryCrossentropy(_CrossEntropy):
    """-mean(y log p + (1-y) log(1-p)) over outputs; y in [0, 1], of the outputs' shape.

    label_smoothing s: y becomes y (1-s) + s/2.
    """

    recordable = True
    kind = "sigmoid_cross_entropy"
    behind = CODES["sigmoid"]

    def logits(self, y_pred: Tensor) -> Tensor:
        p = y_pred.clip(CLIP, 1 - CLIP)
        return p.log() - (1 - p).log()

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        y = super().check_targets(y, outputs)
        if y.dtype.kind == "b" or _kernels.all_between(y, 0.0, 1.0):
            return y
        if y.size and not (y.min() >= 0 and y.max() <= 1):
            raise ValueError(
                f"{self.name}: expected y in [0, 1], received values from {y.min()} to {y.max()}"
            )
        return y


class CategoricalCrossentropy(_CrossEntropy):
    """-sum(y log p) over classes; y one-hot or probabilities, (batch, classes).

    label_smoothing s: y becomes y (1-s) + s/classes. Integer labels: see
    SparseCategoricalCrossentropy.
    """

    recordable = True
    kind = "softmax_cross_entropy"
    behind = CODES["softmax"]

    def logits(self, y_pred: Tensor) -> Tensor:
        p = y_pred / y_pred.sum(axis=-1, keepdims=True)
        return p.clip(CLIP, 1 - CLIP).log()

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        classes = one_axis(self.name, outputs)
        if y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1 != classes):
            raise ValueError(
                f"{self.name}: expected one-hot y of shape (rows, {classes}), received {y.shape}; "
                "for integer labels use 'sparse_categorical_crossentropy', or "
                "corereg.utils.to_categorical(y)"
            )
        y = super().check_targets(y, outputs)
        if y.dtype.kind == "b" or _kernels.all_between(y, 0.0, FLOAT64_MAX):
            return y
        if y.size and y.min() < 0:
            raise ValueError(f"{self.name}: expected y >= 0, received {y.min()}")
        return y


class SparseCategoricalCrossentropy(_Fused):
    """-log p[label]; y holds integer labels in [0, classes), (batch,) or (batch, 1)."""

    recordable = True
    kind = "sparse_cross_entropy"
    behind = CODES["softmax"]

    def __init__(
        self,
        from_logits: bool = False,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
    ) -> None:
        super().__init__(name, reduction)
        self.from_logits = bool(from_logits)

    def logits(self, y_pred: Tensor) -> Tensor:
        return CategoricalCrossentropy.logits(self, y_pred)  # type: ignore[arg-type]

    def fit(self, y: Any, z: Array) -> Array:
        if type(y) is np.ndarray and y.dtype == np.int64 and y.shape == (len(z),):
            return y  # the kernel's border checks the range
        _kernels.fail_recording(f"{self.name} casts its labels")
        return self.check_targets(np.asarray(y), (None, z.shape[1]))

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        return labels(self.name, y, one_axis(self.name, outputs))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "from_logits": self.from_logits}


class MeanSquaredError(_Fused):
    """mean((y - prediction)**2) over outputs."""

    recordable = True
    kind = "squared_error"


class MeanAbsoluteError(_Fused):
    """mean(|y - prediction|) over outputs."""

    recordable = True
    kind = "absolute_error"


class LossFunction(Loss):
    """A plain function (y_true, y_pred) -> Tensor as a loss."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__(getattr(function, "__name__", "loss"))
        self.function = function

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return tensor(self.function(y_true, y_pred))

    def get_config(self) -> dict[str, Any]:
        raise TypeError(
            f"cannot save the loss function {self.name!r}: make it a Loss subclass with "
            "get_config(), or save the weights alone with save_weights()"
        )


_TABLE: dict[str, Callable[..., Loss]] = {
    "binary_crossentropy": BinaryCrossentropy,
    "bce": BinaryCrossentropy,
    "BCE": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "mean_squared_error": MeanSquaredError,
    "mse": MeanSquaredError,
    "MSE": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "mae": MeanAbsoluteError,
    "MAE": MeanAbsoluteError,
    "BinaryCrossentropy": BinaryCrossentropy,
    "CategoricalCrossentropy": CategoricalCrossentropy,
    "SparseCategoricalCrossentropy": SparseCategoricalCrossentropy,
    "MeanSquaredError": MeanSquaredError,
    "MeanAbsoluteError": MeanAbsoluteError,
}


def get(identifier: Any) -> Loss:
    """A Loss from a name, an object, a function (y_true, y_pred) or a serialized dict."""
    found = lookup.resolve("loss", identifier, _TABLE)
    if isinstance(found, Loss):
        return found
    if callable(found):
        return LossFunction(found)
    raise TypeError(f"loss: expected a name, a Loss or a function, received {found!r}")


def serialize(loss: Any) -> dict[str, Any] | None:
    """As {"class_name", "config"}."""
    return lookup.describe("loss", loss)


# ---- targets and weights ------------------------------------------------------------------------


def numbers(who: str, y: Array) -> Array:
    """y if it is made of finite numbers; names the first row that is not."""
    if y.dtype.kind not in "fiub":
        raise TypeError(
            f"{who}: expected y of numbers, received dtype {y.dtype}; convert with .astype(float)"
        )
    if y.dtype.kind != "f" or _kernels.all_between(y, -FLOAT64_MAX, FLOAT64_MAX):
        return y
    if not np.isfinite(y).all():
        row = int(np.argwhere(~np.isfinite(y))[0][0])
        raise ValueError(f"{who}: expected finite y, received NaN or infinity in row {row}")
    return y


def matched(who: str, y: Array, outputs: tuple[int | None, ...]) -> Array:
    """y reshaped to (rows, outputs); (rows,) stands for (rows, 1)."""
    rest = outputs[1:]
    if y.ndim == 2 and y.shape[1:] == rest:
        return y
    width = math.prod(n for n in rest if n is not None)
    flat = y.reshape(len(y), -1) if y.size else y.reshape(len(y) if y.ndim else 0, width)
    if y.ndim == 0 or (None not in rest and flat.shape[1] != width):
        shape = ", ".join(["rows", *map(str, rest)])
        raise ValueError(
            f"{who}: expected y of shape ({shape}) as the model's output, received {y.shape}"
        )
    return flat


def one_axis(who: str, outputs: tuple[int | None, ...]) -> int | None:
    """The number of classes of a model with outputs (rows, classes); ValueError for others."""
    if len(outputs) != 2:
        raise ValueError(
            f"{who}: expected a model with outputs of shape (rows, classes), it has {outputs}; "
            "put a Flatten before its last Dense"
        )
    return outputs[1]


def labels(who: str, y: Array, classes: int | None) -> Array:
    """Integer labels as int64 (rows,), checked to lie in [0, classes)."""
    y = numbers(who, y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1:
        raise ValueError(
            f"{who}: expected integer labels of shape (rows,) or (rows, 1), received {y.shape}; "
            "for one-hot y use 'categorical_crossentropy', or y.argmax(axis=1)"
        )
    with np.errstate(invalid="ignore"):  # of floats beyond int64, which are found just below
        whole = y.astype(np.int64)
    if y.dtype.kind == "f" and not (whole == y).all():
        row = int(np.flatnonzero(whole != y)[0])
        raise ValueError(f"{who}: expected integer labels, received {y[row]} in row {row}")
    if classes is None:
        return whole
    bad = np.flatnonzero((whole < 0) | (whole >= classes))
    if len(bad):
        raise ValueError(
            f"{who}: expected labels in [0, {classes}) as there are {classes} classes, "
            f"received {whole[bad[0]]} in row {bad[0]}"
        )
    return whole


def as_weights(who: str, weight: Any, rows: int, dtype: Any) -> Array:
    """sample_weight as a contiguous array (rows,) of dtype; finite, else ValueError."""
    array = np.asarray(weight.data if isinstance(weight, Tensor) else weight)
    if array.shape == (rows, 1):
        array = array[:, 0]
    if array.shape != (rows,):
        raise ValueError(
            f"{who}: expected sample_weight of shape ({rows},), one a row, received {array.shape}"
        )
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{who}: expected sample_weight of numbers, received dtype {array.dtype}")
    given = array
    with np.errstate(over="ignore"):  # found just below
        array = np.require(array, dtype, ["C", "A"])
    if array is not given:
        _kernels.fail_recording(f"{who} casts or copies its sample_weight")
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array))[0])
        raise ValueError(
            f"{who}: expected finite sample_weight, received {array[row]} in row {row}"
        )
    return array
