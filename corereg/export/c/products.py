"""Products with weights: Dense."""

from __future__ import annotations

from typing import Any

import numpy as np

from corereg.export.c.array import REAL, Array
from corereg.export.c.kernels import dense, sparse
from corereg.export.c.moves import copy_places
from corereg.export.c.numbers import narrowest
from corereg.export.c.table import converts
from corereg.export.c.writer import Writer
from corereg.export.network import Call
from corereg.layers.dense import Dense

Numbers = np.ndarray[Any, Any]

LANES = 8
"""Outputs of which one vector, or a few, hold the sums."""

WIDE = 32
"""Outputs from which on four inputs at a time are enough to keep multipliers busy."""

LEAST_SPARSE = 256
"""Weights of a product for which lists are worth their overhead."""


@converts(Dense)
def of_layer(w: Writer, call: Call) -> None:
    (given,) = call.inputs
    x, y = w.of(given), w.new(call.output)
    product(w, call.name, call.weights["kernel"], call.weights.get("bias"), x, y)


def product(
    w: Writer, role: str, kernel: Numbers, bias: Numbers | None, x: Array, y: Array
) -> None:
    """Writes y = bias + x kernel along the last axis. What is zero in whole rows or columns of the
    kernel is left out, and where few weights are left they are listed."""
    inputs, outputs = kernel.shape
    bias = np.zeros(outputs, kernel.dtype) if bias is None else bias
    rows, columns = kernel.any(axis=1), kernel.any(axis=0)
    if not columns.any():
        fill(w, role, bias, y)
        return
    repeats = y.size // outputs
    source, target = x, y
    if not rows.all():
        kept = np.flatnonzero(rows)
        source = w.scratch(f"{role}_inputs", REAL, (repeats, len(kept)))
        places = np.arange(repeats)[:, None] * inputs + kept
        copy_places(w, source, x, np.arange(source.size).reshape(places.shape), places)
    if not columns.all():
        target = w.scratch(f"{role}_outputs", REAL, (repeats, int(columns.sum())))
    kernel, left = kernel[rows][:, columns], bias[columns]
    share = np.count_nonzero(kernel) / kernel.size
    write = _sparse if share < w.sparse_below and kernel.size >= LEAST_SPARSE else _dense
    write(w, role, kernel, left, source, target)
    if target is not y:
        fill(w, role, np.where(columns, 0, bias), y)
        places = np.arange(repeats)[:, None] * outputs + np.flatnonzero(columns)
        copy_places(w, y, target, places, np.arange(target.size).reshape(places.shape))


def fill(w: Writer, role: str, values: Numbers, y: Array) -> None:
    """Writes y = values, for each part of the last axis."""
    table = w.table(f"{role}_constant", values)
    rest = y.size // len(values)
    if rest == 1:
        w.emit(f"for (size_t i = 0; i < {y.size}; i++)\n    {y.name}[i] = {table.name}[i];", y)
        return
    w.emit(
        f"for (size_t i = 0; i < {rest}; i++)\n    for (size_t j = 0; j < {len(values)}; j++)\n"
        f"        {y.name}[{len(values)} * i + j] = {table.name}[j];",
        y,
    )


def _dense(w: Writer, role: str, kernel: Numbers, bias: Numbers, x: Array, y: Array) -> None:
    """All weights: of outputs as many as are a multiple of LANES side by side, the rest one by
    one, or filled up with zeros."""
    inputs, outputs = kernel.shape
    wide = outputs - outputs % LANES
    if outputs - wide >= LANES // 2 and y.buffer is not None and y.size == outputs:
        wide += LANES  # with zeros, and room for them in the workspace
        y.buffer.size = max(y.buffer.size, wide)
        kernel, bias = (
            np.pad(one, [*[(0, 0)] * (one.ndim - 1), (0, wide - outputs)]) for one in (kernel, bias)
        )
    lines = []
    if wide:
        text = dense(wide, 4 if wide >= WIDE else 8, bool(bias[:wide].any()))
        function = w.function(f"dense_{wide}" + ("" if bias[:wide].any() else "_plain"), text)
        table = w.table(f"{role}_kernel", kernel[:, :wide])
        given = [table.name, "{x}", str(inputs), "{y}"]
        if bias[:wide].any():
            given.insert(1, w.table(f"{role}_bias", bias[:wide]).name)
        lines.append(f"{function}({', '.join(given)});")
    if wide < outputs:
        table = w.table(f"{role}_columns", kernel[:, wide:].T)
        last = w.table(f"{role}_column_bias", bias[wide:])
        for j in range(outputs - wide):
            start = f"{table.name} + {j * inputs}" if j else table.name
            lines.append(f"{{y}}[{wide + j}] = $dot({start}, {last.name}[{j}], {{x}}, {inputs});")
    _over_rows(w, lines, x, y, inputs, outputs)


def _over_rows(w: Writer, lines: list[str], x: Array, y: Array, inputs: int, outputs: int) -> None:
    """Writes statements of {x} and {y} for each part of the last axis."""
    repeats = y.size // outputs
    if repeats == 1:
        w.emit("\n".join(lines).replace("{x}", x.name).replace("{y}", y.name), x, y)
        return
    body = "".join(f"    {line}\n" for line in lines).replace("{x}", "x").replace("{y}", "y")
    w.emit(
        f"for (size_t i = 0; i < {repeats}; i++) {{\n"
        f"    const $real *x = {x.name} + {inputs} * i;\n"
        f"    $real *y = {y.name} + {outputs} * i;\n{body}}}",
        x,
        y,
    )


def _sparse(w: Writer, role: str, kernel: Numbers, bias: Numbers, x: Array, y: Array) -> None:
    """Lists of the weights that are not zero, of LANES outputs of about the same number each."""
    inputs, outputs = kernel.shape
    counts = np.count_nonzero(kernel, axis=0)
    order = np.argsort(counts, kind="stable")
    spare = -outputs % LANES
    order = np.concatenate([np.repeat(order[:1], spare), order])  # one output several times
    groups = order.reshape(-1, LANES)
    lengths = np.array([counts[group].max() for group in groups])
    weights, places = [], []
    for group, length in zip(groups, lengths, strict=True):
        for column in group:
            found = np.flatnonzero(kernel[:, column])
            rest = length - len(found)
            weights.append(np.pad(kernel[found, column], (0, rest)))
            places.append(np.pad(found, (0, rest), constant_values=found[0]))
        weights[-LANES:] = [np.stack(weights[-LANES:], axis=1).ravel()]
        places[-LANES:] = [np.stack(places[-LANES:], axis=1).ravel()]
    index, place, length_kind = (narrowest(one) for one in (np.array([inputs - 1]), order, lengths))
    suffix = "_".join(kind[4:-2] for kind in (index, place, length_kind))
    function = w.function(f"sparse_{suffix}", sparse(index, place, length_kind))
    tables = (
        w.table(f"{role}_weights", np.concatenate(weights)),
        w.table(f"{role}_biases", bias[order]),
        w.table(f"{role}_places", np.concatenate(places), index),
        w.table(f"{role}_lengths", lengths, length_kind),
        w.table(f"{role}_order", order, place),
    )
    names = ", ".join(one.name for one in tables)
    line = f"{function}({names}, {len(groups)}, {{x}}, {{y}});"
    _over_rows(w, [line], x, y, inputs, outputs)
