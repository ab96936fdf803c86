"""Layers of activations, and the activations that look along an axis."""

from __future__ import annotations

from typing import Any

from corereg.export.converters import keys
from corereg.export.network import Call
from corereg.export.onnx import curves
from corereg.export.onnx.graph import OnnxGraph, Term
from corereg.export.onnx.table import converts
from corereg.layers.activations.elu import ELU
from corereg.layers.activations.leaky_relu import LeakyReLU
from corereg.layers.activations.prelu import PReLU
from corereg.layers.activations.relu import ReLU
from corereg.layers.activations.softmax import Softmax


@converts(ELU)
def elu(graph: OnnxGraph, call: Call, x: Term) -> Term:
    return curves.elu(x, call.operation.alpha)


@converts(LeakyReLU)
def leaky_relu(graph: OnnxGraph, call: Call, x: Term) -> Term:
    return curves.leaky_relu(x, call.operation.negative_slope)


@converts(ReLU)
def relu(graph: OnnxGraph, call: Call, x: Term) -> Term:
    layer = call.operation
    found: Term = curves.relu(x, layer.negative_slope, layer.max_value, layer.threshold)
    return found


@converts(PReLU)
def prelu(graph: OnnxGraph, call: Call, x: Term) -> Term:
    return x.op("Max", 0.0) + x.op("Min", 0.0) * graph.term(call.weights["alpha"], name="alpha")


@converts(Softmax)
def softmax_layer(graph: OnnxGraph, call: Call, x: Term) -> Term:
    return softmax_along(graph, x, call.operation.axis)


def softmax_along(graph: OnnxGraph, x: Term, axis: Any) -> Term:
    """e**x / sum(e**x) along an axis, or several."""
    axes = [axis] if isinstance(axis, int) else list(axis)
    if len(axes) == 1:
        return x.op("Softmax", axis=axes[0])
    e = (x - graph.reduce("ReduceMax", x, axes, True)).op("Exp")
    return e / graph.reduce("ReduceSum", e, axes, True)


@converts(*keys("softmax"))
def softmax(graph: OnnxGraph, call: Call, x: Any, axis: Any = -1) -> Term:
    return softmax_along(graph, graph.term(x, call.output.dtype), axis)


@converts(*keys("log_softmax"))
def log_softmax(graph: OnnxGraph, call: Call, given: Any, axis: Any = -1) -> Term:
    x = graph.term(given, call.output.dtype)
    if isinstance(axis, int):
        found: Term = x.op("LogSoftmax", axis=axis)
        return found
    return softmax_along(graph, x, axis).op("Log")


@converts(*keys("glu"))
def glu(graph: OnnxGraph, call: Call, given: Any, axis: int = -1) -> Term:
    x = graph.term(given, call.output.dtype)
    size = call.inputs[0].shape[axis]
    half = graph.ints(size // 2, size // 2)
    a, b = graph.nodes_of("Split", [x, half], [x.dtype, x.dtype], axis=axis)
    return a * b.op("Sigmoid")


@converts(*keys("sparsemax"))
def sparsemax(graph: OnnxGraph, call: Call, given: Any, axis: int = -1) -> Term:
    """max(x - tau, 0): of the values sorted in descending order, z, as many count as hold
    1 + k z_k > z_1 + ... + z_k."""
    x = graph.term(given, call.output.dtype)
    rank = len(call.output.shape)
    axis %= rank
    size = call.output.shape[axis]
    ordered, _ = graph.nodes_of("TopK", [x, graph.ints(size)], [x.dtype, "int64"], axis=axis)
    sums = ordered.op("CumSum", graph.constant(axis, "int64"))
    shape = [1] * rank
    shape[axis] = size
    places = graph.reshape(graph.constant([float(k + 1) for k in range(size)], x.dtype), shape)
    inside = (ordered * places + 1.0 > sums).cast(x.dtype)
    count = graph.reduce("ReduceSum", inside, axis, True)
    total = graph.reduce("ReduceSum", ordered * inside, axis, True)
    return (x - (total - 1.0) / count).op("Max", 0.0)
