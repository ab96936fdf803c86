"""The activation functions, as formulas of operators that every dtype has."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

from corereg.export.converters import keys
from corereg.export.network import Call
from corereg.export.onnx.graph import OnnxGraph, Term
from corereg.export.onnx.table import converts

F = TypeVar("F", bound=Callable[..., Term])
SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805


def in_float32(x: Term, operator: str) -> Term:
    """An operator that runtimes do not have for float64."""
    return x.cast("float32").op(operator).cast(x.dtype)


def clip(x: Term, low: Any, high: Any) -> Term:
    """x limited; None: without a limit."""
    if low is not None:
        x = x.op("Max", low)
    return x if high is None else x.op("Min", high)


def softplus_of(x: Term) -> Term:
    return x.op("Max", 0.0) + ((-x.op("Abs")).op("Exp") + 1.0).op("Log")


def elu_of(x: Term, alpha: float = 1.0) -> Term:
    return x.op("Max", 0.0) + (x.op("Min", 0.0).op("Exp") - 1.0) * alpha


def _simple(*names: str) -> Callable[[F], F]:
    """A decorator: formula(x, further arguments) converts functions of these names."""

    def enter(formula: F) -> F:
        @converts(*keys(*names))
        def convert(graph: OnnxGraph, call: Call, x: Any, *rest: Any) -> Any:
            return formula(graph.term(x, call.output.dtype), *rest)

        return formula

    return enter


@_simple("linear", "stop_gradient", "copy", "convert_to_tensor", "array", "cast", "astype")
def identity(x: Term, *rest: Any) -> Term:
    return x


@_simple("sigmoid")
def sigmoid(x: Term) -> Term:
    return x.op("Sigmoid")


@_simple("tanh")
def tanh(x: Term) -> Term:
    return x.op("Tanh")


@_simple("relu")
def relu(
    x: Term, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Term:
    if not negative_slope and not threshold:
        return x.op("Relu") if max_value is None else clip(x, 0.0, max_value)
    kept = x if max_value is None else clip(x, 0.0, max_value)
    return x.graph.where(x > threshold, kept, (x - threshold) * negative_slope, x.dtype)


@_simple("relu6")
def relu6(x: Term) -> Term:
    return clip(x, 0.0, 6.0)


@_simple("leaky_relu")
def leaky_relu(x: Term, negative_slope: float = 0.2) -> Term:
    return x.graph.where(x > 0.0, x, x * negative_slope, x.dtype)


@_simple("elu")
def elu(x: Term, alpha: float = 1.0) -> Term:
    return elu_of(x, alpha)


@_simple("selu")
def selu(x: Term) -> Term:
    return elu_of(x, SELU_ALPHA) * SELU_SCALE


@_simple("celu")
def celu(x: Term, alpha: float = 1.0) -> Term:
    return x.op("Max", 0.0) + ((x.op("Min", 0.0) / alpha).op("Exp") - 1.0) * alpha


@_simple("gelu")
def gelu(x: Term, approximate: bool = False) -> Term:
    if approximate:
        inner = (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)
        return x * 0.5 * (inner.op("Tanh") + 1.0)
    return x * 0.5 * (in_float32(x * math.sqrt(0.5), "Erf") + 1.0)


@_simple("silu", "swish")
def silu(x: Term) -> Term:
    return x * x.op("Sigmoid")


@_simple("mish")
def mish(x: Term) -> Term:
    return x * softplus_of(x).op("Tanh")


@_simple("softplus")
def softplus(x: Term) -> Term:
    return softplus_of(x)


@_simple("softsign")
def softsign(x: Term) -> Term:
    return x / (x.op("Abs") + 1.0)


@_simple("squareplus")
def squareplus(x: Term, b: float = 4.0) -> Term:
    return (x + (x * x + b).op("Sqrt")) * 0.5


@_simple("tanh_shrink")
def tanh_shrink(x: Term) -> Term:
    return x - x.op("Tanh")


@_simple("log_sigmoid")
def log_sigmoid(x: Term) -> Term:
    return -softplus_of(-x)


@_simple("hard_sigmoid")
def hard_sigmoid(x: Term) -> Term:
    return clip(x / 6.0 + 0.5, 0.0, 1.0)


@_simple("hard_silu", "hard_swish")
def hard_silu(x: Term) -> Term:
    return x * hard_sigmoid(x)


@_simple("hard_tanh")
def hard_tanh(x: Term) -> Term:
    return clip(x, -1.0, 1.0)


@_simple("hard_shrink")
def hard_shrink(x: Term, threshold: float = 0.5) -> Term:
    return x.graph.where(x.op("Abs") > threshold, x, 0.0, x.dtype)


@_simple("soft_shrink")
def soft_shrink(x: Term, threshold: float = 0.5) -> Term:
    return (x - threshold).op("Max", 0.0) + (x + threshold).op("Min", 0.0)


@_simple("threshold")
def threshold(x: Term, threshold: float, default_value: float) -> Term:
    return x.graph.where(x > threshold, x, default_value, x.dtype)


@_simple("sparse_plus")
def sparse_plus(x: Term) -> Term:
    half = clip((x + 1.0) * 0.5, 0.0, 1.0)
    return half * half + (x - 1.0).op("Max", 0.0)


@_simple("sparse_sigmoid")
def sparse_sigmoid(x: Term) -> Term:
    return clip((x + 1.0) * 0.5, 0.0, 1.0)
