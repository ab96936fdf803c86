"""Layers that make one tensor of several."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

from corereg.export.network import Call
from corereg.export.onnx.activations import softmax_along
from corereg.export.onnx.graph import OnnxGraph, Term
from corereg.export.onnx.table import converts
from corereg.layers.merging.concatenate import Concatenate
from corereg.layers.merging.dot import _LEAST_NORM, Dot
from corereg.layers.merging.elementwise import (
    Add,
    Average,
    Maximum,
    Minimum,
    Multiply,
    Subtract,
)
from corereg.layers.merging.ensemble_average import EnsembleAverage


def _elementwise(kind: type, operator: str) -> Callable[..., Any]:
    @converts(kind)
    def convert(graph: OnnxGraph, call: Call, xs: list[Term]) -> Term:
        ranks = [len(one.shape) for one in call.inputs]
        filled = [
            graph.unsqueeze(x, *range(1, 1 + max(ranks) - rank)) if rank < max(ranks) else x
            for x, rank in zip(xs, ranks, strict=True)
        ]
        found = reduce(lambda a, b: a.op(operator, b), filled)
        return found / float(len(xs)) if kind is Average else found

    return convert


for _kind, _operator in (
    (Add, "Add"),
    (Average, "Add"),
    (Maximum, "Max"),
    (Minimum, "Min"),
    (Multiply, "Mul"),
    (Subtract, "Sub"),
):
    _elementwise(_kind, _operator)


@converts(Concatenate)
def concatenate(graph: OnnxGraph, call: Call, xs: list[Term]) -> Term:
    return graph.node("Concat", xs, xs[0].dtype, axis=call.operation.axis)


@converts(EnsembleAverage)
def ensemble_average(graph: OnnxGraph, call: Call, xs: list[Term]) -> Term:
    layer: EnsembleAverage = call.operation
    if layer.probabilities:
        one = call.output.shape[-1] == 1
        xs = [x.op("Sigmoid") if one else softmax_along(graph, x, -1) for x in xs]
    shares = layer.shares
    if shares is None:
        return reduce(lambda a, b: a + b, xs) / float(len(xs))
    return reduce(lambda a, b: a + b, [x * share for x, share in zip(xs, shares, strict=True)])


@converts(Dot)
def dot(graph: OnnxGraph, call: Call, xs: list[Term]) -> Term:
    layer: Dot = call.operation
    (a, b), shapes = xs, [one.shape for one in call.inputs]
    first, second = (axis % len(shape) for axis, shape in zip(layer._pair, shapes, strict=True))
    if layer.normalize:
        a = graph.unit_length(a, first, _LEAST_NORM)
        b = graph.unit_length(b, second, _LEAST_NORM)
    if len(shapes[0]) == len(shapes[1]) == 2:
        return graph.reduce("ReduceSum", a * b, 1, True)
    size = shapes[0][first]
    left = graph.reshape(_moved(graph, a, first, len(shapes[0])), _flat(shapes[0], first, size))
    right = graph.reshape(_moved(graph, b, second, len(shapes[1])), _flat(shapes[1], second, size))
    product = left.op("MatMul", graph.transpose(right, (0, 2, 1)))
    rest = [n for i, n in enumerate(shapes[0]) if i not in (0, first)]
    rest += [n for i, n in enumerate(shapes[1]) if i not in (0, second)]
    return graph.reshape(product, (0, *rest))


def _moved(graph: OnnxGraph, x: Term, axis: int, rank: int) -> Term:
    """x with an axis at its end."""
    return graph.transpose(x, [*(i for i in range(rank) if i != axis), axis])


def _flat(shape: Any, axis: int, size: int) -> tuple[int, int, int]:
    """(batch, others, size)."""
    count = 1
    for i, n in enumerate(shape):
        if i not in (0, axis):
            count *= n
    return 0, count, size
