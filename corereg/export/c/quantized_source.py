"""The text of a C file in int8 and of its header."""

from __future__ import annotations

import json
import zlib
from typing import Any

import numpy as np

from corereg.export.c import numbers
from corereg.export.c.memory import place_buffers
from corereg.export.c.quantized import Array
from corereg.export.c.quantized_kernels import CODE
from corereg.export.c.quantizing import Quantizer
from corereg.export.c.source import FORMAT, function_head
from corereg.export.c.writer import Writer
from corereg.version import __version__


class QuantizedSource:
    """What a `Quantizer` made, as two texts. title: what the file is; header: its name; tested:
    int8 arrays (rows, ...) for the self-test."""

    def __init__(self, made: Quantizer, title: str, header: str, tested: list[Array]) -> None:
        self.made, self.w, self.found = made, made.w, made.found
        self.title, self.header_name, self.tested = numbers.comment(title), header, tested
        w = self.w
        self.upper = w.prefix.upper()
        self.rooms = [w.of(value) for value in made.network.inputs]
        self.codes = place_buffers(one for one in w.buffers if one.first is not None)
        self.sums = sum(one.size for one in w.outputs)
        self.workspace = f"struct {w.prefix}_workspace *restrict workspace"
        whole = "\n".join([self.title, *w.tables, *w.blocks])
        self.identity = f"0x{zlib.crc32(whole.encode()):08x}"

    def _signature(self, name: str, given: str, taken: str, first: tuple[str, ...] = ()) -> str:
        arrays = [f"const {given} *restrict {one.name}" for one in self.w.inputs]
        arrays += [f"{taken} *restrict {one.name}" for one in self.w.outputs]
        return function_head(
            f"int {self.w.prefix}_predict{name}", [*first, *arrays, self.workspace]
        )

    def _signatures(self) -> list[str]:
        return [
            self._signature("_int8", "int8_t", "int32_t"),
            self._signature("", "float", "float"),
            self._signature("_rows", "float", "float", ("size_t rows",)),
        ]

    # ---- the header ------------------------------------------------------------------------------

    def header(self) -> str:
        """The text of the header."""
        w, upper = self.w, self.upper
        integers, floats, rows = (
            one.replace(" *restrict ", " *") + ";" for one in self._signatures()
        )
        macros = []
        for one, room in zip(self.found.inputs, w.inputs, strict=True):
            start = f"#define {upper}_INPUT_{room.name.upper()}"
            macros.append(f"{start}_SIZE {room.size}")
            if _is_one(one.centre) and _is_one(one.per_step):
                macros.append(f"{start}_CENTRE {_decimal(one.centre)}")
                macros.append(f"{start}_PER_STEP {_decimal(one.per_step)}")
            else:
                macros.append(
                    f"/* {room.name}: the tables {w.prefix}_{room.name}_centre and "
                    "_per_step in the C file. */"
                )
        for output, room in zip(self.found.outputs, w.outputs, strict=True):
            start = f"#define {upper}_OUTPUT_{room.name.upper()}"
            macros += [f"{start}_SIZE {room.size}", f"{start}_EXPONENT ({output.exponent})"]
        ends = ", ".join(
            f"{room.name} is what {one.end or 'nothing'} is then applied to"
            for one, room in zip(self.found.outputs, w.outputs, strict=True)
        )
        return f"""\
/* {self.title}
 *
 * Written by corereg {__version__}, in int8. C99; needs nothing but libm, and with
 * -D{upper}_NO_FLOAT no floats.
 */
#ifndef {upper}_H
#define {upper}_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#endif

/* Of the C file to which this header belongs. */
#define {upper}_FILE {self.identity}

/* How many numbers each array has. Inputs have codes: (x - CENTRE) * PER_STEP, rounded to the
 * nearest and limited to -128..127. Outputs are whole numbers: y * 2^EXPONENT is what the last
 * Dense gives; {ends}. */
{chr(10).join(macros)}

/* Room for what is computed on the way: one for each thread. It need not be initialized, and holds
 * nothing from call to call. */
struct {w.prefix}_workspace {{
    int16_t codes[{self.codes}];
    int32_t sums[{self.sums}];
}};
#define {upper}_WORKSPACE_SIZE (sizeof(struct {w.prefix}_workspace))

/* Computes one row by whole numbers alone. Arrays may not overlap. Any number of threads may call
 * it at once, each with a workspace of its own. Returns 0. */
{integers}

#ifndef {upper}_NO_FLOAT
/* The same for floats, of the model's inputs and outputs. */
{floats}

/* The same for many rows, which follow each other in each array. */
{rows}
#endif

#ifdef __cplusplus
}}
#endif
#endif
"""

    # ---- the C file ------------------------------------------------------------------------------

    def source(self) -> str:
        """The text of the C file."""
        w, upper = self.w, self.upper
        integers = self._signatures()[0]
        fill = "".join(
            f"    for (size_t i = 0; i < {one.size}; i++)\n"
            f"        workspace->codes[{self._place(room)}i] = {one.name}[i];\n"
            for one, room in zip(w.inputs, self.rooms, strict=True)
        )
        targets = ", ".join(one.name for one in w.outputs)
        about = {
            "corereg": FORMAT,
            "prefix": w.prefix,
            "inputs": self._floating(self.made.network.inputs, w.inputs),
            "outputs": self._floating([one for _, one in self.made.network.outputs], w.outputs),
            "workspace": 2 * self.codes + 4 * self.sums + 4,
            "precision": "int8",
            "percentile": self.made.percentile,
        }
        parts = [
            f"/* {self.title}\n *\n * Written by corereg {__version__}; how to call it stands in "
            f"{self.header_name}. With -DCOREREG_SELF_TEST it is a\n * program that returns 0 if "
            f"its results are those of the model in int8.\n *\n * {json.dumps(about)}\n */",
            f'#include "{self.header_name}"\n',
            f"#if {upper}_FILE != {self.identity}\n"
            f'#error "{self.header_name} is of another model"\n#endif\n',
            "/* Right shifts of negative numbers have to keep the sign. */",
            f"typedef char {w.prefix}_shifts[(-1 >> 1) == -1 ? 1 : -1];\n",
            *w.functions.values(),
            *w.tables,
            self._steps(),
            f"{integers}\n{{\n{fill}    {w.prefix}_steps({targets}, workspace);\n    return 0;",
            "}\n",
            f"#ifndef {upper}_NO_FLOAT\n{self._floats()}#endif\n",
            self._self_test(),
        ]
        return "\n".join(parts)

    @staticmethod
    def _floating(values: list[Any], arrays: list[Any]) -> list[Any]:
        """What `corereg.export.c.run` is told of arrays."""
        return [
            [one.name, "float", list(one.shape), value.dtype]
            for one, value in zip(arrays, values, strict=True)
        ]

    @staticmethod
    def _place(room: Any) -> str:
        return f"{room.buffer.place} + " if room.buffer.place else ""

    def _steps(self) -> str:
        """The function that computes, from codes in the workspace."""
        w = self.w
        given = [f"int32_t *restrict {one.name}" for one in w.outputs]
        head = function_head(f"static void {w.prefix}_steps", [*given, self.workspace])
        lines = [
            f"int16_t *const {one.name} = workspace->codes + {one.place};"
            for one in w.buffers
            if one.last
        ]
        lines += [line for block in w.blocks for line in block.split("\n")]
        body = "\n".join(f"    {line}" for line in lines)
        return (
            f"\n/* Computes the outputs from the codes of the inputs. */\n{head}\n{{\n{body}\n}}\n"
        )

    def _floats(self) -> str:
        """The functions that take and give floats."""
        w, real = self.w, Writer(self.made.network, self.w.prefix, "float", 0.0)
        body, tables, place, ends = [], [], 0, []
        code = real.function("code", CODE)
        for one, source, room in zip(w.inputs, self.found.inputs, self.rooms, strict=True):
            start = f"{self.upper}_INPUT_{one.name.upper()}"
            given = [f"{start}_CENTRE", f"{start}_PER_STEP"]
            if not (_is_one(source.centre) and _is_one(source.per_step)):
                given = []
                for role in ("centre", "per_step"):
                    name = f"{w.prefix}_{one.name}_{role}"
                    text = numbers.table(getattr(source, role), "float")
                    tables.append(f"static const float {name}[{one.size}] = {{\n{text}}};")
                    given.append(f"{name}[i]")
            body.append(
                f"for (size_t i = 0; i < {one.size}; i++)\n        workspace->codes["
                f"{self._place(room)}i] = {code}({one.name}[i], {', '.join(given)});"
            )
        sums = []
        for output, room in zip(self.found.outputs, w.outputs, strict=True):
            sums.append(f"workspace->sums + {place}")
            step = numbers.real(2.0**output.exponent, "float")
            value = f"(float)workspace->sums[{place} + i] * {step}"
            if output.end in ("sigmoid", "tanh"):
                value = f"${output.end}({value})"
            ends.append(
                f"for (size_t i = 0; i < {room.size}; i++)\n        {room.name}[i] = {value};"
            )
            if output.end == "softmax":
                n = room.shape[-1]
                ends.append(
                    f"for (size_t i = 0; i < {room.size}; i += {n})\n        "
                    f"$softmax({room.name} + i, {n});"
                )
            place += room.size
        call = f"{w.prefix}_steps({', '.join([*sums, 'workspace'])});"
        lines = "\n".join(f"    {real.resolve(one)}" for one in [*body, call, *ends])
        _, floats, rows = self._signatures()
        at = [f"{one.name} + {one.size} * row" for one in (*w.inputs, *w.outputs)]
        return "\n".join(
            [
                "#include <float.h>\n#include <math.h>\n",
                *real.functions.values(),
                *tables,
                f"{floats}\n{{\n{lines}\n    return 0;\n}}\n",
                f"{rows}\n{{\n    for (size_t row = 0; row < rows; row++)\n"
                f"        {w.prefix}_predict({', '.join([*at, 'workspace'])});\n    return 0;",
                "}\n",
            ]
        )

    def _self_test(self) -> str:
        """The program that compares whole numbers."""
        w, parts = self.w, ["#ifdef COREREG_SELF_TEST"]
        expected = self.found.integers(self.tested)
        given, found, checks = [], [], []
        for one, codes in zip(w.inputs, self.tested, strict=True):
            name = f"{w.prefix}_given_{one.name}"
            text = numbers.table(codes, "int8_t")
            parts.append(f"static const int8_t {name}[{codes.size}] = {{\n{text}}};")
            given.append(f"{name} + {one.size} * row")
        for one, sums in zip(w.outputs, expected, strict=True):
            name, target = f"{w.prefix}_expected_{one.name}", f"{w.prefix}_found_{one.name}"
            text = numbers.table(sums, "int32_t")
            parts.append(f"static const int32_t {name}[{sums.size}] = {{\n{text}}};")
            parts.append(f"static int32_t {target}[{one.size}];")
            found.append(target)
            checks.append(
                f"        for (size_t i = 0; i < {one.size}; i++)\n"
                f"            if ({target}[i] != {name}[{one.size} * row + i])\n"
                "                return 1;\n"
            )
        call = f"{w.prefix}_predict_int8({', '.join([*given, *found, '&workspace'])});"
        parts.append(
            f"\nint main(void)\n{{\n    static struct {w.prefix}_workspace workspace;\n"
            f"    for (size_t row = 0; row < {len(self.tested[0])}; row++) {{\n        {call}\n"
            f"{''.join(checks)}    }}\n    return 0;\n}}\n#endif\n"
        )
        return "\n".join(parts)


def _is_one(values: Array) -> bool:
    return bool((values == values.flat[0]).all())


def _decimal(values: Array) -> str:
    """A float32 as everybody reads it, with digits enough to be exact."""
    text = str(np.float32(values.flat[0]))
    return f"{text if '.' in text or 'e' in text else text + '.0'}f"
