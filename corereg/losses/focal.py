"""The focal losses (Lin et al., 2018), and a cross-entropy that bears wrong labels: cross-entropies
that weigh their terms by how sure the model is."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.autograd import Tensor, ops
from corereg.losses.base import Array, BuiltinLoss, ComposedLoss, given
from corereg.losses.crossentropy import CLIP, as_smoothing, warn_of_one_output
from corereg.losses.kernel_loss import as_axis
from corereg.registry import register
from corereg.targets import as_labels, class_count


class FocalLoss(ComposedLoss):
    """Base class of the two."""

    def __init__(
        self,
        alpha: float,
        gamma: float,
        from_logits: bool,
        label_smoothing: float,
        axis: int,
        reduction: str | None,
        name: str | None,
        dtype: Any,
    ) -> None:
        super().__init__(reduction, name, dtype)
        who = type(self).__name__
        self.alpha, self.gamma = float(alpha), float(gamma)
        self.from_logits = bool(from_logits)
        self.label_smoothing = as_smoothing(who, label_smoothing)
        self.axis = as_axis(who, axis)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "alpha": self.alpha,
            "gamma": self.gamma,
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            "axis": self.axis,
        }


@register("loss", "binary_focal_crossentropy")
class BinaryFocalCrossentropy(FocalLoss):
    """mean(w (1 - t)**gamma bce) over axis, where bce is the binary cross-entropy of an output, t
    the probability of what is true, y p + (1-y) (1-p), and w is 1, or with apply_class_balancing
    alpha y + (1 - alpha) (1 - y). label_smoothing: see BinaryCrossentropy.

    >>> loss = losses.BinaryFocalCrossentropy(gamma=2)
    >>> round(loss([[1.0], [1.0]], [[0.9], [0.5]]).item(), 4)
    0.0872
    """

    recordable = True
    _targets_are_classes = True

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(alpha, gamma, from_logits, label_smoothing, axis, reduction, name, dtype)
        self.apply_class_balancing = bool(apply_class_balancing)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        p = ops.sigmoid(y_pred) if self.from_logits else y_pred
        y = y_true
        if self.label_smoothing:
            y = y * (1 - self.label_smoothing) + 0.5 * self.label_smoothing
        clipped = p.clip(CLIP, 1 - CLIP)
        values = -(y * clipped.log() + (1 - y) * (1 - clipped).log())
        values = values * (1 - (y * p + (1 - y) * (1 - p))) ** self.gamma
        if self.apply_class_balancing:
            values = values * (y * self.alpha + (1 - y) * (1 - self.alpha))
        return values.mean(axis=self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "apply_class_balancing": self.apply_class_balancing}


@register("loss", "categorical_focal_crossentropy")
class CategoricalFocalCrossentropy(FocalLoss):
    """-sum(alpha (1 - p)**gamma y log p) over the classes, along axis; y is one-hot, p is divided
    by its sum and clipped to [1e-7, 1 - 1e-7]. label_smoothing: see CategoricalCrossentropy.

    >>> loss = losses.CategoricalFocalCrossentropy(alpha=0.25, gamma=2)
    >>> round(loss([[0.0, 1.0]], [[0.5, 0.5]]).item(), 4)
    0.0433
    """

    recordable = True

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(alpha, gamma, from_logits, label_smoothing, axis, reduction, name, dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        warn_of_one_output(self.name, y_pred.shape[self.axis])
        p = y_pred.softmax(self.axis) if self.from_logits else y_pred
        y = y_true
        if self.label_smoothing:
            y = y * (1 - self.label_smoothing) + self.label_smoothing / y.shape[self.axis]
        p = (p / p.sum(axis=self.axis, keepdims=True)).clip(CLIP, 1 - CLIP)
        values = (1 - p) ** self.gamma * self.alpha * -y * p.log()
        return values.sum(axis=self.axis)


@register("loss", "categorical_generalized_cross_entropy")
class CategoricalGeneralizedCrossEntropy(BuiltinLoss):
    """(1 - p[label]**q) / q (Zhang, Sabuncu, 2018): the cross-entropy as q goes to 0, and for q = 1
    the mean absolute error, which bears wrong labels best. y holds integer labels in [0, classes).

    >>> losses.CategoricalGeneralizedCrossEntropy(q=0.5)([1], [[0.75, 0.25]]).item()
    1.0
    """

    recordable = True
    _targets_are_classes = True

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        if not 0 < q < 1:
            raise ValueError(
                f"CategoricalGeneralizedCrossEntropy: expected q in (0, 1), received {q!r}"
            )
        self.q = float(q)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        p, labels = self.as_predictions(y_pred), given(y_true)
        if labels.ndim == p.ndim and labels.shape[-1] == 1:
            labels = labels.squeeze(-1)
        return super().__call__(labels, p, sample_weight)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        own = ops.equal(ops.expand_dims(y_true, -1), np.arange(y_pred.shape[-1]))
        p = ops.where(own, y_pred, 0).sum(axis=-1)
        return (1 - p**self.q) / self.q

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        return as_labels(self.name, y, class_count(self.name, outputs), len(outputs) - 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "q": self.q}
