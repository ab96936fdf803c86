"""KernelLoss: the base class of losses whose values and gradients one kernel computes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg._lazy import later
from corereg.autograd import Tensor, ops, tensor
from corereg.autograd.ops.activations import Activation
from corereg.losses.base import Array, BuiltinLoss
from corereg.losses.reductions import MEANS, reduced
from corereg.tables.given import given_array
from corereg.targets import as_weight_of

if TYPE_CHECKING:
    from corereg import tracebacks
else:
    tracebacks = later("corereg.tracebacks")


class KernelLoss(BuiltinLoss):
    """A loss that the kernel `kind` computes (see `corereg.autograd.ops.losses`).

    Predictions of shape (..., outputs) give values of shape (...). Of shape (rows,) they are one
    row, as in Keras, unless there are a weight or a target of shape (rows, 1) for each.
    """

    kind: str
    smoothing = 0.0
    option: float | None = None  # what the kernel takes beside outputs and targets
    _takes_labels = False  # whether a target is one number for all outputs
    axis = -1
    activation_code: int | None = None  # of the activation whose input the kernel takes
    from_logits = True

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        try:
            _kernels.track_dependency(self)
            z = self.as_predictions(y_pred)
            if z._keras_mask is not None:
                sample_weight = self.masked(sample_weight, z._keras_mask, z.dtype)
            y = y_true.data if isinstance(y_true, Tensor) else y_true
            if self.axis not in (-1, z.ndim - 1):
                y, z = self.axis_last(y, z)
            z = self.kernel_inputs(z)
            if z.data.ndim != 2:
                return self.finish(self.of_any_rank(y, z, sample_weight is not None), sample_weight)
            y = self.kernel_targets(y, z.data)
            weight, rows = None, (len(z.data),)
            if sample_weight is not None:
                weight = as_weight_of(self.name, sample_weight, rows, z.data.dtype)
                if self.reduction not in MEANS or weight.shape != rows:
                    return self.finish(self.kernel_rows(z, y), sample_weight)
            if self.reduction in ("sum", "none", None):
                return reduced(self.kernel_rows(z, y), self.reduction)
            levels = self.kernel_levels(z.data)
            return ops.mean_loss(self.kind, z, y, weight, self.smoothing, self.option, levels)
        except Exception as error:
            tracebacks.shorten(error)
            raise

    def kernel_rows(self, z: Tensor, y: Any) -> Tensor:
        """The loss of each row, (rows,), of z (rows, outputs)."""
        levels = self.kernel_levels(z.data)
        return ops.loss_rows(self.kind, z, y, None, self.smoothing, self.option, levels)

    def kernel_levels(self, z: Array) -> Array | None:
        """What the kernel takes for each output, if anything."""
        return None

    def axis_last(self, y: Any, z: Tensor) -> tuple[Any, Tensor]:
        """Targets and predictions with the axis of the classes moved to the end."""
        axis = checked_axis(self.name, self.axis, z.ndim)
        order = [*(i for i in range(z.ndim) if i != axis), axis]
        if axis == z.ndim - 1:
            return y, z
        y = tensor(y)
        if y.ndim == z.ndim:  # by ops, so that a recording moves the targets of each batch
            y = y.transpose(*order).reshape(-1, y.shape[axis])
        return _kernels.plain_array(y.data), z.transpose(*order)

    def of_any_rank(self, y: Any, z: Tensor, weighted: bool) -> Tensor:
        """The losses of predictions (..., outputs), of shape (...)."""
        if not z.ndim:
            raise ValueError(
                f"{self.name}: expected predictions of a row or more, received a scalar"
            )
        y = given_array(self.name, "y", y)
        if z.ndim == 1 and (weighted or y.shape == (*z.shape, 1)):
            z = ops.reshape(z, (-1, 1))
        shape = z.shape[:-1]
        flat = ops.reshape(z, (-1, z.shape[-1]))
        wanted = shape if self._takes_labels else z.shape
        if z.ndim > 2 and y.size != math.prod(wanted):
            raise ValueError(
                f"{self.name}: expected y of shape {wanted} for predictions of shape {z.shape}, "
                f"received {y.shape}"
            )
        if y.shape == z.shape:
            y = y.reshape(flat.shape)
        elif y.size and y.size == flat.shape[0]:
            y = y.reshape(-1)
        elif y.shape[-1:] == z.shape[-1:]:
            y = y.reshape(-1, z.shape[-1])
        y = self.kernel_targets(y, flat.data)
        return ops.reshape(self.kernel_rows(flat, y), shape)

    def kernel_targets(self, y: Any, z: Array) -> Array:
        """Targets of a batch in the shape and dtype that the kernel takes."""
        if type(y) is np.ndarray and y.dtype == z.dtype and y.shape == z.shape:
            return y
        _kernels.fail_recording(f"{self.name} casts its targets")
        return self.check_targets(given_array(self.name, "y", y), (None, z.shape[1])).astype(
            z.dtype
        )

    def kernel_inputs(self, y_pred: Tensor) -> Tensor:
        """What went into the last activation, or the predictions where the kernel takes those."""
        if self.activation_code is None or self.from_logits:
            return y_pred
        node, code = y_pred.node, self.activation_code
        if isinstance(node, Activation) and node.code == code and node.inputs is not None:
            return node.inputs[0]
        return self.logits(y_pred)

    def logits(self, y_pred: Tensor) -> Tensor:
        """The activation's input, computed back from probabilities that do not come straight from
        the activation."""
        raise NotImplementedError


def as_axis(who: str, axis: Any) -> int:
    """axis as an integer, or TypeError."""
    if isinstance(axis, bool) or not hasattr(axis, "__index__"):
        raise TypeError(f"{who}: expected axis as an integer, received {axis!r}")
    return int(axis)


def checked_axis(who: str, axis: int, ndim: int) -> int:
    """axis counted from the front; ValueError if there is none of this number."""
    if not -ndim <= axis < ndim:
        raise ValueError(f"{who}: expected axis within the {ndim} of y_pred, received {axis}")
    return axis % ndim
