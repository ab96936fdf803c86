"""Merge: what layers of several inputs have in common."""

from __future__ import annotations

from typing import Any, ClassVar

from corereg.autograd import Tensor
from corereg.layers.base import Layer
from corereg.layers.shapes import is_shape

Shapes = list[tuple[int | None, ...]]


class Merge(Layer):
    """Base of layers that make one tensor of a list of tensors."""

    _least: ClassVar[int] = 1  # how many inputs there have to be
    _most: ClassVar[int | None] = None

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)

    def check_shapes(self, shapes: Any) -> Shapes:
        """The shapes of the inputs, or ValueError if they are not several."""
        if not isinstance(shapes, list | tuple) or is_shape(shapes):
            raise ValueError(
                f"{self.who}: expected a list of tensors, received one of shape {shapes}"
            )
        most = self._most
        if len(shapes) < self._least or (most is not None and len(shapes) > most):
            wanted = f"{most}" if most == self._least else f"at least {self._least}"
            raise ValueError(f"{self.who}: expected {wanted} tensors, received {len(shapes)}")
        return [tuple(shape) for shape in shapes]

    def check_inputs(self, inputs: Any) -> list[Tensor]:
        """The inputs, or ValueError if they are not a list or too few or too many."""
        if not isinstance(inputs, list | tuple) or not self._least <= len(inputs):
            self.check_shapes(
                inputs.shape if isinstance(inputs, Tensor) else [x.shape for x in inputs]
            )
        return list(inputs)
