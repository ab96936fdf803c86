"""Functions that join tensors, or part one."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.export.converters import keys
from corereg.export.network import Call
from corereg.export.onnx.graph import OnnxGraph, Term
from corereg.export.onnx.table import converts


@converts(*keys("concatenate"))
def concatenate(graph: OnnxGraph, call: Call, xs: Any, axis: int = 0) -> Term:
    dtype = call.output.dtype
    return graph.node("Concat", [graph.term(x, dtype) for x in xs], dtype, axis=int(axis))


@converts(*keys("stack"))
def stack(graph: OnnxGraph, call: Call, xs: Any, axis: int = 0) -> Term:
    dtype = call.output.dtype
    place = int(axis) % len(call.output.shape)
    terms = [graph.unsqueeze(graph.term(x, dtype), place) for x in xs]
    return graph.node("Concat", terms, dtype, axis=place)


@converts(*keys("split"))
def split(graph: OnnxGraph, call: Call, x: Any, sections: Any, axis: int = 0) -> list[Term]:
    sizes = [one.shape[axis] for one in call.outputs]
    if any(n is None for n in sizes):
        raise ValueError("along an axis whose size is open has no form")
    term = graph.term(x)
    lengths = graph.constant(np.array(sizes, np.int64))
    return graph.nodes_of("Split", [term, lengths], [term.dtype] * len(sizes), axis=int(axis))


@converts(*keys("unstack"))
def unstack(graph: OnnxGraph, call: Call, x: Any, num: Any = None, axis: int = 0) -> list[Term]:
    term = graph.term(x)
    return [
        term.op("Gather", graph.constant(np.int64(i)), axis=int(axis))
        for i in range(len(call.outputs))
    ]
