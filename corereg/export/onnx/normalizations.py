"""Layers that normalize each row by itself. BatchNormalization is an affine call: see dense.py."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.export.converters import keys
from corereg.export.network import Array, Call
from corereg.export.onnx.graph import OnnxGraph, Term
from corereg.export.onnx.table import converts
from corereg.layers.group_normalization import GroupNormalization
from corereg.layers.layer_normalization import LayerNormalization
from corereg.layers.rms_normalization import RMSNormalization
from corereg.layers.unit_normalization import LEAST, UnitNormalization


def _normalized(graph: OnnxGraph, x: Term, axes: Any, epsilon: float, centered: bool) -> Term:
    if centered:
        x = x - graph.reduce("ReduceMean", x, axes, True)
    variance = graph.reduce("ReduceMean", x * x, axes, True)
    return x / (variance + epsilon).op("Sqrt")


def _along(weight: Array, axes: list[int], rank: int) -> Array:
    """A weight of the sizes of these axes, so that it broadcasts with x."""
    shape = [1] * rank
    for size, axis in zip(weight.shape, axes, strict=True):
        shape[axis] = size
    return np.reshape(weight, shape)


def _scaled(graph: OnnxGraph, call: Call, x: Term, axes: list[int]) -> Term:
    rank = len(call.output.shape)
    for name, operator in (("gamma", "Mul"), ("scale", "Mul"), ("beta", "Add")):
        if name in call.weights:
            x = x.op(operator, graph.term(_along(call.weights[name], axes, rank), name=name))
    return x


@converts(LayerNormalization)
def layer_normalization(graph: OnnxGraph, call: Call, x: Term) -> Term:
    layer: LayerNormalization = call.operation
    axes = layer._places(layer.axis, len(call.output.shape))
    y = _normalized(graph, x, axes, layer.epsilon, True)
    return _scaled(graph, call, y, axes)


@converts(RMSNormalization)
def rms_normalization(graph: OnnxGraph, call: Call, x: Term) -> Term:
    layer: RMSNormalization = call.operation
    axes = layer._places(layer.axis, len(call.output.shape))
    y = _normalized(graph, x, axes, layer.epsilon, False)
    return _scaled(graph, call, y, axes)


@converts(GroupNormalization)
def group_normalization(graph: OnnxGraph, call: Call, x: Term) -> Term:
    layer: GroupNormalization = call.operation
    rank = len(call.output.shape)
    (place,) = layer._places(layer.axis, rank)
    order = [0, place, *(i for i in range(1, rank) if i != place)]
    moved = graph.transpose(x, order)
    grouped = graph.reshape(moved, (0, layer.groups, -1))
    y = _normalized(graph, grouped, [2], layer.epsilon, True)
    y = y.op("Reshape", moved.op("Shape", dtype="int64"))
    back = [order.index(i) for i in range(rank)]
    return _scaled(graph, call, graph.transpose(y, back), [place])


@converts(UnitNormalization)
def unit_normalization(graph: OnnxGraph, call: Call, x: Term) -> Term:
    layer: UnitNormalization = call.operation
    return graph.unit_length(x, layer._places(layer.axis, len(call.output.shape)), LEAST)


@converts(*keys("normalize"))
def normalize(
    graph: OnnxGraph, call: Call, given: Any, axis: Any = -1, order: int = 2, epsilon: Any = None
) -> Term:
    if order != 2:
        raise ValueError(f"order={order!r} has no form, order=2 has")
    x = graph.term(given, call.output.dtype)
    return graph.unit_length(x, axis, 1e-7 if epsilon is None else epsilon)
