"""Dot: the product of two tensors, summed over an axis of each, row by row of the batch."""

from __future__ import annotations

from math import prod
from typing import Any

from corereg.autograd import Tensor, ops
from corereg.layers.base import Shape
from corereg.layers.merging.base import Merge, Shapes
from corereg.registry import register

_LEAST_NORM = 1e-12  # as in Keras


@register("layer")
class Dot(Merge):
    """For each row of the batch, two tensors multiplied and summed over one axis of each.

    axes: one axis for both, or a pair; never 0, the batch's. normalize: both are divided by their
    L2 norm along it first, which gives the cosine. Input: a list of two tensors, (batch, ..., k,
    ...); output: (batch, axes left of the first, axes left of the second), or (batch, 1) if none
    is left. ValueError for axes of different sizes.

    >>> layers.Dot(1)([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])])
    Tensor([[11.]])
    """

    recordable = True
    _least = _most = 2
    _makes_masks = False

    def __init__(
        self, axes: int | tuple[int, int], normalize: bool = False, **options: Any
    ) -> None:
        super().__init__(**options)
        given = (axes, axes) if not isinstance(axes, list | tuple) else tuple(axes)
        if len(given) != 2 or any(
            isinstance(a, bool) or not hasattr(a, "__index__") or int(a) == 0 for a in given
        ):
            raise ValueError(
                f"{self.who}: expected axes as an integer or a pair, not 0, which is the batch's, "
                f"received {axes!r}"
            )
        self.axes = axes if not isinstance(axes, list) else tuple(axes)
        self._pair = int(given[0]), int(given[1])
        self.normalize = bool(normalize)

    def call(self, x: Any, training: bool = False) -> Tensor:
        a, b = self.check_inputs(x)
        first, second = self._pair[0] % a.ndim, self._pair[1] % b.ndim
        if self.normalize:
            a, b = _normalized(a, first), _normalized(b, second)
        if a.ndim == b.ndim == 2:
            return ops.sum(a * b, axis=1, keepdims=True)
        rest_a = a.shape[:first] + a.shape[first + 1 :]
        rest_b = b.shape[1:second] + b.shape[second + 1 :]
        size = a.shape[first]
        left = ops.reshape(_axis_last(a, first), (a.shape[0], prod(rest_a[1:]), size))
        right = ops.reshape(_axis_last(b, second), (a.shape[0], prod(rest_b), size))
        product = ops.matmul(left, ops.swapaxes(right, 1, 2))
        return ops.reshape(product, (*rest_a, *rest_b))

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The axes that are left; ValueError if the two that are summed over differ in size."""
        a, b = shapes = self.check_shapes(input_shape)
        first, second = self._axes_in(shapes)
        if None not in (a[first], b[second]) and a[first] != b[second]:
            raise ValueError(
                f"{self.who}: expected axes {self._pair} of one size, received shapes {a} and {b}"
            )
        rest = (*a[:first], *a[first + 1 :], *b[1:second], *b[second + 1 :])
        return rest if len(rest) > 1 else (*rest, 1)

    def _axes_in(self, shapes: Shapes) -> tuple[int, int]:
        found = []
        for axis, shape in zip(self._pair, shapes, strict=True):
            if not 0 < axis % len(shape) == (axis if axis > 0 else axis + len(shape)):
                raise ValueError(
                    f"{self.who}: expected tensors that have axes {self._pair} behind the batch, "
                    f"received shapes {shapes}"
                )
            found.append(axis % len(shape))
        return found[0], found[1]

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """None: the steps are summed up."""

    def get_config(self) -> dict[str, Any]:
        axes = list(self.axes) if isinstance(self.axes, tuple) else self.axes
        return {**super().get_config(), "axes": axes, "normalize": self.normalize}


def _normalized(x: Tensor, axis: int) -> Tensor:
    norm = ops.sqrt(ops.sum(x * x, axis=axis, keepdims=True))
    return x / ops.maximum(norm, _LEAST_NORM)


def _axis_last(x: Tensor, axis: int) -> Tensor:
    order = [i for i in range(x.ndim) if i != axis]
    return x if axis == x.ndim - 1 else ops.transpose(x, (*order, axis))


def dot(inputs: Any, axes: int | tuple[int, int], normalize: bool = False, **options: Any) -> Any:
    """``Dot(axes, normalize, **options)(inputs)``: two tensors multiplied and summed over an
    axis of each.

    >>> layers.dot([layers.Input((2,)), layers.Input((2,))], axes=1).shape
    (None, 1)
    """
    return Dot(axes, normalize, **options)(inputs)
