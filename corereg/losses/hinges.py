"""The hinges, for classes of which outputs say no more than the side of a border."""

from __future__ import annotations

from corereg.autograd import Tensor, ops
from corereg.losses.base import ComposedLoss
from corereg.losses.kernel_loss import KernelLoss
from corereg.registry import register


@register("loss", "hinge")
class Hinge(KernelLoss):
    """mean(max(1 - y prediction, 0)) over outputs; y is -1 or 1. Where all targets of a batch are 0
    or 1, 0 stands for -1.

    >>> losses.Hinge()([[1.0], [-1.0]], [[0.5], [0.25]]).item()
    0.875
    """

    recordable = True
    _targets_are_classes = True
    kind = "hinge"


@register("loss", "squared_hinge")
class SquaredHinge(KernelLoss):
    """mean(max(1 - y prediction, 0)**2) over outputs; y as for Hinge.

    >>> losses.SquaredHinge()([[1.0]], [[0.5]]).item()
    0.25
    """

    recordable = True
    _targets_are_classes = True
    kind = "squared_hinge"


@register("loss", "categorical_hinge")
class CategoricalHinge(ComposedLoss):
    """max(1 + max((1 - y) prediction) - sum(y prediction), 0), over classes; y is one-hot.

    >>> losses.CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.75]]).item()
    0.75
    """

    recordable = True
    _targets_are_classes = True

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        own = (y_true * y_pred).sum(axis=-1)
        best_other = ((1 - y_true) * y_pred).max(axis=-1)
        return ops.maximum(best_other - own + 1, 0)
