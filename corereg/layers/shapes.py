"""Shapes of layers' inputs and outputs, and what comes out of a layer that does not say it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from corereg._lazy import later
from corereg.graph.nest import SEQUENCES, map_nest
from corereg.graph.tensor import SymbolicTensor

if TYPE_CHECKING:
    from corereg.graph import inference
else:  # most layers say what comes out of them
    inference = later("corereg.graph.inference")

Shape = tuple[int | None, ...]
_NESTS = (*SEQUENCES, dict)
_SIZES = frozenset((int, type(None)))  # what most sizes are


def dims(who: str, shape: Any) -> tuple[int | None, ...]:
    """A shape without the batch as a tuple of positive ints (or None)."""
    entries = tuple(shape) if isinstance(shape, list | tuple) else (shape,)
    for n in entries:
        if n is not None and (isinstance(n, bool) or not hasattr(n, "__index__") or int(n) < 1):
            raise ValueError(f"{who}: expected positive sizes in a shape, received {shape!r}")
    return tuple(None if n is None else int(n) for n in entries)


def is_shape(value: Any) -> bool:
    """Whether value is one shape, not a list, tuple or dict of shapes."""
    if not isinstance(value, SEQUENCES):
        return False
    return _SIZES.issuperset(map(type, value)) or not any(isinstance(n, _NESTS) for n in value)


def map_shapes(function: Callable[[Any], Any], shapes: Any) -> Any:
    """The function's result for each shape in a nest of shapes, nested alike."""
    if isinstance(shapes, dict):
        return {key: map_shapes(function, one) for key, one in shapes.items()}
    if shapes is None:
        return None  # of an input that is not there
    if is_shape(shapes):
        return function(shapes)
    return type(shapes)(map_shapes(function, one) for one in shapes)


def has_unknown_sizes(shapes: Any) -> bool:
    """Whether a size besides the batch's is None."""
    found: list[bool] = []
    map_shapes(lambda shape: found.append(None in shape[1:]), shapes)
    return any(found)


def infer_output_shape(layer: Any, input_shapes: Any) -> Any:
    """The nest of shapes that comes out for a nest of shapes, found by running the layer on
    zeros; ValueError that names the layer if that fails."""
    given = map_shapes(lambda shape: SymbolicTensor(shape, layer.dtype, ""), input_shapes)
    specs = inference.infer(layer.who, layer, (given,), {}, layer._flatten_layers())
    return map_nest(lambda spec: spec.shape, specs)


def build_inner(layer: Any, input_shapes: tuple[Any, ...], call: Any = None) -> None:
    """Builds the layers inside a layer by running its call on zeros. If it fails, those that it
    built are as they were before. call: the arguments of the call that it is built for, by place
    and by name, with symbolic tensors; left out, there are none but tensors of these shapes."""
    before = [one for one in layer._flatten_layers(include_self=False) if not one.built]
    if not before or not input_shapes:
        return
    if call is None:
        call = (
            tuple(
                map_shapes(lambda shape: SymbolicTensor(shape, layer.dtype, ""), shapes)
                for shapes in input_shapes
            ),
            {},
        )
    given, named = call
    if layer._takes_training:
        named = {**named, "training": False}
    # a second size of what is unknown tells whether a weight's shape depends on it
    sizes = inference.BATCHES if has_unknown_sizes(list(input_shapes)) else inference.BATCHES[:1]
    try:
        for size in sizes:
            inference.run_on_zeros(
                layer.who, layer.call, given, named, size, layer._flatten_layers()
            )
    except BaseException:
        for one in before:
            one._unbuild()
        raise
