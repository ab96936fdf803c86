"""Permute: the axes of a row in another order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg.autograd import Tensor, ops
from corereg.layers.as_given import KeepsIntegers
from corereg.layers.base import Shape
from corereg.registry import register


@register("layer")
class Permute(KeepsIntegers):
    """(batch, n1, n2, ...) with its axes, counted from 1 behind the batch, in the order `dims`:
    dims (2, 1) makes (batch, n2, n1). ValueError for dims that are not each of 1, 2, ... once, and
    for inputs with another number of axes.

    >>> layers.Permute((2, 1))(np.ones((5, 2, 3))).shape
    (5, 3, 2)
    """

    recordable = True

    def __init__(self, dims: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(
                f"{self.who}: expected dims as each of 1, 2, ... once, received {dims!r}"
            )

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        self._check(x.shape)
        return ops.transpose(x, (0, *self.dims))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self._check(input_shape)
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def _check(self, shape: Any) -> None:
        count = len(self.dims)
        self._check_axes(shape, count + 1, f"(batch, ...) with {count} axes behind the batch")

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": list(self.dims)}
