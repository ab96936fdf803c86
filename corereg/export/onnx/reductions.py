"""Functions that make one number of those along axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.export.converters import keys
from corereg.export.network import Call
from corereg.export.onnx.graph import OnnxGraph, Term
from corereg.export.onnx.table import converts

_PLAIN = {
    "amax": "ReduceMax",
    "amin": "ReduceMin",
    "max": "ReduceMax",
    "mean": "ReduceMean",
    "min": "ReduceMin",
    "prod": "ReduceProd",
    "sum": "ReduceSum",
}


def _enter(name: str, operator: str) -> None:
    @converts(*keys(name))
    def convert(
        graph: OnnxGraph,
        call: Call,
        x: Any,
        axis: Any = None,
        keepdims: Any = False,
        more: Any = None,
    ) -> Term:
        if more is not None and name in ("max", "min"):
            raise ValueError("with initial= has no form; use maximum or minimum behind it")
        return graph.reduce(operator, graph.term(x, call.output.dtype), axis, keepdims)


for _name, _operator in _PLAIN.items():
    _enter(_name, _operator)


def variance(graph: OnnxGraph, x: Term, axis: Any, keepdims: Any) -> Term:
    apart = x - graph.reduce("ReduceMean", x, axis, True)
    return graph.reduce("ReduceMean", apart * apart, axis, keepdims)


@converts(*keys("var", "std"))
def var(
    graph: OnnxGraph,
    call: Call,
    x: Any,
    axis: Any = None,
    keepdims: Any = False,
    correction: Any = 0,
) -> Term:
    if correction:
        raise ValueError("with a correction has no form; multiply by n / (n - 1)")
    found = variance(graph, graph.term(x, call.output.dtype), axis, keepdims)
    return found.op("Sqrt") if call.kind.endswith("std") else found


@converts(*keys("logsumexp"))
def logsumexp(
    graph: OnnxGraph, call: Call, given: Any, axis: Any = None, keepdims: Any = False
) -> Term:
    x = graph.term(given, call.output.dtype)
    most = graph.reduce("ReduceMax", x, axis, True)
    total = graph.reduce("ReduceSum", (x - most).op("Exp"), axis, True).op("Log") + most
    return total if keepdims else graph.reduce("ReduceSum", total, axis, False)


@converts(*keys("ptp"))
def ptp(graph: OnnxGraph, call: Call, given: Any, axis: Any = None, keepdims: Any = False) -> Term:
    x = graph.term(given, call.output.dtype)
    ends = [graph.reduce(name, x, axis, keepdims) for name in ("ReduceMax", "ReduceMin")]
    return ends[0] - ends[1]


@converts(*keys("all", "any"))
def truths(graph: OnnxGraph, call: Call, x: Any, axis: Any = None, keepdims: Any = False) -> Term:
    operator = "ReduceMin" if call.kind.endswith("all") else "ReduceMax"
    return graph.reduce(operator, graph.term(x, "bool").cast("int32"), axis, keepdims).cast("bool")


@converts(*keys("count_nonzero"))
def count_nonzero(
    graph: OnnxGraph, call: Call, x: Any, axis: Any = None, keepdims: Any = False
) -> Term:
    there = graph.term(x).cast("bool").cast(call.output.dtype)
    return graph.reduce("ReduceSum", there, axis, keepdims)


@converts(*keys("norm"))
def norm(
    graph: OnnxGraph,
    call: Call,
    given: Any,
    order: Any = None,
    axis: Any = None,
    keepdims: Any = False,
) -> Term:
    x = graph.term(given, call.output.dtype)
    several = axis is None or not isinstance(axis, int)
    if order is None or order == "fro" or (order == 2 and not several):
        return graph.reduce("ReduceSum", x * x, axis, keepdims).op("Sqrt")
    if several or order not in (1, np.inf):
        raise ValueError(f"of order {order!r} has no form; 1, 2 and inf along one axis have")
    operator = "ReduceSum" if order == 1 else "ReduceMax"
    return graph.reduce(operator, x.op("Abs"), axis, keepdims)


@converts(*keys("argmax", "argmin"))
def extreme(
    graph: OnnxGraph, call: Call, given: Any, axis: Any = None, keepdims: Any = False
) -> Term:
    operator = "ArgMax" if call.kind.endswith("argmax") else "ArgMin"
    if axis is None:
        raise ValueError("along all axes depends on the number of rows; give axis=")
    x = graph.term(given)
    return x.op(operator, dtype="int64", axis=int(axis), keepdims=int(bool(keepdims)))


@converts(*keys("cumsum"))
def cumsum(graph: OnnxGraph, call: Call, given: Any, axis: Any = None, dtype: Any = None) -> Term:
    x = graph.term(given, call.output.dtype)
    if axis is None:
        x, axis = graph.reshape(x, (-1,)), 0
    found: Term = x.op("CumSum", graph.constant(int(axis), "int64"))
    return found
