"""KernelLoss: the base class of losses whose values and gradients one kernel computes."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor, ops, tensor
from corereg.autograd.ops.activations import Activation
from corereg.losses.base import Array, Loss
from corereg.targets import as_weight_of, check_numbers, match_outputs


class KernelLoss(Loss):
    """A loss that the kernel `kind` computes (see `corereg.autograd.ops.losses`)."""

    kind: str
    smoothing = 0.0
    activation_code: int | None = None  # of the activation whose input the kernel takes
    from_logits = True

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        _kernels.track_dependency(self)
        z = self.kernel_inputs(tensor(y_pred))
        y = y_true.data if isinstance(y_true, Tensor) else y_true
        if z.data.ndim != 2:
            return self.reduce(self.weighted(self.of_any_rank(y, z), sample_weight))
        y = self.kernel_targets(y, z.data)
        weight = None
        if sample_weight is not None:
            weight = as_weight_of(self.name, sample_weight, (len(z.data),), z.data.dtype)
        if self.reduction == "sum_over_batch_size":
            return ops.mean_loss(self.kind, z, y, weight, self.smoothing)
        return self.reduce(ops.loss_rows(self.kind, z, y, weight, self.smoothing))

    def of_any_rank(self, y: Any, z: Tensor) -> Tensor:
        """The losses of predictions (..., outputs), of shape (...)."""
        if not z.ndim:
            raise ValueError(
                f"{self.name}: expected predictions of a row or more, received a scalar"
            )
        if z.ndim == 1:
            z = ops.reshape(z, (-1, 1))
        shape = z.shape[:-1]
        flat = ops.reshape(z, (-1, z.shape[-1]))
        y = np.asarray(y)
        if y.size and y.size == flat.shape[0]:
            y = y.reshape(-1)
        elif y.shape[-1:] == z.shape[-1:]:
            y = y.reshape(-1, z.shape[-1])
        y = self.kernel_targets(y, flat.data)
        return ops.reshape(ops.loss_rows(self.kind, flat, y, None, self.smoothing), shape)

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
