"""The cross-entropies: binary, categorical and sparse categorical.

Where predictions come straight from a sigmoid or softmax, they work on what went into it, which is
exact where probabilities round to 0 or 1; elsewhere they clip as Keras does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor
from corereg.autograd.ops.activations import CODES
from corereg.losses.base import Array
from corereg.losses.kernel_loss import KernelLoss
from corereg.registry import register
from corereg.targets import FLOAT64_MAX, as_labels, class_count

CLIP = 1e-7  # Keras's epsilon: how close a probability may come to 0 or 1


class SmoothedCrossentropy(KernelLoss):
    """Base class of those that can smooth their targets."""

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


@register("loss", "binary_crossentropy", "bce", "BCE")
class BinaryCrossentropy(SmoothedCrossentropy):
    """-mean(y log p + (1-y) log(1-p)) over outputs; y in [0, 1], of the outputs' shape.

    label_smoothing s: y becomes y (1-s) + s/2.
    """

    recordable = True
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

    label_smoothing s: y becomes y (1-s) + s/classes. Integer labels: see
    SparseCategoricalCrossentropy.
    """

    recordable = True
    kind = "softmax_cross_entropy"
    activation_code = CODES["softmax"]

    def logits(self, y_pred: Tensor) -> Tensor:
        return class_logits(y_pred)

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        classes = class_count(self.name, outputs)
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
    """-log p[label]; y holds integer labels in [0, classes), (batch,) or (batch, 1)."""

    recordable = True
    kind = "sparse_cross_entropy"
    activation_code = CODES["softmax"]

    def __init__(
        self,
        from_logits: bool = False,
        name: str | None = None,
        reduction: str | None = "sum_over_batch_size",
    ) -> None:
        super().__init__(name, reduction)
        self.from_logits = bool(from_logits)

    def logits(self, y_pred: Tensor) -> Tensor:
        return class_logits(y_pred)

    def kernel_targets(self, y: Any, z: Array) -> Array:
        if type(y) is np.ndarray and y.dtype == np.int64 and y.shape == (len(z),):
            return y  # the kernel's border checks the range
        _kernels.fail_recording(f"{self.name} casts its labels")
        return as_labels(self.name, np.asarray(y), z.shape[1])

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        return as_labels(self.name, y, class_count(self.name, outputs), len(outputs) - 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "from_logits": self.from_logits}


def class_logits(p: Tensor) -> Tensor:
    """Logits of which softmax makes these probabilities, divided by their sum and clipped."""
    p = p / p.sum(axis=-1, keepdims=True)
    return p.clip(CLIP, 1 - CLIP).log()
