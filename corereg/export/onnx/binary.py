"""Functions of two tensors, element by element, and products of matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from corereg.export.converters import keys
from corereg.export.network import Call, Value
from corereg.export.onnx.graph import OnnxGraph, Term
from corereg.export.onnx.table import converts


def common(graph: OnnxGraph, *operands: Any) -> list[Term]:
    """Operands of comparisons as one dtype: Python's numbers take that of the tensors."""
    kinds = [
        np.dtype(one.dtype) if isinstance(one, Value | Term | np.ndarray | np.generic) else one
        for one in operands
    ]
    dtype = np.result_type(*kinds)
    dtype = np.dtype(np.int32) if dtype == np.bool_ else dtype
    return [graph.term(one, dtype) for one in operands]


def logaddexp(a: Term, b: Term) -> Term:
    return a.op("Max", b) + ((-(a - b).op("Abs")).op("Exp") + 1.0).op("Log")


def floor_mod(a: Term, b: Term) -> Term:
    """The rest with the sign of the divisor."""
    if not a.dtype.startswith("float"):
        return a.op("Mod", b)
    rest = a.op("Mod", b, fmod=1)
    wrong = (rest * b) < 0.0
    return a.graph.where(wrong, rest + b, rest, a.dtype)


def floor_divide(a: Term, b: Term) -> Term:
    if a.dtype.startswith("float"):
        return (a / b).op("Floor")
    return (a - a.op("Mod", b)) / b


def divide_no_nan(a: Term, b: Term) -> Term:
    zero = b.op("Equal", 0.0, dtype="bool")
    return a.graph.where(zero, 0.0, a / a.graph.where(zero, 1.0, b, b.dtype), a.dtype)


_OF_NUMBERS: dict[str, Callable[[Term, Term], Term]] = {
    "add": lambda a, b: a + b,
    "divide": lambda a, b: a / b,
    "divide_no_nan": divide_no_nan,
    "floor_divide": floor_divide,
    "fmod": lambda a, b: a.op("Mod", b, fmod=1),
    "hypot": lambda a, b: (a * a + b * b).op("Sqrt"),
    "logaddexp": logaddexp,
    "matmul": lambda a, b: a.op("MatMul", b),
    "maximum": lambda a, b: a.op("Max", b),
    "minimum": lambda a, b: a.op("Min", b),
    "mod": floor_mod,
    "multiply": lambda a, b: a * b,
    "power": lambda a, b: a.op("Pow", b),
    "subtract": lambda a, b: a - b,
    "true_divide": lambda a, b: a / b,
}
_COMPARISONS = {
    "equal": "Equal",
    "greater": "Greater",
    "greater_equal": "GreaterOrEqual",
    "less": "Less",
    "less_equal": "LessOrEqual",
}
_LOGIC = {"logical_and": "And", "logical_or": "Or", "logical_xor": "Xor"}


def _enter(name: str, formula: Callable[[Term, Term], Term]) -> None:
    @converts(*keys(name))
    def convert(graph: OnnxGraph, call: Call, a: Any, b: Any) -> Term:
        dtype = call.output.dtype
        if dtype == "bool":
            raise ValueError("of two bools has no form; cast them first")
        return formula(graph.term(a, dtype), graph.term(b, dtype))


def _compare(name: str, operator: str) -> None:
    @converts(*keys(name))
    def convert(graph: OnnxGraph, call: Call, a: Any, b: Any) -> Term:
        one, other = common(graph, a, b)
        return one.op(operator, other, dtype="bool")


def _combine(name: str, operator: str) -> None:
    @converts(*keys(name))
    def convert(graph: OnnxGraph, call: Call, a: Any, b: Any) -> Term:
        return graph.term(a, "bool").op(operator, graph.term(b, "bool"))


for _name, _formula in _OF_NUMBERS.items():
    _enter(_name, _formula)
for _name, _operator in _COMPARISONS.items():
    _compare(_name, _operator)
for _name, _operator in _LOGIC.items():
    _combine(_name, _operator)


@converts(*keys("not_equal"))
def not_equal(graph: OnnxGraph, call: Call, a: Any, b: Any) -> Term:
    one, other = common(graph, a, b)
    return one.op("Equal", other, dtype="bool").op("Not")


@converts(*keys("where"))
def where(graph: OnnxGraph, call: Call, condition: Any, a: Any = None, b: Any = None) -> Term:
    if a is None or b is None:
        raise ValueError(
            "gives places, whose number no shape tells, if it is called without values"
        )
    return graph.where(graph.term(condition, "bool"), a, b, call.output.dtype)


@converts(*keys("dot"))
def dot(graph: OnnxGraph, call: Call, a: Any, b: Any) -> Term:
    one, other = (graph.term(x, call.output.dtype) for x in (a, b))
    ranks = [len(x.shape) if hasattr(x, "shape") else 0 for x in (a, b)]
    if 0 in ranks:
        return one * other
    if ranks[1] > 2:
        raise ValueError("of tensors of more than two axes has no form; use matmul")
    return one.op("MatMul", other)


@converts("keras.einsum", "ops.einsum")
def einsum(graph: OnnxGraph, call: Call, subscripts: str, operands: Any) -> Term:
    dtype = call.output.dtype
    terms = [graph.term(one, dtype) for one in operands]
    return graph.node("Einsum", terms, dtype, equation=subscripts)
