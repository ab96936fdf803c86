"""Reshape: the same elements in another shape."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from corereg.autograd import Tensor, ops
from corereg.layers.as_given import KeepsIntegers
from corereg.layers.base import Shape
from corereg.registry import register


@register("layer")
class Reshape(KeepsIntegers):
    """(batch, ...) as (batch, *target_shape), the elements of a row in the same order.

    target_shape: without the batch; one size may be -1: what is left for it. ValueError for
    more than one -1, for sizes below -1, and for an input with another number of elements.

    >>> layers.Reshape((2, -1))(np.ones((5, 6))).shape
    (5, 2, 3)
    """

    recordable = True

    def __init__(self, target_shape: Sequence[int], **options: Any) -> None:
        super().__init__(**options)
        sizes = tuple(target_shape)
        if any(isinstance(n, bool) or not hasattr(n, "__index__") or int(n) < -1 for n in sizes):
            raise ValueError(
                f"{self.who}: expected target_shape of sizes, one of which may be -1, received "
                f"{target_shape!r}"
            )
        self.target_shape = tuple(int(n) for n in sizes)
        if self.target_shape.count(-1) > 1:
            raise ValueError(
                f"{self.who}: expected at most one -1 in target_shape, received {target_shape!r}"
            )

    def call(self, x: Tensor, training: bool = False) -> Tensor:
        rest: Any = self._target(x.shape[1:])
        return x if rest == x.shape[1:] else ops.reshape(x, (x.shape[0], *rest))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (input_shape[0], *self._target(input_shape[1:]))

    def _target(self, given: Sequence[int | None]) -> tuple[int | None, ...]:
        """target_shape with the size that -1 stands for, None where that is open."""
        known = [n for n in given if n is not None]
        fixed = prod(n for n in self.target_shape if n != -1)
        if len(known) < len(given):
            return tuple(None if n == -1 else n for n in self.target_shape)
        whole = prod(known)
        left = whole // fixed if fixed and -1 in self.target_shape else 1
        if fixed * left != whole:
            times = " or a multiple" if -1 in self.target_shape else ""
            raise ValueError(
                f"{self.who}: expected rows of {fixed} elements{times} for "
                f"target_shape {self.target_shape}, received rows of shape {tuple(given)}"
            )
        return tuple(left if n == -1 else n for n in self.target_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": list(self.target_shape)}
