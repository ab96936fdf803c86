"""RMSNormalization (Zhang, Sennrich 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.autograd import Parameter, Tensor, ops
from corereg.autograd.ops.normalization import row_norm
from corereg.layers.base import Shape
from corereg.layers.scale_and_shift import NormalizingLayer, moved_back, to_the_end
from corereg.registry import register


@register("layer")
class RMSNormalization(NormalizingLayer):
    """Divides each sample by the root of its mean square along `axis`, and multiplies by weights:

        y = scale * x / sqrt(mean of x^2 + epsilon)

    axis: an integer or a list of them; `scale` begins as ones, of the input's lengths along axis.
    Input and output of any shape. An axis that is no integer raises TypeError, one that the input
    does not have or whose length is unknown ValueError.

    >>> layers.RMSNormalization(epsilon=0)(np.array([[3.0, -3.0]]))
    Tensor([[ 1., -1.]], op=Reshape)
    """

    recordable = True
    scale: Parameter

    def __init__(
        self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **options: Any
    ) -> None:
        super().__init__(**options)
        self.axis = self._check_axes(axis)
        self.epsilon = self._check_epsilon(epsilon)

    def build(self, input_shape: Shape) -> None:
        places = self._places(self.axis, len(input_shape))
        self.scale = self.add_weight(self._sizes(input_shape, places), "ones", name="scale")

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        places = self._places(self.axis, x.ndim)
        x, back = to_the_end(x, places)
        shape, scale = x.shape, ops.reshape(self.scale, (-1,))
        if len(places) > 1:
            x = ops.reshape(x, (*shape[: -len(places)], -1))
        y = row_norm(x, scale, None, self.epsilon, centered=False)
        return moved_back(ops.reshape(y, shape), back)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}
