"""The self-test in a C file: some rows, and what the model gives for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from corereg.export.c import numbers
from corereg.export.c.array import REAL, Array

if TYPE_CHECKING:
    from corereg.export.c.source import Source

ROWS = 3
"""Unless they are given."""

TOLERANCE = 1e-5
"""Of the largest output of an array: how far others may be from it."""


class Samples(NamedTuple):
    """Arrays (rows, ...), in the order of the network's inputs and outputs."""

    inputs: list[Any]
    outputs: list[Any]


def draw(arrays: list[Array], dtypes: list[str], limit: int) -> list[Any]:
    """Rows to try a network with, the same each time: normal numbers, and whole ones below a
    limit."""
    rng = np.random.default_rng(0)
    found = []
    for one, dtype in zip(arrays, dtypes, strict=True):
        shape = (ROWS, *one.shape)
        if one.kind == REAL:
            found.append(rng.standard_normal(shape).astype(dtype))
        else:
            found.append(rng.integers(0, max(min(limit, 100), 1), shape).astype(dtype))
    return found


def self_test(source: Source, samples: Samples) -> str:
    """The text of the self-test."""
    w, lines = source.w, ["#ifdef COREREG_SELF_TEST"]
    rows = len(samples.inputs[0])
    names = []
    for prefix, arrays, values in (
        ("given", w.inputs, samples.inputs),
        ("expected", w.outputs, samples.outputs),
    ):
        for one, value in zip(arrays, values, strict=True):
            name = w.name(f"{prefix}_{one.name}")
            kind = source.kind(one.kind)
            table = numbers.table(np.asarray(value), kind)
            lines.append(f"static const {kind} {name}[{rows * one.size}] = {{\n{table}}};")
            names.append(name)
    given, expected = names[: len(w.inputs)], names[len(w.inputs) :]
    lines.append("\nint main(void)\n{")
    lines.append(f"    static struct {source.workspace} workspace;")
    for place, one in enumerate(w.outputs):
        lines.append(f"    static {source.kind(one.kind)} found_{place}[{rows * one.size}];")
    found = [f"found_{place}" for place in range(len(w.outputs))]
    call = f"{source.called}_rows({', '.join([str(rows), *given, *found, '&workspace'])})"
    lines.append(f"    if ({call})\n        return 2;")
    for one, value, name, wanted in zip(w.outputs, samples.outputs, found, expected, strict=True):
        finite = np.abs(np.asarray(value, np.float64)[np.isfinite(value)])
        most = TOLERANCE * max(float(finite.max(initial=0.0)), 1e-30)
        apart = f"{name}[i] - {wanted}[i]"
        test = (
            f"!(fabs((double)({apart})) <= {numbers.real(most, 'double')}) && "
            f"!({name}[i] <= {wanted}[i] && {name}[i] >= {wanted}[i]) && "
            f"({wanted}[i] == {wanted}[i] || {name}[i] == {name}[i])"
            if one.kind == REAL
            else f"{name}[i] != {wanted}[i]"
        )
        lines.append(
            f"    for (size_t i = 0; i < {rows * one.size}; i++)\n        if ({test})\n"
            "            return 1;"
        )
    lines.append("    return 0;\n}\n#endif")
    return "\n".join(lines)
