"""Building: a layer's weights are made once, whoever asks for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from corereg.layers.shapes import build_inner, map_shapes

VARARGS = 4  # inspect.CO_VARARGS

Build = Callable[..., None]


def build_once(build: Build) -> Build:
    """A decorator of `Layer.build`: the method runs once, and the layer is built then. If it fails
    or is interrupted, no weight of it is left. Called by a subclass's `build`, it is a part of
    that."""

    @functools.wraps(build)
    def whole_build(layer: Any, *shapes: Any, **named: Any) -> None:
        if layer._is_building:
            return build(layer, *shapes, **named)
        given = tuple(as_shape(shape) for shape in (*shapes, *named.values()))
        if layer.built:
            check_built_for(layer, given)
            return None
        before = set(layer._ids)
        layer._is_building = True
        try:
            by_name = dict(zip(named, given[len(shapes) :], strict=True))
            build(layer, *given[: len(shapes)], **by_name)
            build_inner(layer, given)
            layer._built_shapes = given
            layer.built = True
            layer._freeze_own()
            if not layer.trainable:
                layer.trainable = False  # for those that build made
        except BaseException:
            layer.built = False
            layer._keep(before)
            raise
        finally:
            del layer._is_building

    return whole_build


def builds_itself(build: Build) -> Build:
    """A decorator of a `build` that sees to it by itself that it runs once."""
    build.builds_itself = True  # type: ignore[attr-defined]
    return build


def as_shape(shapes: Any) -> Any:
    """Shapes as tuples, nested as they are given; what is no shape stays as it is."""
    if isinstance(shapes, list | tuple | dict):
        return map_shapes(tuple, shapes)
    return shapes


def check_built_for(layer: Any, shapes: tuple[Any, ...]) -> None:
    """Raises ValueError if a layer that is built already is to be built for other inputs."""
    before = layer._built_shapes
    if before is not None and shapes and _rest(before) != _rest(shapes):
        raise ValueError(
            f"{layer.who}: expected to be built once, received build for inputs of shape "
            f"{shapes[0]} after {before[0]}; make a new layer for them"
        )


def _rest(shapes: tuple[Any, ...]) -> list[Any]:
    return [
        map_shapes(lambda s: s[1:], one) if isinstance(one, tuple | list | dict) else one
        for one in shapes
    ]


def shapes_taken(build: Any) -> int:
    """How many shapes a `build` method takes."""
    while hasattr(build, "__wrapped__"):
        build = build.__wrapped__
    code = getattr(build, "__code__", None)
    if code is None:
        return 1
    return 99 if code.co_flags & VARARGS else max(code.co_argcount - 1, 0)
