"""Merge: what layers of several inputs have in common."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any, ClassVar

from corereg._lazy import later
from corereg.autograd import Tensor
from corereg.layers.base import Layer
from corereg.layers.shapes import is_shape

if TYPE_CHECKING:
    from corereg import ops

    keras_ops = ops
else:  # only masks need them
    keras_ops = later("corereg.ops")

Shapes = list[tuple[int | None, ...]]


class Merge(Layer):
    """Base of layers that make one tensor of a list of tensors."""

    _least: ClassVar[int] = 1  # how many inputs there have to be
    _most: ClassVar[int | None] = None
    _makes_masks = False

    def build(self, input_shape: Any) -> None:
        self.compute_output_shape(input_shape)

    def check_shapes(self, shapes: Any) -> Shapes:
        """The shapes of the inputs, or ValueError if they are not several."""
        if not isinstance(shapes, list | tuple) or is_shape(shapes):
            raise ValueError(
                f"{self.who}: expected a list of tensors, received one of shape {shapes}"
            )
        if not self._takes(len(shapes)):
            wanted = f"{self._most}" if self._most == self._least else f"at least {self._least}"
            raise ValueError(f"{self.who}: expected {wanted} tensors, received {len(shapes)}")
        return [tuple(shape) for shape in shapes]

    def check_inputs(self, inputs: Any) -> list[Tensor]:
        """The inputs, or ValueError if they are not a list or too few or too many."""
        if not isinstance(inputs, list | tuple) or not self._takes(len(inputs)):
            self.check_shapes(
                inputs.shape if isinstance(inputs, Tensor) else [x.shape for x in inputs]
            )
        return list(inputs)

    def _takes(self, count: int) -> bool:
        """Whether it takes so many inputs."""
        return self._least <= count <= (self._most or count)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Steps that one of the inputs keeps, if each has a mask, else None. ValueError unless both
        are lists of the same length."""
        masks = self._each_mask(inputs, mask)
        if masks is None or any(one is None for one in masks):
            return None
        return reduce(keras_ops.logical_or, masks)

    def _each_mask(self, inputs: Any, mask: Any) -> list[Any] | None:
        """The masks of the inputs as a list, checked; None if there are none."""
        if mask is None:
            return None
        if not all(isinstance(one, list | tuple) for one in (inputs, mask)) or len(mask) != len(
            inputs
        ):
            raise ValueError(
                f"{self.who}: expected lists of inputs and masks of one length, received masks "
                f"{mask!r}"
            )
        return list(mask)
