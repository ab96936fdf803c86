"""Layers of categories: numbers of tokens, bins and codes, and rows of ones and zeros for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.export.network import Call
from corereg.export.onnx.graph import ML, OnnxGraph, Term
from corereg.export.onnx.table import converts
from corereg.layers.preprocessing.category_encoding import CategoryEncoding
from corereg.layers.preprocessing.discretization import Discretization
from corereg.layers.preprocessing.integer_lookup import IntegerLookup
from corereg.layers.preprocessing.numeric_encoding import NumericEncoding
from corereg.layers.preprocessing.string_lookup import StringLookup

UNKNOWN = np.iinfo(np.int64).min


def encoded(
    graph: OnnxGraph, call: Call, codes: Term, count: int, mode: str, weights: Any = None
) -> Term:
    """Codes as rows of ones and zeros; see `corereg.layers.preprocessing.encoding.encoded`."""
    dtype, shape = call.output.dtype, call.inputs[0].shape
    rank = len(shape)
    if mode == "one_hot" and rank > 1 and shape[-1] == 1:
        codes = graph.squeeze(codes, rank - 1)
        rank -= 1
    every = graph.constant(np.arange(count))
    hot = graph.unsqueeze(codes, rank).op("Equal", every, dtype="bool").cast(dtype)
    if mode == "one_hot":
        return hot
    axis = 1 if rank > 1 else 0
    if mode == "multi_hot":
        return graph.reduce("ReduceMax", hot, axis)
    if weights is not None:
        hot = hot * graph.unsqueeze(graph.term(weights, dtype), rank)
    return graph.reduce("ReduceSum", hot, axis)


@converts(CategoryEncoding)
def category_encoding(graph: OnnxGraph, call: Call, x: Term, count_weights: Any = None) -> Term:
    layer = call.operation
    return encoded(graph, call, x, layer.num_tokens, layer.output_mode, count_weights)


@converts(Discretization)
def discretization(graph: OnnxGraph, call: Call, x: Term) -> Term:
    layer: Discretization = call.operation
    if layer.bin_boundaries is None:
        raise ValueError("it has no boundaries of bins; call its adapt(data) first")
    boundaries = np.asarray(layer.bin_boundaries, x.dtype)
    rank = len(call.inputs[0].shape)
    below = graph.unsqueeze(x, rank) < boundaries
    bins = graph.reduce("ReduceSum", below.op("Not").cast("int64"), rank)
    if layer.output_mode == "int":
        return bins
    return encoded(graph, call, bins, len(boundaries) + 1, layer.output_mode)


def _labels(graph: OnnxGraph, x: Term, pairs: dict[Any, int], otherwise: int) -> Term:
    """Tokens by a table."""
    kind = "strings" if x.dtype == "string" else "int64s"
    known = {f"keys_{kind}": list(pairs), "values_int64s": list(pairs.values())}
    return graph.nodes_of(
        "LabelEncoder", [x], ["int64"], domain=ML, default_int64=otherwise, **known
    )[0]


def _looked_up(graph: OnnxGraph, call: Call, codes: Term) -> Term:
    """Codes as the output_mode of a layer that looks up says."""
    layer = call.operation
    mode = layer.output_mode
    if mode == "int":
        return codes
    count = layer._output_size()
    if mode != "tf_idf":
        return encoded(graph, call, codes, count, mode)
    weights: np.ndarray[Any, Any] = layer.weights_of_numbers().astype(call.output.dtype)
    return encoded(graph, call, codes, count, "count") * weights


def _check_unknown(layer: Any, most: int | None) -> None:
    count = layer.num_oov_indices
    if not layer.invert and (not count or (most is not None and count > most)):
        raise ValueError(
            f"num_oov_indices={count} has no form: "
            + ("a file raises no errors" if not count else "ONNX does not have its hash")
            + "; make it with num_oov_indices=1"
        )


@converts(IntegerLookup)
def integer_lookup(graph: OnnxGraph, call: Call, x: Term) -> Term:
    layer: IntegerLookup = call.operation
    _check_unknown(layer, None)
    pairs = dict(zip(layer._keys.tolist(), layer._values.tolist(), strict=True))
    if layer.invert:
        return _labels(graph, x, pairs, layer.oov_token)
    if layer.num_oov_indices == 1:
        return _looked_up(graph, call, _labels(graph, x, pairs, layer._first))
    found = _labels(graph, x, pairs, UNKNOWN)
    others = x.op("Mod", layer.num_oov_indices) + layer._first
    known = found.op("Equal", UNKNOWN, dtype="bool")
    return _looked_up(graph, call, graph.where(known, others, found, "int64"))


@converts(StringLookup)
def string_lookup(graph: OnnxGraph, call: Call, x: Term) -> Term:
    layer: StringLookup = call.operation
    _check_unknown(layer, 1)
    return _looked_up(graph, call, _labels(graph, x, layer._codes, layer._first))


@converts(NumericEncoding)
def numeric_encoding(graph: OnnxGraph, call: Call, x: Term) -> Term:
    layer: NumericEncoding = call.operation
    weights = {name: graph.term(one, name=name) for name, one in call.weights.items()}
    missing = x.op("IsNaN", dtype="bool")
    known = graph.where(missing, 0.0, x, x.dtype)
    if layer.method == "standard":
        found = (known - weights["mean"]) / weights["deviation"]
    else:
        rank = len(call.inputs[0].shape)
        share = (graph.unsqueeze(known, rank) - weights["starts"]) / weights["widths"]
        steps = share.op("Max", 0.0).op("Min", 1.0) * weights["rises"]
        found = graph.reduce("ReduceSum", steps, rank) + weights["least"]
    found = graph.where(missing, 0.0, found, x.dtype)
    if not layer.indicator:
        return found
    return graph.node("Concat", [found, missing.cast(x.dtype)], x.dtype, axis=-1)
