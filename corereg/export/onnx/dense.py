"""Dense, Embedding, and the affine calls that normalizations become."""

from __future__ import annotations

from typing import Any

from corereg.export.network import Call
from corereg.export.onnx.graph import OnnxGraph, Term
from corereg.export.onnx.table import converts
from corereg.export.simplifying import AFFINE
from corereg.layers.batch_normalization import BatchNormalization
from corereg.layers.dense import Dense
from corereg.layers.embedding import Embedding
from corereg.layers.preprocessing.normalization import Normalization
from corereg.layers.preprocessing.rescaling import Rescaling


def weight(graph: OnnxGraph, call: Call, name: str) -> Term:
    """A weight of a layer, under the layer's name."""
    return graph.term(call.weights[name], name=name)


@converts(Dense)
def dense(graph: OnnxGraph, call: Call, x: Term) -> Term:
    kernel = weight(graph, call, "kernel")
    if "bias" not in call.weights:
        return x.op("MatMul", kernel)
    bias = weight(graph, call, "bias")
    if len(call.inputs[0].shape) == 2:
        return x.op("Gemm", kernel, bias)
    return x.op("MatMul", kernel) + bias


@converts(Embedding)
def embedding(graph: OnnxGraph, call: Call, x: Term) -> Term:
    return weight(graph, call, "embeddings").op("Gather", x, axis=0)


@converts(AFFINE, BatchNormalization, Normalization, Rescaling)
def affine(graph: OnnxGraph, call: Call, x: Any) -> Term:
    """(x - shift) * scale + offset: `as_affine` has made these of the layers."""
    for name, operator in (("shift", "Sub"), ("scale", "Mul"), ("offset", "Add")):
        if name in call.weights:
            x = x.op(operator, weight(graph, call, name))
    return x  # type: ignore[no-any-return]
