"""KernelLoss: the base class of losses whose values and gradients one kernel computes."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor, ops, tensor
from corereg.autograd.ops.activations import CODES, Activation
from corereg.losses.base import Array, Loss
from corereg.targets import as_sample_weight, check_numbers, match_outputs


class KernelLoss(Loss):
    """A loss that the kernel `kind` computes (see `corereg.autograd.ops.losses`)."""

    kind: str
    smoothing = 0.0
    activation_code: int | None = None  # of the activation whose input the kernel takes
    from_logits = True

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        _kernels.track_dependency(self)
        z = self.kernel_inputs(tensor(y_pred))
        if z.data.ndim != 2:
            z = self.flatten(z)
        y = y_true.data if isinstance(y_true, Tensor) else y_true
        y = self.kernel_targets(y, z.data)
        weight = None
        if sample_weight is not None:
            weight = as_sample_weight(self.name, sample_weight, len(z.data), z.data.dtype)
        if self.reduction == "sum_over_batch_size":
            return ops.mean_loss(self.kind, z, y, weight, self.smoothing)
        return self.reduce(ops.loss_rows(self.kind, z, y, weight, self.smoothing))

    def flatten(self, z: Tensor) -> Tensor:
        """Predictions of any rank as (rows, outputs)."""
        if self.activation_code == CODES["softmax"]:
            raise ValueError(
                f"{self.name}: expected predictions of shape (rows, classes), received {z.shape}"
            )
        return ops.reshape(z, (z.shape[0] if z.ndim else 1, -1))

    def kernel_targets(self, y: Any, z: Array) -> Array:
        """Targets of a batch in the shape and dtype that the kernel takes."""
        if type(y) is np.ndarray and y.dtype == z.dtype and y.shape == z.shape:
            return y
        _kernels.fail_recording(f"{self.name} casts its targets")
        return self.check_targets(np.asarray(y), (None, z.shape[1])).astype(z.dtype)

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

    def check_targets(self, y: Array, outputs: tuple[int | None, ...]) -> Array:
        y = check_numbers(self.name, y)
        return match_outputs(self.name, y, outputs)
