"""Functions that change shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.export.converters import keys
from corereg.export.network import Call
from corereg.export.onnx.graph import OnnxGraph, Term
from corereg.export.onnx.table import converts


def _axes(axis: Any, rank: int) -> list[int]:
    """Axes counted from 0."""
    given = axis if isinstance(axis, list | tuple) else [axis]
    return [int(one) % rank for one in given]


def _flat(given: Any) -> Any:
    """What a method is given one by one or in a tuple."""
    one = isinstance(given, tuple) and len(given) == 1 and isinstance(given[0], list | tuple)
    return given[0] if one else given


@converts(*keys("reshape"))
def reshape(graph: OnnxGraph, call: Call, x: Any, shape: Any) -> Term:
    shape = _flat(shape)
    sizes = [int(n) for n in (shape if isinstance(shape, list | tuple) else [shape])]
    return graph.reshape(graph.term(x), sizes)


@converts(*keys("ravel", "flatten"))
def flatten(graph: OnnxGraph, call: Call, x: Any, start_dim: int = 0, end_dim: int = -1) -> Term:
    rank = len(x.shape)
    start, end = start_dim % rank, end_dim % rank
    behind = [int(n) for n in x.shape[end + 1 :]]
    return graph.reshape(graph.term(x), [*([0] * start), -1, *behind])


@converts(*keys("transpose"))
def transpose(graph: OnnxGraph, call: Call, x: Any, axes: Any = None) -> Term:
    rank, axes = len(x.shape), _flat(axes)
    order = _axes(list(axes), rank) if axes else list(range(rank))[::-1]
    return graph.transpose(graph.term(x), order)


@converts(*keys("swapaxes"))
def swapaxes(graph: OnnxGraph, call: Call, x: Any, axis1: int, axis2: int) -> Term:
    order = list(range(len(x.shape)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return graph.transpose(graph.term(x), order)


@converts(*keys("moveaxis"))
def moveaxis(graph: OnnxGraph, call: Call, x: Any, source: Any, destination: Any) -> Term:
    rank = len(x.shape)
    pairs = sorted(zip(_axes(destination, rank), _axes(source, rank), strict=True))
    order = [i for i in range(rank) if i not in {one for _, one in pairs}]
    for where, one in pairs:
        order.insert(where, one)
    return graph.transpose(graph.term(x), order)


@converts(*keys("expand_dims"))
def expand_dims(graph: OnnxGraph, call: Call, x: Any, axis: Any) -> Term:
    return graph.unsqueeze(graph.term(x), *_axes(axis, len(call.output.shape)))


@converts(*keys("squeeze"))
def squeeze(graph: OnnxGraph, call: Call, x: Any, axis: Any = None) -> Term:
    if axis is None:
        axis = [i for i, n in enumerate(x.shape) if n == 1]
    return graph.squeeze(graph.term(x), *_axes(axis, len(x.shape)))


@converts(*keys("flip"))
def flip(graph: OnnxGraph, call: Call, x: Any, axis: Any = None) -> Term:
    rank = len(x.shape)
    axes = list(range(rank)) if axis is None else _axes(axis, rank)
    least = -np.iinfo(np.int64).max
    parts = ([-1] * len(axes), [least] * len(axes), axes, [-1] * len(axes))
    return graph.term(x).op("Slice", *(graph.ints(*one) for one in parts))


@converts(*keys("tile"))
def tile(graph: OnnxGraph, call: Call, x: Any, repeats: Any) -> Term:
    times = list(repeats) if isinstance(repeats, list | tuple) else [repeats]
    rank = len(x.shape)
    term = graph.term(x)
    if len(times) > rank:
        term = graph.unsqueeze(term, *range(len(times) - rank))
    times = [1] * (rank - len(times)) + times
    return term.op("Tile", graph.ints(*(int(n) for n in times)))


@converts(*keys("repeat"))
def repeat(graph: OnnxGraph, call: Call, x: Any, repeats: Any, axis: Any = None) -> Term:
    if axis is None or not hasattr(repeats, "__index__"):
        raise ValueError("has a form for one number of repeats along one axis")
    rank = len(x.shape)
    (place,) = _axes(axis, rank)
    size = x.shape[place]
    if size is None:
        raise ValueError("along an axis whose size is open has no form")
    places = np.repeat(np.arange(size), int(repeats))
    return graph.term(x).op("Gather", graph.constant(places), axis=place)


@converts(*keys("pad"))
def pad(graph: OnnxGraph, call: Call, x: Any, pad_width: Any, *rest: Any) -> Term:
    mode = next((one for one in rest if isinstance(one, str)), "constant")
    value = next((one for one in rest if one is not None and not isinstance(one, str)), 0.0)
    if mode != "constant":
        raise ValueError(f"of mode {mode!r} has no form; 'constant' has")
    rank = len(x.shape)
    widths = np.broadcast_to(np.asarray(pad_width, np.int64), (rank, 2))
    term = graph.term(x)
    return term.op("Pad", graph.ints(*widths.T.reshape(-1).tolist()), value)
