"""The cross-entropies: binary, categorical and sparse categorical.

Where predictions come straight from a sigmoid or softmax, they work on what went into it, which is
exact where probabilities round to 0 or 1; elsewhere they clip as Keras does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor, ops
from corereg.autograd.ops.activations import CODES
from corereg.losses.base import Array, given
from corereg.losses.kernel_loss import KernelLoss, as_axis, checked_axis
from corereg.registry import register
from corereg.tables.given import given_array
from corereg.targets import FLOAT64_MAX, as_labels, class_count
from corereg.warn import warn_user

CLIP = 1e-7  # Keras's epsilon: how close a probability may come to 0 or 1


def as_smoothing(who: str, label_smoothing: float) -> float:
    """label_smoothing, or ValueError unless it is in [0, 1]."""
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"{who}: expected label_smoothing in [0, 1], received {label_smoothing!r}")
    return float(label_smoothing)


class SmoothedCrossentropy(KernelLoss):
    """Base class of those that can smooth their targets."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        who = type(self).__name__
        self.from_logits = bool(from_logits)
        self.smoothing = as_smoothing(who, label_smoothing)
        self.axis = as_axis(who, axis)

    @property
    def label_smoothing(self) -> float:
        return self.smoothing

    def get_config(self) -> dict[str, Any]:
        own = {"from_logits": self.from_logits, "label_smoothing": self.smoothing}
        return {**super().get_config(), **own, "axis": self.axis}


@register("loss", "binary_crossentropy", "bce", "BCE")
class BinaryCrossentropy(SmoothedCrossentropy):
    """-mean(y log p + (1-y) log(1-p)) over outputs; y in [0, 1], of the outputs' shape.

    label_smoothing s: y becomes y (1-s) + s/2. axis: over which the mean is taken.

    >>> round(losses.BinaryCrossentropy()([[1.0], [0.0]], [[0.9], [0.2]]).item(), 4)
    0.1643
    >>> round(losses.BinaryCrossentropy(from_logits=True)([[1.0]], [[0.0]]).item(), 4)  # log(2)
    0.6931
    """

    recordable = True
    _targets_are_classes = True
    kind = "sigmoid_cross_entropy"
    activation_code = CODES["sigmoid"]

    def logits(self, y_pred: Tensor) -> Tensor:
        p = y_pred.clip(CLIP, 1 - CLIP)
        return p.log() - (1 - p).log()

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        if y.ndim > 1 and y.shape[1:] == outputs[1:] and _kernels.all_between(y, 0.0, 1.0):
            return y
        y = super().check_targets(y, outputs)
        if y.dtype.kind == "b":
            return y
        if y.size and not (y.min() >= 0 and y.max() <= 1):
            raise ValueError(
                f"{self.name}: expected y in [0, 1], received values from {y.min()} to {y.max()}"
            )
        return y


@register("loss", "categorical_crossentropy")
class CategoricalCrossentropy(SmoothedCrossentropy):
    """-sum(y log p) over classes; y one-hot or probabilities, (batch, classes).

    label_smoothing s: y becomes y (1-s) + s/classes. axis: that of the classes. Integer labels: see
    SparseCategoricalCrossentropy.

    >>> loss = losses.CategoricalCrossentropy(label_smoothing=0.1)
    >>> round(loss([[0.0, 1.0]], [[0.2, 0.8]]).item(), 4)
    0.2925
    """

    recordable = True
    kind = "softmax_cross_entropy"
    activation_code = CODES["softmax"]

    def logits(self, y_pred: Tensor) -> Tensor:
        warn_of_one_output(self.name, y_pred.shape[-1])
        return class_logits(y_pred)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        classes = class_count(self.name, outputs)
        warn_of_one_output(self.name, classes)
        if y.ndim == 1 or (y.ndim == 2 and y.shape[1] == 1 != classes):
            raise ValueError(
                f"{self.name}: expected one-hot y of shape (rows, {classes}), received {y.shape}; "
                "for integer labels use 'sparse_categorical_crossentropy', or "
                "corereg.utils.to_categorical(y)"
            )
        if y.ndim > 1 and y.shape[1:] == outputs[1:] and _kernels.all_between(y, 0.0, FLOAT64_MAX):
            return y
        y = super().check_targets(y, outputs)
        if y.dtype.kind == "b":
            return y
        if y.size and y.min() < 0:
            raise ValueError(f"{self.name}: expected y >= 0, received {y.min()}")
        return y


@register("loss", "sparse_categorical_crossentropy")
class SparseCategoricalCrossentropy(KernelLoss):
    """-log p[label]; y holds integer labels in [0, classes), (batch,) or (batch, 1), in general of
    the shape of the predictions without `axis`, the axis of the classes.

    ignore_class: a label, -1 for instance, whose rows cost nothing and are not counted in a mean.

    >>> loss = losses.SparseCategoricalCrossentropy()
    >>> round(loss([1, 0], [[0.2, 0.8], [0.9, 0.1]]).item(), 4)
    0.1643
    """

    recordable = True
    _targets_are_classes = True
    _takes_labels = True
    kind = "sparse_cross_entropy"
    activation_code = CODES["softmax"]

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        who = type(self).__name__
        if ignore_class is not None and not hasattr(ignore_class, "__index__"):
            raise TypeError(
                f"{who}: expected ignore_class as an integer, received {ignore_class!r}"
            )
        self.from_logits = bool(from_logits)
        self.ignore_class = None if ignore_class is None else int(ignore_class)
        self.axis = as_axis(who, axis)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        floats = getattr(getattr(y_true, "dtype", None), "kind", "") == "f"
        if self.ignore_class is None and not (floats and getattr(y_pred, "ndim", 0) > 2):
            return super().__call__(y_true, y_pred, sample_weight)
        _kernels.track_dependency(self)
        return self.of_counted(given(y_true), self.as_predictions(y_pred), sample_weight)

    def of_counted(self, labels: Tensor, z: Tensor, sample_weight: Any) -> Tensor:
        """The loss by ops, which take labels of any dtype as data sets hold them; where some are
        ignored a mean is over the others alone."""
        axis, mask = checked_axis(self.name, self.axis, z.ndim), z._keras_mask
        if labels.ndim == z.ndim and labels.shape[axis] == 1:
            labels = labels.squeeze(axis)
        if labels.shape != (*z.shape[:axis], *z.shape[axis + 1 :]):
            raise ValueError(
                f"{self.name}: expected labels of the shape of predictions {z.shape} without axis "
                f"{axis}, received {labels.shape}"
            )
        if axis != z.ndim - 1:
            z = z.transpose(*(i for i in range(z.ndim) if i != axis), axis)
        z = self.kernel_inputs(z)
        own = ops.equal(ops.expand_dims(labels, -1), np.arange(z.shape[-1]))
        if self.ignore_class is None:
            values = -ops.where(own, ops.log_softmax(z), 0).sum(axis=-1)
            return self.finish(values, sample_weight, mask)
        counted = ops.not_equal(labels, self.ignore_class)
        own = ops.logical_and(own, ops.expand_dims(counted, -1))
        values = -ops.where(own, ops.log_softmax(z), 0).sum(axis=-1)
        if mask is not None:
            counted = ops.logical_and(counted, ops.not_equal(mask, 0))
        return self.finish_masked(values, counted, sample_weight)

    def logits(self, y_pred: Tensor) -> Tensor:
        return class_logits(y_pred)

    def kernel_targets(self, y: Any, z: Array) -> Array:
        labels: Array = y
        as_they_are = type(y) is np.ndarray and y.dtype == np.int64 and y.shape == (len(z),)
        if as_they_are and labels.flags.c_contiguous and labels.flags.aligned:
            return labels  # the kernel's border checks the range
        _kernels.fail_recording(f"{self.name} casts its labels")
        return as_labels(self.name, given_array(self.name, "y", y), z.shape[1])

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        if self.axis not in (-1, len(outputs) - 1):
            axis = checked_axis(self.name, self.axis, len(outputs))
            outputs = (*outputs[:axis], *outputs[axis + 1 :], outputs[axis])
            y = np.squeeze(y, axis) if y.ndim == len(outputs) and y.shape[axis] == 1 else y
        classes = class_count(self.name, outputs)
        if self.ignore_class is None:
            return as_labels(self.name, y, classes, len(outputs) - 1)
        labels = as_labels(self.name, y, None, len(outputs) - 1)
        as_labels(self.name, np.where(labels == self.ignore_class, 0, labels), classes, labels.ndim)
        return labels

    def get_config(self) -> dict[str, Any]:
        own = {"from_logits": self.from_logits, "ignore_class": self.ignore_class}
        return {**super().get_config(), **own, "axis": self.axis}


def warn_of_one_output(who: str, classes: int | None) -> None:
    """Warns of the cross-entropy of one class, which teaches nothing."""
    if classes == 1:
        warn_user(
            f"{who}: expected predictions of more than 1 class, received 1; use "
            "'binary_crossentropy' with a sigmoid for two classes",
            SyntaxWarning,
        )


def class_logits(p: Tensor) -> Tensor:
    """Logits of which softmax makes these probabilities, divided by their sum and clipped."""
    p = p / p.sum(axis=-1, keepdims=True)
    return p.clip(CLIP, 1 - CLIP).log()
