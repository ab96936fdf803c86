"""LayerNormalization (Ba, Kiros, Hinton 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.autograd import Tensor, ops
from corereg.autograd.ops.normalization import row_norm
from corereg.layers.base import Shape
from corereg.layers.scale_and_shift import ScaleAndShift, moved_back, to_the_end
from corereg.registry import register


@register("layer")
class LayerNormalization(ScaleAndShift):
    """Normalizes each sample by the mean and the variance along `axis`, in training and otherwise:

        y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    axis: an integer or a list of them. Weights: gamma if `scale`, beta if `center`, of the input's
    lengths along axis, the first axis first. rms_scaling, of older programs: True divides
    x itself by the same root, without beta. Input and output of any shape. An axis that is no
    integer raises TypeError; one that the input lacks, or whose length is unknown, ValueError.

    >>> layers.LayerNormalization(epsilon=0)(np.array([[1.0, 3.0], [10.0, 30.0]]))
    Tensor([[-1.,  1.],
            [-1.,  1.]], op=RowNorm)
    """

    recordable = True

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **options: Any,
    ) -> None:
        self.rms_scaling = bool(options.pop("rms_scaling", False))
        super().__init__(
            epsilon,
            center and not self.rms_scaling,
            scale or self.rms_scaling,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **options,
        )
        self.axis = self._check_axes(axis)

    def build(self, input_shape: Shape) -> None:
        places = self._places(self.axis, len(input_shape))
        self._make_scale_and_shift(self._sizes(input_shape, places))

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        places = self._places(self.axis, x.ndim)
        moved, back = to_the_end(x, places)
        return moved_back(self._normalize(moved, len(places)), back)

    def _normalize(self, x: Tensor, axes: int) -> Tensor:
        """Over the last axes, so many."""
        if self.rms_scaling:
            axis = tuple(range(-axes, 0))
            spread = ops.sqrt(ops.var(x, axis, keepdims=True) + self.epsilon)
            return x / spread * self.gamma
        shape = x.shape
        flat = x if axes == 1 else ops.reshape(x, (*shape[:-axes], -1))
        y = row_norm(flat, self._flat(self.gamma), self._flat(self.beta), self.epsilon)
        return y if axes == 1 else ops.reshape(y, shape)

    def get_config(self) -> dict[str, Any]:
        scaling = {"rms_scaling": True} if self.rms_scaling else {}
        return {**super().get_config(), "axis": self.axis, **scaling}
