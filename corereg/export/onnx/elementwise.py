"""Functions of one tensor, element by element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from corereg.export.converters import keys
from corereg.export.network import Call
from corereg.export.onnx.curves import clip as clip_term, in_float32
from corereg.export.onnx.graph import OnnxGraph, Term
from corereg.export.onnx.table import converts

_E: dict[str, Callable[[Term], Term]] = {
    "abs": lambda x: x.op("Abs"),
    "arccos": lambda x: in_float32(x, "Acos"),
    "arccosh": lambda x: (x + (x * x - 1.0).op("Sqrt")).op("Log"),
    "arcsin": lambda x: in_float32(x, "Asin"),
    "arcsinh": lambda x: x.op("Sign") * ((x * x + 1.0).op("Sqrt") + x.op("Abs")).op("Log"),
    "arctan": lambda x: in_float32(x, "Atan"),
    "arctanh": lambda x: ((x + 1.0) / (1.0 - x)).op("Log") * 0.5,
    "cbrt": lambda x: x.op("Sign") * x.op("Abs").op("Pow", 1 / 3),
    "ceil": lambda x: x.op("Ceil"),
    "cos": lambda x: x.op("Cos"),
    "cosh": lambda x: (x.op("Exp") + (-x).op("Exp")) * 0.5,
    "deg2rad": lambda x: x * (math.pi / 180),
    "erf": lambda x: in_float32(x, "Erf"),
    "exp": lambda x: x.op("Exp"),
    "exp2": lambda x: x.graph.constant(2.0, x.dtype).op("Pow", x),
    "expm1": lambda x: x.op("Exp") - 1.0,
    "floor": lambda x: x.op("Floor"),
    "log": lambda x: x.op("Log"),
    "log10": lambda x: x.op("Log") * (1 / math.log(10)),
    "log1p": lambda x: (x + 1.0).op("Log"),
    "log2": lambda x: x.op("Log") * (1 / math.log(2)),
    "negative": lambda x: -x,
    "rad2deg": lambda x: x * (180 / math.pi),
    "reciprocal": lambda x: 1.0 / x,
    "rsqrt": lambda x: 1.0 / x.op("Sqrt"),
    "sign": lambda x: x.op("Sign"),
    "sin": lambda x: x.op("Sin"),
    "sinh": lambda x: (x.op("Exp") - (-x).op("Exp")) * 0.5,
    "sqrt": lambda x: x.op("Sqrt"),
    "square": lambda x: x * x,
    "tan": lambda x: x.op("Sin") / x.op("Cos"),
    "trunc": lambda x: x.op("Sign") * x.op("Abs").op("Floor"),
}
_E |= {"absolute": _E["abs"], "fabs": _E["abs"], "exponential": _E["exp"]}


def _enter(name: str, formula: Callable[[Term], Term]) -> None:
    @converts(*keys(name))
    def convert(graph: OnnxGraph, call: Call, x: Any) -> Term:
        return formula(graph.term(x, call.output.dtype))


for _name, _formula in _E.items():
    _enter(_name, _formula)


@converts(*keys("round"))
def round_to(graph: OnnxGraph, call: Call, given: Any, decimals: int = 0) -> Term:
    x = graph.term(given, call.output.dtype)
    if not x.dtype.startswith("float"):
        raise ValueError("rounds whole numbers, which has no form")
    factor = 10.0**decimals
    found: Term = (x * factor).op("Round") / factor if decimals else x.op("Round")
    return found


@converts(*keys("clip"))
def clip(graph: OnnxGraph, call: Call, x: Any, low: Any, high: Any) -> Term:
    return clip_term(graph.term(x, call.output.dtype), low, high)


@converts(*keys("isnan", "isfinite", "isinf"))
def is_special(graph: OnnxGraph, call: Call, given: Any) -> Term:
    x = graph.term(given)
    nan, inf = x.op("IsNaN", dtype="bool"), x.op("IsInf", dtype="bool")
    name = call.word
    if name == "isfinite":
        return nan.op("Or", inf).op("Not")
    return nan if name == "isnan" else inf


@converts(*keys("nan_to_num"))
def nan_to_num(
    graph: OnnxGraph,
    call: Call,
    given: Any,
    nan: float = 0.0,
    posinf: Any = None,
    neginf: Any = None,
) -> Term:
    x = graph.term(given, call.output.dtype)
    limits = np.finfo(x.dtype)
    found = graph.where(x.op("IsNaN", dtype="bool"), nan, x, x.dtype)
    for value, limit, signs in (
        (posinf, limits.max, {"detect_negative": 0}),
        (neginf, limits.min, {"detect_positive": 0}),
    ):
        there = x.op("IsInf", dtype="bool", **signs)
        found = graph.where(there, limit if value is None else value, found, x.dtype)
    return found


@converts(*keys("logical_not"))
def logical_not(graph: OnnxGraph, call: Call, x: Any) -> Term:
    return graph.term(x, "bool").op("Not")


@converts(*keys("ones_like", "zeros_like", "full_like"))
def filled(graph: OnnxGraph, call: Call, x: Any, *rest: Any) -> Term:
    name = call.word
    value = rest[0] if name == "full_like" else float(name == "ones_like")
    shape = graph.term(x).op("Shape", dtype="int64")
    return graph.term(value, call.output.dtype).op("Expand", shape)
