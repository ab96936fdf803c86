"""Sums, means, extremes and their likes along axes, and running sums."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from corereg.export.c.array import REAL, Array
from corereg.export.c.rows import as_reals, axes_of, copy, turned, turned_back
from corereg.export.c.table import converts
from corereg.export.c.writer import Writer
from corereg.export.converters import keys
from corereg.export.network import Call
from corereg.layers.pooling.global1d import GlobalAveragePooling1D, GlobalMaxPooling1D

SAME = (
    "all",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "logsumexp",
    "max",
    "mean",
    "min",
    "prod",
    "ptp",
)
FUNCTIONS = {name: name for name in (*SAME, "std", "sum", "var")} | {"amax": "max", "amin": "min"}
EXACT = ("all", "any", "count_nonzero")
"""What of whole numbers as floats is right."""


def reduce(w: Writer, function: str, y: Array, x: Array, axes: list[int]) -> None:
    """Writes y = a function of the elements along some axes of x."""
    size = prod(x.shape[axis] for axis in axes)
    rows = turned(w, x, axes)
    many = rows.size // size
    if many == 1:
        value = w.cast(f"${function}({rows.name}, {size})", _kind(function), y.kind)
        w.emit(f"{y.name}[0] = {value};", y, rows)
        return
    value = w.cast(f"${function}({rows.name} + {size} * i, {size})", _kind(function), y.kind)
    w.emit(f"for (size_t i = 0; i < {many}; i++)\n    {y.name}[i] = {value};", y, rows)


def _kind(function: str) -> str:
    return "size_t" if function.startswith("arg") else REAL


@converts(*keys(*FUNCTIONS))
def reduction(w: Writer, call: Call) -> None:
    given = call.arguments
    value = next(iter(given.values()))
    name = FUNCTIONS[call.word]
    if name in ("var", "std") and call.kind.startswith(("ops.", "tensor.")) and given["correction"]:
        raise w.refuse("it divides by the number less a correction; use corereg.ops.var or std")
    if given.get("initial") is not None or given.get("dtype") is not None:
        raise w.refuse("it is given an initial number or a dtype")
    x = w.of(value)
    if x.kind != REAL and name not in EXACT and value.dtype != "bool":
        raise w.refuse("it reduces whole numbers; cast them to floats")
    axes = axes_of(w, given["axis"], len(value.shape))
    reduce(w, name, w.new(call.output), as_reals(w, x), axes)


@converts(*keys("norm"))
def norm(w: Writer, call: Call) -> None:
    given = call.arguments
    value = next(iter(given.values()))
    axes = axes_of(w, given["axis"], len(value.shape))
    order = given.get("ord")
    functions: dict[Any, str] = {None: "norm", 2: "norm", 1: "abs_sum", np.inf: "abs_max"}
    if order not in functions or (order is not None and len(axes) > 1):
        raise w.refuse(f"it takes the norm of ord={order!r}")
    reduce(w, functions[order], w.new(call.output), as_reals(w, w.of(value)), axes)


# ---- rows in place -------------------------------------------------------------------------------


def along(w: Writer, call: Call, axes: list[int], line: str) -> Array:
    """Writes a statement of {y}, the numbers along some axes, and {n}, how many they are, for the
    call's output, which begins as its input; returns it with the axes at its end."""
    value = call.inputs[0]
    x, n = as_reals(w, w.of(value)), prod(w.of(value).shape[axis] for axis in axes)
    rows = turned(w, x, axes)
    if rows is x:
        rows = w.same_or_new(call.output, value)
        copy(w, rows, x)
    over_rows(w, rows, n, line)
    return rows


def over_rows(w: Writer, rows: Array, n: int, line: str) -> None:
    """Writes a statement of {y} and {n} for each n numbers that follow each other."""
    many = rows.size // n
    at = f"{rows.name} + {n} * i" if many > 1 else rows.name
    text = line.replace("{y}", at).replace("{n}", str(n))
    w.emit(f"for (size_t i = 0; i < {many}; i++)\n    {text}" if many > 1 else text, rows)


def put_back(w: Writer, call: Call, rows: Array, axes: list[int]) -> None:
    """Gives the output what `along` made."""
    if id(call.output) not in w._arrays:
        turned_back(w, w.new(call.output), rows, axes)


@converts(*keys("cumprod", "cumsum", "log_softmax", "softmax", "sparsemax"))
def in_rows(w: Writer, call: Call) -> None:
    if call.arguments.get("dtype") is not None:
        raise w.refuse("it is given a dtype")
    value = call.inputs[0]
    axes = axes_of(w, call.arguments["axis"], len(value.shape))
    if w.of(value).kind != REAL:
        raise w.refuse("it takes whole numbers; cast them to floats")
    rows = along(w, call, axes, f"${call.kind.rpartition('.')[2]}({{y}}, {{n}});")
    put_back(w, call, rows, axes)


@converts(GlobalMaxPooling1D)
def max_pooling(w: Writer, call: Call) -> None:
    reduce(w, "max", w.new(call.output), w.of(call.args[0]), [call.operation._axis - 1])


@converts(GlobalAveragePooling1D)
def average_pooling(w: Writer, call: Call) -> None:
    """The mean of the steps; of those that a mask keeps, if there is one."""
    x, y, axis = w.of(call.args[0]), w.new(call.output), call.operation._axis - 1
    mask = call.kwargs.get("mask")
    if mask is None:
        reduce(w, "mean", y, x, [axis])
        return
    kept = as_reals(w, w.of(mask))
    rows = turned(w, x, [axis])
    steps = x.shape[axis]
    w.emit(
        f"for (size_t i = 0; i < {y.size}; i++) {{\n"
        f"    $real sum = $0;\n    for (size_t j = 0; j < {steps}; j++)\n"
        f"        if ({kept.name}[j] != 0)\n"
        f"            sum += {rows.name}[{steps} * i + j];\n"
        f"    {y.name}[i] = sum / $sum({kept.name}, {steps});\n}}",
        y,
        rows,
        kept,
    )
