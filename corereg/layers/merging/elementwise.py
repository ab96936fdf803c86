"""Add, Subtract, Multiply, Average, Maximum, Minimum: one tensor of several, element by element."""

from __future__ import annotations

from functools import reduce
from typing import Any, ClassVar

from corereg.autograd import Tensor, ops
from corereg.layers.base import Shape
from corereg.layers.merging.base import Merge, Shapes, keras_ops
from corereg.registry import register


class ElementwiseMerge(Merge):
    """Base of merging layers that go element by element. Sizes of 1 are broadcast; an input of
    fewer axes gets its missing ones behind the batch, as in Keras."""

    def merge(self, a: Tensor, b: Tensor) -> Tensor:
        """What two inputs give."""
        raise NotImplementedError(f"{self.who}: merge is not written")

    def call(self, x: Any, training: bool = False) -> Tensor:
        tensors = aligned(self.check_inputs(x))
        masks = [one._keras_mask for one in tensors]
        if any(one is not None for one in masks):
            return self._merge_masked(tensors, masks)  # type: ignore[no-any-return]
        return reduce(self.merge, tensors)  # type: ignore[no-any-return]

    def _merge_masked(self, tensors: list[Any], masks: list[Any]) -> Any:
        """What inputs give, symbolic or not, of which some have masks."""
        return reduce(self.merge, tensors)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The broadcast shape; ValueError if there is none."""
        shapes = self.check_shapes(input_shape)
        axes = max(map(len, shapes))
        whole: Shapes = [(s[0], *(1,) * (axes - len(s)), *s[1:]) for s in shapes]
        return tuple(self._size(sizes, shapes) for sizes in zip(*whole, strict=True))

    def _size(self, sizes: tuple[int | None, ...], shapes: Shapes) -> int | None:
        known = {n for n in sizes if n not in (1, None)}
        if len(known) > 1:
            raise ValueError(
                f"{self.who}: expected inputs of one shape, or with sizes of 1, received {shapes}"
            )
        if known:
            return known.pop()
        return None if None in sizes else 1


class Extremum(ElementwiseMerge):
    """Base of Maximum and Minimum: where only one of two inputs keeps a step, its own counts."""

    _function: ClassVar[str]

    def merge(self, a: Tensor, b: Tensor) -> Tensor:
        return getattr(ops, self._function)(a, b)  # type: ignore[no-any-return]

    def _merge_masked(self, tensors: list[Any], masks: list[Any]) -> Any:
        out, kept = tensors[0], masks[0]
        for x, own in zip(tensors[1:], masks[1:], strict=True):
            x = x if own is None else keras_ops.where(_spread(own), x, out)
            out = out if kept is None else keras_ops.where(_spread(kept), out, x)
            kept = None if kept is None or own is None else keras_ops.logical_or(kept, own)
            out = getattr(keras_ops, self._function)(out, x)
        return out


def _spread(mask: Any) -> Any:
    """A mask of steps, for all of their features."""
    return keras_ops.expand_dims(mask, -1)


def aligned(tensors: list[Any]) -> list[Any]:
    """Tensors, symbolic or not, with as many axes as the one that has most."""
    axes = max(one.ndim for one in tensors)
    return [one if one.ndim == axes else _with_axes(one, axes) for one in tensors]


def _with_axes(x: Any, axes: int) -> Any:
    while x.ndim < axes:
        x = keras_ops.expand_dims(x, 1)
    return x


@register("layer")
class Add(ElementwiseMerge):
    """The sum of a list of tensors. Input: a list of (batch, ...); output: the broadcast shape.
    ValueError for shapes that do not go together.

    >>> layers.Add()([np.ones((1, 2)), np.full((1, 2), 3.0)])
    Tensor([[4., 4.]])
    """

    recordable = True

    def merge(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b


@register("layer")
class Subtract(ElementwiseMerge):
    """The first of two tensors less the second. Input: a list of two (batch, ...); output: the
    broadcast shape. ValueError for another number, or shapes that do not go together.

    >>> layers.Subtract()([np.array([[1.0, 5.0]]), np.array([[2.0, 3.0]])])
    Tensor([[-1.,  2.]])
    """

    recordable = True
    _least = _most = 2

    def merge(self, a: Tensor, b: Tensor) -> Tensor:
        return a - b


@register("layer")
class Multiply(ElementwiseMerge):
    """The product of a list of tensors. Input: a list of (batch, ...); output: the broadcast shape.
    ValueError for shapes that do not go together.

    >>> layers.Multiply()([np.array([[1.0, 5.0]]), np.array([[2.0, 3.0]])])
    Tensor([[ 2., 15.]])
    """

    recordable = True

    def merge(self, a: Tensor, b: Tensor) -> Tensor:
        return a * b

    def _merge_masked(self, tensors: list[Any], masks: list[Any]) -> Any:
        """A step that an input's mask leaves out counts as 1; one that all leave out gives 0."""
        pairs = zip(tensors, masks, strict=True)
        shown = [x if m is None else keras_ops.where(_spread(m), x, 1.0) for x, m in pairs]
        out = reduce(self.merge, shown)
        if any(one is None for one in masks):
            return out
        return keras_ops.where(_spread(reduce(keras_ops.logical_or, masks)), out, 0.0)


@register("layer")
class Average(ElementwiseMerge):
    """The mean of a list of tensors. Input: a list of (batch, ...); output: the broadcast shape.
    ValueError for shapes that do not go together.

    >>> layers.Average()([np.ones((1, 2)), np.full((1, 2), 3.0)])
    Tensor([[2., 2.]])
    """

    recordable = True

    def merge(self, a: Tensor, b: Tensor) -> Tensor:
        return a + b

    def call(self, x: Any, training: bool = False) -> Tensor:
        return super().call(x) / len(x)


@register("layer")
class Maximum(Extremum):
    """The largest of a list of tensors. Input: a list of (batch, ...); output: the broadcast shape.
    ValueError for shapes that do not go together.

    >>> layers.Maximum()([np.array([[1.0, 5.0]]), np.array([[2.0, 3.0]])])
    Tensor([[2., 5.]])
    """

    recordable = True
    _function = "maximum"


@register("layer")
class Minimum(Extremum):
    """The smallest of a list of tensors. Input: a list of (batch, ...); output: the broadcast
    shape. ValueError for shapes that do not go together.

    >>> layers.Minimum()([np.array([[1.0, 5.0]]), np.array([[2.0, 3.0]])])
    Tensor([[1., 3.]])
    """

    recordable = True
    _function = "minimum"


def add(inputs: Any, **options: Any) -> Any:
    """``Add(**options)(inputs)``: the sum of a list of tensors, symbolic or not.

    >>> a, b = layers.Input((2,)), layers.Input((2,))
    >>> layers.add([a, b]).shape
    (None, 2)
    """
    return Add(**options)(inputs)


def subtract(inputs: Any, **options: Any) -> Any:
    """``Subtract(**options)(inputs)``: the first of two tensors less the second.

    >>> layers.subtract([layers.Input((2,)), layers.Input((2,))]).shape
    (None, 2)
    """
    return Subtract(**options)(inputs)


def multiply(inputs: Any, **options: Any) -> Any:
    """``Multiply(**options)(inputs)``: the product of a list of tensors.

    >>> layers.multiply([layers.Input((2,)), layers.Input((2,))]).shape
    (None, 2)
    """
    return Multiply(**options)(inputs)


def average(inputs: Any, **options: Any) -> Any:
    """``Average(**options)(inputs)``: the mean of a list of tensors.

    >>> layers.average([layers.Input((2,)), layers.Input((2,))]).shape
    (None, 2)
    """
    return Average(**options)(inputs)


def maximum(inputs: Any, **options: Any) -> Any:
    """``Maximum(**options)(inputs)``: the largest of a list of tensors.

    >>> layers.maximum([layers.Input((2,)), layers.Input((2,))]).shape
    (None, 2)
    """
    return Maximum(**options)(inputs)


def minimum(inputs: Any, **options: Any) -> Any:
    """``Minimum(**options)(inputs)``: the smallest of a list of tensors.

    >>> layers.minimum([layers.Input((2,)), layers.Input((2,))]).shape
    (None, 2)
    """
    return Minimum(**options)(inputs)
