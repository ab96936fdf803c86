"""RepeatVector: each row several times."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor, ops
from corereg.layers.as_given import KeepsIntegers
from corereg.layers.base import Shape
from corereg.registry import register


@register("layer")
class RepeatVector(KeepsIntegers):
    """(batch, features) as (batch, n, features): every row n times. n: a positive integer; else
    TypeError or ValueError. ValueError for inputs that are no rows of features.

    >>> layers.RepeatVector(2)(np.array([[1.0, 2.0]]))
    Tensor([[[1., 2.],
             [1., 2.]]])
    """

    recordable = True

    def __init__(self, n: int, **options: Any) -> None:
        super().__init__(**options)
        if isinstance(n, bool) or not hasattr(n, "__index__"):
            raise TypeError(f"{self.who}: expected an integer for n, received {n!r}")
        if int(n) < 1:
            raise ValueError(f"{self.who}: expected n of 1 or more, received {n!r}")
        self.n = int(n)

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        self._check_axes(x.shape, 2, "(batch, features)")
        return ops.repeat(ops.expand_dims(x, 1), self.n, 1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self._check_axes(input_shape, 2, "(batch, features)")
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}
