"""Whole numbers as rows of tables and as ones and zeros, and what makes whole numbers of floats."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.export.c.array import REAL, Array
from corereg.export.c.operands import Operand, elementwise
from corereg.export.c.table import converts
from corereg.export.c.writer import Writer
from corereg.export.converters import keys
from corereg.export.network import Call
from corereg.layers.embedding import Embedding
from corereg.layers.preprocessing.category_encoding import CategoryEncoding
from corereg.layers.preprocessing.discretization import Discretization
from corereg.layers.preprocessing.integer_lookup import IntegerLookup
from corereg.layers.preprocessing.numeric_encoding import NumericEncoding


@converts(Embedding)
def embedding(w: Writer, call: Call) -> None:
    """A copy of a row of the table; an error for a row that it does not have."""
    x = w.of(call.args[0])
    table = call.weights["embeddings"]
    count, n = table.shape
    found = w.table(f"{call.name}_embeddings", table)
    y = w.new(call.output)
    most = w.number(count) if x.kind == REAL else str(count)
    least = f"> {w.number(-1)}" if x.kind == REAL else ">= 0"
    row = f"{found.name} + {n} * (size_t)at"
    w.fails = True
    w.emit(
        f"for (size_t i = 0; i < {x.size}; i++) {{\n"
        f"    const {x.kind} at = {x.name}[i];\n"
        f"    if (!(at {least} && at < {most}))\n        return $BAD_INDEX;\n"
        f"    for (size_t j = 0; j < {n}; j++)\n"
        f"        {y.name}[{n} * i + j] = ({row})[j];\n}}",
        y,
        x,
    )


def encode(
    w: Writer, y: Array, codes: Array, count: int, mode: str, weights: Array | None = None
) -> None:
    """Writes codes 0 to count - 1 as ones and zeros in a mode of `CategoryEncoding`."""
    rest = codes.size if mode == "one_hot" else codes.size // codes.shape[0]
    value = f"{weights.name}[i]" if weights is not None else "$1"
    place = "i" if rest == codes.size else f"(i % {rest})" if rest > 1 else "0"
    at = f"{y.name}[{count} * {place} + (size_t)at]" if place != "0" else f"{y.name}[at]"
    setting = f"{at} += {value};" if mode == "count" else f"{at} = {value};"
    w.emit(
        f"for (size_t i = 0; i < {y.size}; i++)\n    {y.name}[i] = $0;\n"
        f"for (size_t i = 0; i < {codes.size}; i++) {{\n"
        f"    const {codes.kind} at = {codes.name}[i];\n"
        f"    if (at >= 0 && at < {count})\n        {setting}\n}}",
        y,
        codes,
        *([] if weights is None else [weights]),
    )


def _given_or_encoded(w: Writer, call: Call, write: Any, count: int) -> None:
    """Codes as the layer's output_mode says; write: makes the codes."""
    mode = call.operation.output_mode
    if mode == "int":
        write(w.new(call.output))
        return
    codes = w.scratch(f"{call.name}_codes", "int64_t", w.of(call.args[0]).shape)
    write(codes)
    y = w.new(call.output)
    encode(w, y, codes, count, "count" if mode == "tf_idf" else mode)


@converts(CategoryEncoding)
def category_encoding(w: Writer, call: Call) -> None:
    layer, x = call.operation, w.of(call.args[0])
    weights = call.kwargs.get("count_weights", call.args[1] if len(call.args) > 1 else None)
    found = None if weights is None else w.of(weights)
    encode(w, w.new(call.output), x, layer.num_tokens, layer.output_mode, found)


@converts(*keys("one_hot"))
def one_hot(w: Writer, call: Call) -> None:
    given = call.arguments
    x, y = w.of(given["x"]), w.new(call.output)
    if given["axis"] not in (-1, len(call.output.shape) - 1) or x.kind == REAL or y.kind != REAL:
        raise w.refuse("it is one_hot along another axis than the last one, or of another dtype")
    encode(w, y, x, int(given["num_classes"]), "one_hot")


@converts(Discretization)
def discretization(w: Writer, call: Call) -> None:
    """How many boundaries are not above x: NaN is above all."""
    layer, x = call.operation, w.of(call.args[0])
    if layer.bin_boundaries is None:
        raise w.refuse("it has no boundaries yet; call adapt(data) first")
    bounds = np.asarray(layer.bin_boundaries, layer.dtype)
    table = w.table(f"{call.name}_bounds", np.sort(bounds))

    def write(codes: Array) -> None:
        value = f"$bucket({table.name}, {len(bounds)}, {x.name}[i])"
        w.emit(
            f"for (size_t i = 0; i < {x.size}; i++)\n    {codes.name}[i] = ({codes.kind}){value};",
            codes,
            x,
        )

    _given_or_encoded(w, call, write, len(bounds) + 1)


@converts(IntegerLookup)
def integer_lookup(w: Writer, call: Call) -> None:
    layer, x = call.operation, w.of(call.args[0])
    first, count = layer._first, layer.num_oov_indices
    if layer.invert:
        first, count = layer.oov_token, 1
    keys_, values = layer._keys, layer._values
    if not len(keys_):
        raise w.refuse("it has no vocabulary yet; call adapt(data) first")
    known = w.table(f"{call.name}_keys", keys_, "int64_t")
    codes_of = w.table(f"{call.name}_codes", values, "int64_t")
    if count:
        rest = f"((int64_t){x.name}[i] % {count} + {count}) % {count}" if count > 1 else "0"
        other = f"{codes_type(first)} + {rest}" if rest != "0" else codes_type(first)
    else:
        other = ""

    def write(codes: Array) -> None:
        n = len(keys_)
        w.fails = w.fails or not count
        missing = f"    if (at == {n})\n        return $BAD_INDEX;\n" if not count else ""
        value = f"{codes_of.name}[at]"
        value = f"at < {n} ? {value} : {other}" if count else value
        w.emit(
            f"for (size_t i = 0; i < {x.size}; i++) {{\n"
            f"    const size_t at = $find({known.name}, {n}, {x.name}[i]);\n{missing}"
            f"    {codes.name}[i] = {value};\n}}",
            codes,
            x,
        )

    _given_or_encoded(w, call, write, layer._output_size())
    if layer.output_mode == "tf_idf":
        weights = layer.weights_of_numbers()
        y = w.of(call.output)
        both = [
            Operand(y, None, REAL),
            Operand(w.table(f"{call.name}_idf", weights), None, REAL),
        ]
        elementwise(w, y, both, "{0} * {1}")


def codes_type(value: int) -> str:
    """A code as a constant."""
    return f"INT64_C({int(value)})"


@converts(NumericEncoding)
def numeric_encoding(w: Writer, call: Call) -> None:
    """Of each column (x - mean) / deviation, or a line through its quantiles; 0 where x is missing,
    and behind all, if asked for, where that is so."""
    layer, x = call.operation, w.of(call.args[0])
    y, name = w.new(call.output), call.name
    tables = {key: w.table(f"{name}_{key}", value).name for key, value in call.weights.items()}
    columns = x.shape[-1]
    if layer.method == "standard":
        body = f"    $real found = (at - {tables['mean']}[i]) / {tables['deviation']}[i];\n"
    else:
        n = layer.num_quantiles - 1
        body = (
            f"    $real found = {tables['least']}[i];\n"
            f"    for (size_t j = {n} * i; j < {n} * (i + 1); j++)\n"
            f"        found += $minimum($maximum((at - {tables['starts']}[j]) / "
            f"{tables['widths']}[j], $0), $1) *\n                 {tables['rises']}[j];\n"
        )
    missing = f"    {y.name}[{columns} + i] = at != at ? $1 : $0;\n" if layer.indicator else ""
    w.emit(
        f"for (size_t i = 0; i < {columns}; i++) {{\n    const $real at = {x.name}[i];\n{body}"
        f"    {y.name}[i] = at != at ? $0 : found;\n{missing}}}",
        y,
        x,
    )
