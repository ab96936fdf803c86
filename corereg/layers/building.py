"""Building: a layer's weights are made once, whoever asks for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from corereg.autograd import Tensor
from corereg.graph.nest import flatten, map_nest
from corereg.graph.tensor import SymbolicTensor
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
            build_inner(layer, given, vars(layer).get("_call_under_way"))
            layer._built_shapes = given or None
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


def build_for_call(layer: Any, x: Any, more: tuple[Any, ...], named: dict[str, Any]) -> None:
    """Builds a layer for `layer(x, *more, **named)`, whose tensors are real or symbolic ones.

    A `build` of several shapes is given those of the arguments of `call` whose names its own have,
    `query_shape` that of `query`; else in the order in which they come.
    """
    if not more and not named and getattr(x, "dtype", None) == layer.dtype:  # as most calls are
        layer.ensure_built((None, *x.shape[1:]))
        return
    names = layer._signature.names
    places = [name for name in names[1:] if name != "training"]
    rest = {**dict(zip(places, more, strict=False)), **named}
    others = {name: shapes_of(one) for name, one in rest.items() if is_of_tensors(one)}
    shapes = {(names[0] if names else ""): shapes_of(x), **others}
    wanted = [name.removesuffix("_shape") for name in _names_of_shapes(type(layer).build)]
    in_order = [shapes[name] for name in wanted if name in shapes]
    aligned = len(wanted) > 1 and len(in_order) == len(wanted)
    layer.__dict__["_call_under_way"] = (
        _symbolic((x, *more), layer.dtype),
        _symbolic(named, layer.dtype),
    )
    try:
        layer.ensure_built(*(in_order if aligned else shapes.values()))
    finally:
        layer.__dict__.pop("_call_under_way", None)


def shapes_of(nest: Any) -> Any:
    """(None, ...) of each tensor, nested alike; None of what is none."""
    if isinstance(nest, dict):
        return {key: shapes_of(one) for key, one in nest.items()}
    if isinstance(nest, list | tuple):
        return [shapes_of(one) for one in nest]
    return (None, *nest.shape[1:]) if hasattr(nest, "shape") else None


def is_of_tensors(nest: Any) -> bool:
    """Whether a nest has nothing but tensors, and at least one."""
    leaves = list(flatten(nest))
    return bool(leaves) and all(isinstance(one, Tensor | SymbolicTensor) for one in leaves)


def _symbolic(nest: Any, dtype: str) -> Any:
    """A nest with symbolic tensors in the place of real ones, for any number of rows."""

    def one(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        floats = value.data.dtype.kind == "f"
        return SymbolicTensor((None, *value.shape[1:]), dtype if floats else value.data.dtype, "")

    return map_nest(one, nest)


def shapes_taken(build: Any) -> int:
    """How many shapes a `build` method takes."""
    code = code_of(build)
    if code is None:
        return 1
    return 99 if code.co_flags & VARARGS else max(code.co_argcount - 1, 0)


def _names_of_shapes(build: Any) -> tuple[str, ...]:
    """The names of the arguments of a `build` method, without self."""
    code = code_of(build)
    return () if code is None else code.co_varnames[1 : code.co_argcount]


def code_of(function: Any) -> Any:
    """The code of a function without its decorators, None if it is not one of Python's."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return getattr(function, "__code__", None)
