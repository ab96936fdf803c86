"""Shapes of layers' inputs and outputs, and what comes out of a layer that does not say it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from corereg import _kernels
from corereg.autograd import Tensor, no_grad
from corereg.layers.holder import Holder

Shape = tuple[int | None, ...]

_BATCHES = (2, 3)  # sizes of the batches of two dry runs


def dims(who: str, shape: Any) -> tuple[int | None, ...]:
    """A shape without the batch as a tuple of positive ints (or None)."""
    entries = tuple(shape) if isinstance(shape, list | tuple) else (shape,)
    for n in entries:
        if n is not None and (isinstance(n, bool) or not hasattr(n, "__index__") or int(n) < 1):
            raise ValueError(f"{who}: expected positive sizes in a shape, received {shape!r}")
    return tuple(None if n is None else int(n) for n in entries)


def is_shape(value: Any) -> bool:
    """Whether value is one shape, not a list, tuple or dict of shapes."""
    return isinstance(value, list | tuple) and not any(
        isinstance(n, list | tuple | dict) for n in value
    )


def map_shapes(function: Callable[[Any], Any], shapes: Any) -> Any:
    """The function's result for each shape in a nest of shapes, nested alike."""
    if isinstance(shapes, dict):
        return {key: map_shapes(function, one) for key, one in shapes.items()}
    if is_shape(shapes):
        return function(shapes)
    return type(shapes)(map_shapes(function, one) for one in shapes)


def shape_with_batch(shape: Any) -> Shape:
    """(None, ...): the shape of one input whatever its batch."""
    return (None, *shape[1:])


def has_unknown_sizes(shapes: Any) -> bool:
    """Whether a size besides the batch's is None."""
    if isinstance(shapes, dict):
        return any(map(has_unknown_sizes, shapes.values()))
    if is_shape(shapes):
        return None in shapes[1:]
    return any(map(has_unknown_sizes, shapes))


def dry_run(
    layer: Any, inputs: tuple[Any, ...], options: dict[str, Any], size: int, call: Any
) -> Any:
    """What `call` gives for zeros in place of the shapes in inputs, with `size` in place of every
    None. Nothing is recorded or differentiated, and random states stay as they are.

    Raises ValueError that names the layer if the call fails.
    """

    def zeros(shape: Any) -> Tensor:
        return Tensor(np.zeros([size if n is None else n for n in shape], layer.dtype))

    if layer._takes_training:
        options = {"training": False, **options}
    given = [map_shapes(zeros, shapes) for shapes in inputs]
    states = [(one, one.random_state) for one in layer._flatten_layers()]
    with (
        _kernels.recording_paused(),
        no_grad(),
        _kernels.ignore_float_errors(),
        _kernels.CallContext(training=False),
    ):
        try:
            return call(*given, **options)
        except Exception as error:
            shown = inputs[0] if len(inputs) == 1 else inputs
            raise ValueError(
                f"{layer.who}: expected a call that computes for inputs of shape {shown}; on zeros "
                f"it raised {type(error).__name__}: {error}. If the call is right, write "
                "compute_output_shape and build, which then need not try it"
            ) from error
        finally:
            for one, state in states:
                if state is not None:
                    one.random_state = state


def infer_output(
    layer: Any, inputs: tuple[Any, ...], options: dict[str, Any], call: Any
) -> tuple[Any, Any]:
    """What comes out for inputs of these shapes, found by two dry runs: the output's shapes, with
    None where the runs differ, and an output of the first run, both nested as the call nests
    them."""
    one, other = (dry_run(layer, inputs, options, size, call) for size in _BATCHES)
    return _merged(layer.who, one, other), one


def _merged(who: str, one: Any, other: Any) -> Any:
    if isinstance(one, dict):
        return {key: _merged(who, value, other[key]) for key, value in one.items()}
    if isinstance(one, list | tuple):
        return type(one)(_merged(who, a, b) for a, b in zip(one, other, strict=True))
    if not isinstance(one, Tensor):
        raise TypeError(
            f"{who}: expected a call that returns tensors, received {type(one).__name__}"
        )
    return tuple(n if n == m else None for n, m in zip(one.shape, other.shape, strict=True))


def build_inner(layer: Holder, inputs: tuple[Any, ...]) -> None:
    """Builds the layers inside a layer by a dry run of its call. If it fails, those that it built
    are as they were before."""
    before = [one for one in layer._flatten_layers(include_self=False) if not one.built]
    if not before or not inputs:
        return
    try:
        for size in _BATCHES[: 1 + has_unknown_sizes(list(inputs))]:
            dry_run(layer, inputs, {}, size, layer.call)  # type: ignore[attr-defined]
    except BaseException:
        for one in before:
            one._unbuild()
        raise
