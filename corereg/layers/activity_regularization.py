"""ActivityRegularization: a penalty of what passes through."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor
from corereg.layers.base import Layer, Shape
from corereg.registry import register
from corereg.regularizers import L1L2


@register("layer")
class ActivityRegularization(Layer):
    """Passes its input on, and adds to the loss l1*sum|x| + l2*sum(x^2), divided by the batch size.

    l1, l2: strengths of 0 or more, else ValueError. Input and output of any shape.

    >>> layer = layers.ActivityRegularization(l1=0.1)
    >>> x = layer(np.array([[1.0, -2.0], [3.0, 0.0]]))
    >>> layer.losses
    [Tensor(0.3)]
    """

    recordable = True
    supports_masking = True
    _takes_one_tensor = True
    _has_no_weights = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **options: Any) -> None:
        super().__init__(activity_regularizer=L1L2(l1, l2), **options)
        self.l1, self.l2 = l1, l2

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        return x

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return {**config, "l1": self.l1, "l2": self.l2}
