"""Concatenate: tensors one behind the other along an axis."""

from __future__ import annotations

from typing import Any

from corereg.autograd import Tensor, ops
from corereg.layers.base import Shape
from corereg.layers.merging.base import Merge, keras_ops
from corereg.registry import register


@register("layer")
class Concatenate(Merge):
    """A list of tensors, one behind the other along an axis.

    axis: the last by default; the batch's is 0. Input: a list of tensors whose shapes differ at
    most there; output: the same shape with the sum of their sizes. ValueError for other shapes.

    >>> layers.Concatenate()([np.zeros((1, 2)), np.ones((1, 1))])
    Tensor([[0., 0., 1.]])
    """

    recordable = True
    _makes_masks = False

    def __init__(self, axis: int = -1, **options: Any) -> None:
        super().__init__(**options)
        if isinstance(axis, bool) or not hasattr(axis, "__index__"):
            raise ValueError(f"{self.who}: expected an integer for axis, received {axis!r}")
        self.axis = int(axis)

    def call(self, x: Any, training: bool = False) -> Tensor:
        return ops.concatenate(self.check_inputs(x), self.axis)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The shape with the sizes along the axis added up; ValueError if the rest differs."""
        shapes = self.check_shapes(input_shape)
        axes = len(shapes[0])
        axis = self.axis + axes if self.axis < 0 else self.axis
        whole: list[int | None] = []
        for i, sizes in enumerate(zip(*shapes, strict=False)):
            known = {n for n in sizes if n is not None}
            if i == axis:
                whole.append(None if None in sizes else sum(n for n in sizes if n is not None))
            elif len(known) > 1:
                break
            else:
                whole.append(next(iter(known), None))
        if not 0 <= axis < axes or any(len(s) != axes for s in shapes) or len(whole) < axes:
            raise ValueError(
                f"{self.who}: expected inputs whose shapes differ at most in axis {self.axis}, "
                f"received {shapes}"
            )
        return tuple(whole)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The masks joined as the inputs are; what has none counts whole. None without any."""
        masks = self._each_mask(inputs, mask)
        if masks is None or all(one is None for one in masks):
            return None
        whole = []
        for x, one in zip(inputs, masks, strict=True):
            if one is None:
                one = keras_ops.ones_like(x, dtype="bool")
            elif len(one.shape) < len(x.shape):
                nothing = keras_ops.zeros_like(x, dtype="bool")
                one = keras_ops.logical_or(keras_ops.expand_dims(one, -1), nothing)
            whole.append(one)
        return keras_ops.any(keras_ops.concatenate(whole, axis=self.axis), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


def concatenate(inputs: Any, axis: int = -1, **options: Any) -> Any:
    """``Concatenate(axis, **options)(inputs)``: a list of tensors, one behind the other.

    >>> layers.concatenate([layers.Input((2,)), layers.Input((3,))]).shape
    (None, 5)
    """
    return Concatenate(axis, **options)(inputs)
