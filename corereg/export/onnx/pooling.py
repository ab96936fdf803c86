"""Layers that make one step of all steps of a row."""

from __future__ import annotations

from typing import Any

from corereg.export.network import Call
from corereg.export.onnx.graph import OnnxGraph, Term
from corereg.export.onnx.table import converts
from corereg.layers.pooling.global1d import GlobalAveragePooling1D, GlobalMaxPooling1D


@converts(GlobalAveragePooling1D)
def global_average(graph: OnnxGraph, call: Call, x: Term, mask: Any = None) -> Term:
    layer = call.operation
    axis, keepdims = layer._axis, layer.keepdims
    if mask is None:
        return graph.reduce("ReduceMean", x, axis, keepdims)
    kept = graph.unsqueeze(graph.term(mask), 3 - axis).cast("bool")
    total = graph.reduce("ReduceSum", graph.where(kept, x, 0.0, x.dtype), axis, keepdims)
    return total / graph.reduce("ReduceSum", kept.cast(x.dtype), axis, keepdims)


@converts(GlobalMaxPooling1D)
def global_max(graph: OnnxGraph, call: Call, x: Term) -> Term:
    layer = call.operation
    return graph.reduce("ReduceMax", x, layer._axis, layer.keepdims)
