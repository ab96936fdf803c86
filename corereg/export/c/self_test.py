"""The self-test in a C file: some rows, and what the model gives for them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from corereg.export.c import numbers
from corereg.export.c.array import REAL
from corereg.export.c.evaluating import evaluate
from corereg.export.c.writer import Writer
from corereg.export.network import Network
from corereg.export.rows import drawn

ROWS = 3
"""Unless they are given."""

TOLERANCE = 1e-5
"""Of the largest output of an array: how far others may be from it."""


class Samples(NamedTuple):
    """Arrays (rows, ...), in the order of the network's inputs and outputs."""

    inputs: list[Any]
    outputs: list[Any]


def rows_of(model: Any, network: Network) -> Samples:
    """Random rows, the same each time, and what the model gives for them; ValueError for a model
    that refuses them."""
    for whole in (False, True):
        inputs = drawn(model, network.inputs, ROWS)
        if whole:  # perhaps floats are places in a table
            inputs = [(one > 0).astype(one.dtype) for one in inputs]
        try:
            return Samples(inputs, evaluate(network, inputs))
        except (IndexError, ValueError) as error:
            reason = error
    raise ValueError(
        "export to C: expected a model that takes random numbers, for the self-test in the file, "
        f"received one that refuses them ({reason}); give samples=, inputs as for predict"
    )


_AGREE = """\
/* Whether found[n] is expected[n], numbers that are not finite included, within `most`. */
static int $agree(const $real *found, const $real *expected, size_t n, double most)
{
    size_t i;
    for (i = 0; i < n; i++) {
        const double a = (double)found[i], b = (double)expected[i];
        const int same = (a <= b && a >= b) || (a != a && b != b);
        if (!same && !(fabs(a - b) <= most))
            return 0;
    }
    return 1;
}
"""
_AGREE_EXACTLY = """\
/* Whether found[n] is expected[n]. */
static int $agree_KIND(const KIND *found, const KIND *expected, size_t n)
{
    size_t i;
    for (i = 0; i < n; i++)
        if (found[i] != expected[i])
            return 0;
    return 1;
}
"""


def self_test(w: Writer, called: str, workspace: str, samples: Samples) -> str:
    """The text of the self-test. called: the function for many rows; workspace: its struct."""
    parts = ["#ifdef COREREG_SELF_TEST"]
    rows = len(samples.inputs[0])
    given: list[str] = []
    expected: list[str] = []
    found: list[str] = []
    checks: list[str] = []
    for names, role, arrays, values in (
        (given, "given", w.inputs, samples.inputs),
        (expected, "expected", w.outputs, samples.outputs),
    ):
        for one, value in zip(arrays, values, strict=True):
            kind = w.type_of(one.kind)
            names.append(w.name(f"{role}_{one.name}"))
            table = numbers.table(np.asarray(value), kind)
            parts.append(f"static const {kind} {names[-1]}[{rows * one.size}] = {{\n{table}}};")
    for one, value, wanted in zip(w.outputs, samples.outputs, expected, strict=True):
        kind = w.type_of(one.kind)
        found.append(f"found_{len(found)}")
        parts.append(f"static {kind} {w.prefix}_{found[-1]}[{rows * one.size}];")
        pair = f"{w.prefix}_{found[-1]}, {wanted}, {rows * one.size}"
        if one.kind == REAL:
            function, text = "agree", _AGREE
            finite = np.abs(np.asarray(value, np.float64)[np.isfinite(value)])
            most = TOLERANCE * max(float(finite.max(initial=0.0)), 1e-30)
            pair += f", {numbers.real(most, 'double')}"
        else:
            function, text = f"agree_{kind}", _AGREE_EXACTLY.replace("KIND", kind)
        name, known = f"{w.prefix}_{function}", set(w.functions)
        w.function(function, text)
        if name not in known:
            parts.append(w.functions.pop(name).rstrip())
            w.functions[name] = ""
        checks.append(f"    if (!{name}({pair}))\n        return 1;")
    targets = [f"{w.prefix}_{one}" for one in found]
    call = f"{called}({', '.join([str(rows), *given, *targets, '&workspace'])})"
    parts.append(
        f"\nint main(void)\n{{\n    static struct {workspace} workspace;\n"
        f"    if ({call})\n        return 2;\n" + "\n".join(checks) + "\n    return 0;\n}\n#endif"
    )
    return "\n".join(parts)
