"""Calls that compute each element by itself: activations, arithmetic, comparisons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from corereg.export.c.array import REAL, kind_of
from corereg.export.c.operands import Operand, common_kind, elementwise, operand
from corereg.export.c.table import converts
from corereg.export.c.writer import Writer
from corereg.export.converters import keys
from corereg.export.network import Call, Value
from corereg.export.simplifying import AFFINE
from corereg.layers.activations.elu import ELU
from corereg.layers.activations.leaky_relu import LeakyReLU
from corereg.layers.activations.prelu import PReLU
from corereg.layers.activations.relu import ReLU
from corereg.layers.batch_normalization import BatchNormalization
from corereg.layers.preprocessing.normalization import Normalization
from corereg.layers.preprocessing.rescaling import Rescaling

Arguments = Mapping[str, Any]

UNARY: dict[str, str | Callable[[Arguments], str]] = {
    "abs": "$fabs({0})",
    "absolute": "$fabs({0})",
    "arccos": "$acos({0})",
    "arccosh": "$acosh({0})",
    "arcsin": "$asin({0})",
    "arcsinh": "$asinh({0})",
    "arctan": "$atan({0})",
    "arctanh": "$atanh({0})",
    "cbrt": "$cbrt({0})",
    "ceil": "$ceil({0})",
    "cos": "$cos({0})",
    "cosh": "$cosh({0})",
    "deg2rad": "{0} * $0.017453292519943295",
    "erf": "$erf({0})",
    "exp": "$exp({0})",
    "exp2": "$exp2({0})",
    "expm1": "$expm1({0})",
    "exponential": "$exp({0})",
    "fabs": "$fabs({0})",
    "floor": "$floor({0})",
    "gelu": lambda given: "$gelu_tanh({0})" if given["approximate"] else "$gelu({0})",
    "hard_shrink": lambda given: _number("$fabs({0}) > <0> ? {0} : $0 * {0}", given["threshold"]),
    "hard_sigmoid": "$minimum($maximum({0} / $6 + $0.5, $0), $1)",
    "hard_silu": "{0} * $minimum($maximum({0} / $6 + $0.5, $0), $1)",
    "hard_swish": "{0} * $minimum($maximum({0} / $6 + $0.5, $0), $1)",
    "hard_tanh": "{0} < $-1 ? $-1 : {0} > $1 ? $1 : {0}",
    "linear": "{0}",
    "log": "$log({0})",
    "log10": "$log10({0})",
    "log1p": "$log1p({0})",
    "log2": "$log2({0})",
    "log_sigmoid": "-$softplus(-{0})",
    "mish": "{0} * $tanh($softplus({0}))",
    "negative": "-{0}",
    "rad2deg": "{0} * $57.29577951308232",
    "reciprocal": "$1 / {0}",
    "relu6": "{0} < $0 ? $0 : {0} > $6 ? $6 : {0}",
    "rint": "$rint({0})",
    "rsqrt": "$1 / $sqrt({0})",
    "selu": "$1.0507009873554805 * ({0} > $0 ? {0} : $1.6732632423543772 * $expm1({0}))",
    "sigmoid": "$sigmoid({0})",
    "sign": "$sign({0})",
    "silu": "{0} * $sigmoid({0})",
    "sin": "$sin({0})",
    "sinh": "$sinh({0})",
    "soft_shrink": lambda given: _number(
        "{0} > <0> ? {0} - <0> : {0} < -<0> ? {0} + <0> : $0 * {0}", given["threshold"]
    ),
    "softplus": "$softplus({0})",
    "softsign": "{0} / ($1 + $fabs({0}))",
    "sparse_plus": "{0} <= $-1 ? $0 : {0} < $1 ? $0.25 * ({0} + $1) * ({0} + $1) : {0}",
    "sparse_sigmoid": "{0} <= $-1 ? $0 : {0} < $1 ? $0.5 * ({0} + $1) : $1 + $0 * {0}",
    "sqrt": "$sqrt({0})",
    "square": "{0} * {0}",
    "squareplus": lambda given: _number("$0.5 * ({0} + $sqrt({0} * {0} + <0>))", given["b"]),
    "swish": "{0} * $sigmoid({0})",
    "tan": "$tan({0})",
    "tanh": "$tanh({0})",
    "tanh_shrink": "{0} - $tanh({0})",
    "threshold": lambda given: _number(
        "{0} > <0> ? {0} : <1>", given["threshold"], given["default_value"]
    ),
    "trunc": "$trunc({0})",
}
"""Functions of one number; a function of the call's arguments where it has more of them."""

UNARY |= {
    "celu": lambda given: _number(
        "({0} > $0 ? {0} : $0) + <0> * $expm1(({0} > $0 ? $0 : {0}) / <0>)", given["alpha"]
    ),
    "elu": lambda given: _elu(given["alpha"]),
    "leaky_relu": lambda given: _leaky(given["negative_slope"]),
    "relu": lambda given: _relu(
        given.get("negative_slope", 0.0), given.get("max_value"), given.get("threshold", 0.0)
    ),
    "bounded_relu": lambda given: _relu(
        given["negative_slope"], given["max_value"], given["threshold"]
    ),
}

BINARY = {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "maximum": "$maximum({0}, {1})",
    "minimum": "$minimum({0}, {1})",
}
"""Functions of two numbers of any kind, which give the same kind."""

OF_REALS = {
    "arctan2": "$atan2({0}, {1})",
    "divide": "{0} / {1}",
    "divide_no_nan": "{1} == $0 ? $0 : {0} / {1}",
    "floor_divide": "$floor_divide({0}, {1})",
    "fmax": "$fmax({0}, {1})",
    "fmin": "$fmin({0}, {1})",
    "fmod": "$fmod({0}, {1})",
    "hypot": "$hypot({0}, {1})",
    "logaddexp": "$logaddexp({0}, {1})",
    "mod": "$modulo({0}, {1})",
    "power": "$pow({0}, {1})",
    "remainder": "$modulo({0}, {1})",
    "true_divide": "{0} / {1}",
}
"""Functions of two floats."""

COMPARISONS = {
    "equal": "{0} == {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "not_equal": "{0} != {1}",
    "logical_and": "{0} != 0 && {1} != 0",
    "logical_or": "{0} != 0 || {1} != 0",
    "logical_xor": "({0} != 0) != ({1} != 0)",
}
"""What is true or not of two numbers."""

TRUTH = {
    "isfinite": "$fabs({0}) <= $MAX",
    "isinf": "$fabs({0}) > $MAX",
    "isnan": "{0} != {0}",
    "logical_not": "{0} == $0",
}
"""What is true or not of a number."""


def _number(text: str, *values: Any) -> str:
    """A text with numbers in the place of <0>, <1>."""
    for place, value in enumerate(values):
        value = float(np.asarray(value))
        shown = "INFINITY" if value == np.inf else f"${value!r}"
        text = text.replace(f"<{place}>", f"({shown})" if value < 0 else shown)
    return text


def _elu(alpha: Any) -> str:
    return _number("{0} > $0 ? {0} : <0> * $expm1({0})", alpha)


def _leaky(slope: Any) -> str:
    return _number("{0} < $0 ? <0> * {0} : {0}", slope)


def _relu(slope: Any, most: Any, threshold: Any) -> str:
    if most is None and not threshold:
        return _leaky(slope) if slope else "{0} < $0 ? $0 : {0}"
    least = _number("<0> * ({0} - <1>)", slope, threshold) if slope else "$0"
    return _number(
        f"{{0}} <= <1> ? {least} : {{0}} > <0> ? <0> : {{0}}",
        np.inf if most is None else most,
        threshold,
    )


def _first(call: Call) -> Any:
    return next(iter(call.arguments.values()))


def apply(w: Writer, call: Call, given: Any, expression: str, result: str | None = None) -> None:
    """Writes a function of one number, for each."""
    if not isinstance(given, Value):
        raise w.refuse("it takes no number of the rows")
    array = w.of(given)
    target = w.same_or_new(call.output, given)
    elementwise(w, target, [Operand(array, None, array.kind)], expression, result=result)


@converts(*keys(*UNARY))
def unary(w: Writer, call: Call) -> None:
    found = UNARY[call.word]
    expression = found if isinstance(found, str) else found(call.arguments)
    apply(w, call, _first(call), expression)


@converts(*keys("round"))
def rounded(w: Writer, call: Call) -> None:
    if call.arguments.get("decimals"):
        raise w.refuse("it rounds to digits behind the point")
    apply(w, call, _first(call), "$rint({0})")


@converts(*keys("nan_to_num"))
def nan_to_num(w: Writer, call: Call) -> None:
    given = call.arguments
    limits = [given.get(name) for name in ("posinf", "neginf")]
    most, least = ("$MAX" if limits[0] is None else _number("<0>", limits[0])), limits[1]
    low = "-$MAX" if least is None else _number("<0>", least)
    nan = _number("<0>", given["nan"])
    text = f"{{0}} != {{0}} ? {nan} : {{0}} > $MAX ? {most} : {{0}} < -$MAX ? {low} : {{0}}"
    apply(w, call, _first(call), text)


@converts(*keys("ones_like", "zeros_like", "full_like"))
def like(w: Writer, call: Call) -> None:
    given = call.arguments
    value = given.get("fill_value", 1 if call.kind.endswith("ones_like") else 0)
    one = operand(w, value, len(call.output.shape))
    elementwise(w, w.new(call.output), [one], "{0}", kind_of(call.output.dtype))


@converts(*keys(*TRUTH))
def truth(w: Writer, call: Call) -> None:
    apply(w, call, _first(call), TRUTH[call.word], "int")


def _two(w: Writer, call: Call) -> list[Operand]:
    rank = len(call.output.shape)
    return [operand(w, one, rank) for one in list(call.arguments.values())[:2]]


@converts(*keys(*BINARY))
def binary(w: Writer, call: Call) -> None:
    both = _two(w, call)
    kind, name = common_kind(both), call.word
    expression = BINARY[name]
    if kind != REAL and name in ("maximum", "minimum"):
        expression = f"{{0}} {'>' if name == 'maximum' else '<'} {{1}} ? {{0}} : {{1}}"
    elementwise(w, w.new(call.output), both, expression, kind)


@converts(*keys(*OF_REALS))
def of_reals(w: Writer, call: Call) -> None:
    if kind_of(call.output.dtype) != REAL:
        raise w.refuse("it computes with whole numbers, which C code only adds and multiplies")
    name = call.word
    both, expression = _two(w, call), OF_REALS[name]
    if name == "power" and both[1].number is not None and both[1].number == 2:
        both, expression = both[:1], "{0} * {0}"
    elementwise(w, w.new(call.output), both, expression)


@converts(*keys(*COMPARISONS))
def comparison(w: Writer, call: Call) -> None:
    both = _two(w, call)
    expression = COMPARISONS[call.word]
    elementwise(w, w.new(call.output), both, expression, common_kind(both), "int")


@converts(*keys("where"))
def where(w: Writer, call: Call) -> None:
    rank = len(call.output.shape)
    three = [operand(w, one, rank) for one in call.arguments.values()]
    kind = kind_of(call.output.dtype)
    kinds = three[0].kind, kind, kind
    elementwise(w, w.new(call.output), three, "{0} != 0 ? {1} : {2}", kinds, kind)


@converts(*keys("clip"))
def clip(w: Writer, call: Call) -> None:
    if kind_of(call.output.dtype) != REAL:
        raise w.refuse("it limits whole numbers")
    rank, text = len(call.output.shape), "{0}"
    given = list(call.arguments.values())[:3]
    found = [operand(w, given[0], rank)]
    for limit, function in zip(given[1:], ("$maximum", "$minimum"), strict=True):
        if limit is not None:
            text = f"{function}({text}, {{{len(found)}}})"
            found.append(operand(w, limit, rank))
    elementwise(w, w.new(call.output), found, text)


@converts(*keys("cast", "astype"))
def cast(w: Writer, call: Call) -> None:
    """What is cast to a bool is 1 where it is not 0."""
    given = _first(call)
    array = w.of(given)
    one = [Operand(array, None, array.kind)]
    kind = kind_of(call.output.dtype)
    if call.output.dtype == "bool":
        elementwise(w, w.new(call.output), one, "{0} != 0", array.kind, "int")
    elif array.kind == kind and id(call.output) not in w._results:
        w.give(call.output, array)
    else:
        elementwise(w, w.new(call.output), one, "{0}", array.kind)


# ---- layers --------------------------------------------------------------------------------------


@converts(ReLU)
def relu_layer(w: Writer, call: Call) -> None:
    layer = call.operation
    expression = _relu(layer.negative_slope, layer.max_value, layer.threshold)
    apply(w, call, call.args[0], expression)


@converts(LeakyReLU)
def leaky_relu_layer(w: Writer, call: Call) -> None:
    apply(w, call, call.args[0], _leaky(call.operation.negative_slope))


@converts(ELU)
def elu_layer(w: Writer, call: Call) -> None:
    apply(w, call, call.args[0], _elu(call.operation.alpha))


@converts(PReLU)
def prelu_layer(w: Writer, call: Call) -> None:
    given, alpha = call.args[0], call.weights["alpha"]
    two = [operand(w, one, len(given.shape)) for one in (given, alpha)]
    elementwise(w, w.same_or_new(call.output, given), two, "{0} < $0 ? {1} * {0} : {0}")


@converts(AFFINE, BatchNormalization, Normalization, Rescaling)
def affine(w: Writer, call: Call) -> None:
    """(x - shift) * scale + offset"""
    given = call.args[0]
    found, text = [operand(w, given, len(given.shape))], "{0}"
    for name, form in (
        ("shift", "{text} - {{{n}}}"),
        ("scale", "({text}) * {{{n}}}"),
        ("offset", "{text} + {{{n}}}"),
    ):
        if name in call.weights:
            text = form.format(text=text, n=len(found)).replace("({0})", "{0}")
            found.append(operand(w, call.weights[name], len(given.shape)))
    elementwise(w, w.same_or_new(call.output, given), found, text)
