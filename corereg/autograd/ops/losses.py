"""The fused losses: value and gradient come from one pass over the outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from corereg import _kernels
from corereg._lazy import later
from corereg.autograd.op import Op
from corereg.autograd.ops.activations import sigmoid, softmax
from corereg.autograd.tensor import ONES, Tensor, apply, tensor

if TYPE_CHECKING:
    from corereg.autograd.ops import elementwise, loss_slopes as slopes
else:  # gradients of gradients need them
    elementwise = later("corereg.autograd.ops.elementwise")
    slopes = later("corereg.autograd.ops.loss_slopes")

KINDS: tuple[str, ...] = tuple(_kernels.LOSSES)
SUMS = ("kl_divergence",)  # a row's loss is the sum of its outputs' terms, not their mean


class _Loss(Op):
    """kind: one of KINDS; y: the targets; weight: of each row, or None; smoothing, option, levels:
    see `_kernels.loss_forward`; dz: the gradient of the mean, made in the forward pass while the
    outputs are at hand."""

    __slots__ = ("dz", "kind", "levels", "option", "smoothing", "weight", "y")
    dz: Any

    def __init__(
        self, kind: str, y: Any, weight: Any, smoothing: float, option: Any, levels: Any
    ) -> None:
        self.kind = kind
        self.y = y
        self.weight = weight
        self.smoothing = smoothing
        self.option = option
        self.levels = levels

    def rows(self, z: Any) -> Any:
        """The loss of each row, by the kernel."""
        rows, self.dz = _kernels.loss_forward(
            self.kind, z, self.y, self.weight, self.smoothing, True, None, self.option, self.levels
        )
        return rows

    def slope(self, z: Any) -> Any:
        """dz as a function of z, in Tensors."""
        rows, columns = max(z.shape[0], 1), max(z.shape[1], 1)
        if self.kind == "softmax_cross_entropy":
            t = self.y * (1 - self.smoothing) + self.smoothing / columns
            d = softmax(z) * t.sum(axis=1, keepdims=True) - t
        elif self.kind == "sparse_cross_entropy":
            d = softmax(z) - np.eye(z.shape[1], dtype=z.dtype)[self.y]
        elif self.kind == "sigmoid_cross_entropy":
            d = (sigmoid(z) - (self.y * (1 - self.smoothing) + self.smoothing / 2)) / columns
        elif self.kind == "squared_error":
            d = (z - self.y) * (2 / columns)
        elif self.kind == "absolute_error":
            d = elementwise.sign(z - self.y) / columns
        else:
            option = (
                slopes.DEFAULT_OPTIONS.get(self.kind, 1e-7) if self.option is None else self.option
            )
            d = slopes.SLOPES[self.kind](z, tensor(self.y), option, self.levels)
            d = d if self.kind in SUMS else d / columns
        return d / rows if self.weight is None else d * (self.weight / rows)[:, None]


class LossRows(_Loss):
    """The loss of each row, (batch,)."""

    __slots__ = ()
    returns_new_arrays = True

    def forward(self, z: Any) -> Any:
        return self.rows(z)

    def backward(self, grad: Any, out: Any, z: Any) -> tuple[Any, ...]:
        return (self.dz * (grad * grad.dtype.type(len(z)))[:, None],)

    def derivative(self, grad: Any, out: Any, z: Any) -> tuple[Any, ...]:
        return (self.slope(z) * (grad * len(z)).reshape(-1, 1),)


class MeanLoss(_Loss):
    """The mean over rows, a scalar."""

    __slots__ = ()
    recordable = True

    def forward(self, z: Any) -> Any:
        return _kernels.row_mean(self.rows(z))

    def backward(self, grad: Any, out: Any, z: Any) -> tuple[Any, ...]:
        if grad is ONES[grad.dtype]:  # the usual case: the loss itself is differentiated
            return (self.dz,)
        return (_kernels.scale(self.dz, grad),)

    def derivative(self, grad: Any, out: Any, z: Any) -> tuple[Any, ...]:
        return (self.slope(z) * grad,)


def loss_rows(
    kind: str,
    z: Any,
    y: Any,
    weight: Any = None,
    smoothing: float = 0.0,
    option: float | None = None,
    levels: Any = None,
) -> Tensor:
    """The weighted loss of each row: z (batch, outputs) -> (batch,). kind: the name of a loss that
    is a kernel, such as "squared_error" or "softmax_cross_entropy" (which takes logits); ValueError
    names all. y, weight and levels are arrays. option: huber's delta (1), the epsilon of other
    kinds (1e-7); levels (outputs,): of the kind "quantile".

    >>> z = Tensor([[1.0, 3.0], [2.0, 2.0]])
    >>> ops.loss_rows("squared_error", z, np.zeros((2, 2), "float32"))
    Tensor([5., 4.])
    """
    y, weight = _kernels.plain_array(y), _kernels.plain_array(weight)
    return apply(LossRows(kind, y, weight, smoothing, option, levels), tensor(z))


def mean_loss(
    kind: str,
    z: Any,
    y: Any,
    weight: Any = None,
    smoothing: float = 0.0,
    option: float | None = None,
    levels: Any = None,
) -> Tensor:
    """sum(weight * loss) / batch, a scalar. Arguments: see `loss_rows`.

    >>> z = Tensor([[1.0, 3.0], [2.0, 2.0]])
    >>> ops.mean_loss("squared_error", z, np.zeros((2, 2), "float32"))
    Tensor(4.5)
    """
    y, weight = _kernels.plain_array(y), _kernels.plain_array(weight)
    return apply(MeanLoss(kind, y, weight, smoothing, option, levels), tensor(z))
