"""Parts of tensors, and what is ordered."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from corereg.export.converters import keys
from corereg.export.network import Call, Value
from corereg.export.onnx.graph import OnnxGraph, Term
from corereg.export.onnx.table import converts

_END = np.iinfo(np.int64).max


@converts(*keys("get_item", "getitem"))
def get_item(graph: OnnxGraph, call: Call, x: Any, key: Any) -> Term:
    """x[key] for slices, whole numbers, ..., None and one array of whole numbers."""
    rank = len(x.shape)
    term = graph.term(x)
    parts = list(key) if isinstance(key, tuple) else [key]
    taken = sum(one is not None and one is not Ellipsis for one in parts)
    if not any(one is Ellipsis for one in parts):
        parts.append(Ellipsis)
    place = next(i for i, one in enumerate(parts) if one is Ellipsis)
    parts[place : place + 1] = [slice(None)] * (rank - taken)
    starts, ends, axes, steps, gone, new = [], [], [], [], [], []
    arrays: list[tuple[int, Any]] = []
    axis = kept = 0
    for one in parts:
        if one is None:
            new.append(kept)
            kept += 1
            continue
        if isinstance(one, slice):
            if one != slice(None):
                step = 1 if one.step is None else operator.index(one.step)
                first, last = (0, _END) if step > 0 else (_END, -_END)
                starts.append(first if one.start is None else operator.index(one.start))
                ends.append(last if one.stop is None else operator.index(one.stop))
                axes.append(axis)
                steps.append(step)
            kept += 1
        elif _is_whole(one):
            arrays.append((axis, np.int64(operator.index(one))))
            gone.append(axis)
        else:
            arrays.append((axis, _places(one)))
            kept += np.ndim(arrays[-1][1]) if not isinstance(one, Value) else len(one.shape)
        axis += 1
    if len(arrays) - len(gone) > 1 or (len(arrays) > len(gone) and (gone or new)):
        raise ValueError("by several arrays of places has no form; use take along one axis")
    if axes:
        term = term.op("Slice", *(graph.ints(*one) for one in (starts, ends, axes, steps)))
    for at, places in reversed(arrays):
        term = term.op("Gather", graph.term(places, "int64"), axis=at)
    return graph.unsqueeze(term, *new) if new else term


def _is_whole(one: Any) -> bool:
    return hasattr(one, "__index__") and not isinstance(one, bool | np.ndarray | Value)


def _places(one: Any) -> Any:
    if isinstance(one, Value):
        if one.dtype == "bool":
            raise ValueError("by a mask has no form, for its shape depends on the numbers")
        return one
    array = np.asarray(one)
    if array.dtype.kind == "b":
        (array,) = np.nonzero(array)
    return array.astype(np.int64)


@converts(*keys("take"))
def take(graph: OnnxGraph, call: Call, x: Any, indices: Any, axis: Any = None) -> Term:
    term = graph.term(x, call.output.dtype)
    if axis is None:
        term, axis = graph.reshape(term, (-1,)), 0
    return term.op("Gather", graph.term(indices, "int64"), axis=int(axis))


@converts(*keys("take_along_axis"))
def take_along_axis(graph: OnnxGraph, call: Call, x: Any, indices: Any, axis: Any = -1) -> Term:
    term, places = graph.term(x, call.output.dtype), graph.term(indices, "int64")
    if axis is None:
        term, places, axis = graph.reshape(term, (-1,)), graph.reshape(places, (-1,)), 0
    return term.op("GatherElements", places, axis=int(axis))


@converts(*keys("one_hot"))
def one_hot(
    graph: OnnxGraph, call: Call, x: Any, num_classes: int, axis: int = -1, *rest: Any
) -> Term:
    rank = len(x.shape)
    where = axis % (rank + 1)
    shape = [1] * (rank + 1)
    shape[where] = num_classes
    every = graph.constant(np.arange(num_classes).reshape(shape))
    codes = graph.unsqueeze(graph.term(x, "int64"), where)
    return codes.op("Equal", every, dtype="bool").cast(call.output.dtype)


@converts(*keys("sort"))
def sort(graph: OnnxGraph, call: Call, x: Any, axis: int = -1) -> Term:
    size = call.output.shape[axis]
    if size is None:
        raise ValueError("along an axis whose size is open has no form")
    term = graph.term(x, call.output.dtype)
    return graph.nodes_of(
        "TopK", [term, graph.ints(size)], [term.dtype, "int64"], axis=axis, largest=0
    )[0]


@converts(*keys("top_k"))
def top_k(graph: OnnxGraph, call: Call, x: Any, k: int, sorted: bool = True) -> list[Term]:
    term = graph.term(x, call.outputs[0].dtype)
    return graph.nodes_of("TopK", [term, graph.ints(k)], [term.dtype, "int64"], axis=-1)
