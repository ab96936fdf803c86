"""The text of the C file and of its header."""

from __future__ import annotations

import json
import re
import zlib
from functools import cached_property
from typing import Any

from corereg.export.c import numbers
from corereg.export.c.array import REAL, Array
from corereg.export.c.memory import place_buffers
from corereg.export.c.self_test import Samples, self_test
from corereg.export.c.writer import Writer
from corereg.export.network import Value
from corereg.version import __version__

FORMAT = 1
"""Of the line by which `corereg.export.c.running` knows what a file takes."""


class Source:
    """What a `Writer` wrote, as two texts. title: what the file is, for comments."""

    def __init__(self, w: Writer, title: str, header: str, samples: Samples) -> None:
        self.w, self.title, self.header_name = w, numbers.comment(title), header
        self.samples = samples
        self.pools: dict[str, int] = {}
        for kind in (REAL, "int32_t", "int64_t"):
            self.pools[kind] = place_buffers(
                one for one in w.buffers if one.kind == kind and one.first is not None
            )
        self.called = f"{w.prefix}_predict"
        self.workspace = f"{w.prefix}_workspace"

    @property
    def signature(self) -> str:
        """The function's head, without a semicolon."""
        return self._signature(self.called, [])

    def _signature(self, called: str, first: list[str]) -> str:
        given = [f"const {self.w.type_of(one.kind)} *restrict {one.name}" for one in self.w.inputs]
        given += [f"{self.w.type_of(one.kind)} *restrict {one.name}" for one in self.w.outputs]
        return function_head(
            f"int {called}", [*first, *given, f"struct {self.workspace} *restrict workspace"]
        )

    @property
    def rows_signature(self) -> str:
        """The head of the function for many rows."""
        return self._signature(f"{self.called}_rows", ["size_t rows"])

    @cached_property
    def identity(self) -> str:
        """What tells the header of this file from those of others."""
        whole = "\n".join([self.title, self.signature, *self.w.tables, *self.w.blocks])
        return f"0x{zlib.crc32(whole.encode()):08x}"

    # ---- the header ------------------------------------------------------------------------------

    def header(self) -> str:
        """The text of the header."""
        w, upper = self.w, self.w.prefix.upper()
        pools = [
            f"    {self.w.type_of(kind)} {_POOLS[kind]}[{n}];"
            for kind, n in self.pools.items()
            if n
        ]
        macros = [
            f"#define {upper}_{side}_{numbers.identifier(one.name).upper()}_SIZE {one.size}"
            for side, arrays in (("INPUT", w.inputs), ("OUTPUT", w.outputs))
            for one in arrays
        ]
        failing = (
            f"0, or {w.bad_index} where a whole number is outside of its table" if w.fails else "0"
        )
        lines = [
            f"/* {self.title}",
            " *",
            f" * Written by corereg {__version__}. C99; needs nothing but libm. See",
            f" * {self.header_name[:-2]}.c for the weights.",
            " */",
            f"#ifndef {upper}_H",
            f"#define {upper}_H",
            "",
            "#include <stddef.h>",
            "#include <stdint.h>",
            "",
            "#ifdef __cplusplus",
            'extern "C" {',
            "#endif",
            "",
            "/* Of the C file to which this header belongs. */",
            f"#define {upper}_FILE {self.identity}",
            "",
            "/* How many numbers each array has. */",
            *macros,
            *(
                [
                    f"\n/* What {self.called} returns for a number outside of its table. */",
                    f"#define {w.bad_index} 1",
                ]
                if w.fails
                else []
            ),
            "",
            "/* Room for what is computed on the way: one for each thread. It need not be",
            " * initialized, and holds nothing from call to call. */",
            f"struct {self.workspace} {{",
            *(pools or ["    char unused;"]),
            "};",
            f"#define {upper}_WORKSPACE_SIZE (sizeof(struct {self.workspace}))",
            "",
            "/* Computes one row:",
            " *",
            *(f" *   {line}" for line in self._shapes()),
            " *",
            " * Arrays may not overlap. Any number of threads may call it at once, each with a",
            f" * workspace of its own. Returns {failing}. */",
            f"{self.signature.replace(' *restrict ', ' *')};",
            "",
            "/* The same for many rows, which follow each other in each array. */",
            f"{self.rows_signature.replace(' *restrict ', ' *')};",
            "",
            "#ifdef __cplusplus",
            "}",
            "#endif",
            "#endif",
        ]
        return "\n".join(lines) + "\n"

    def _shapes(self) -> list[str]:
        """A line for each array."""
        network = self.w.network
        rows = [
            (one, value.dtype, value.name)
            for one, value in zip(self.w.inputs, network.inputs, strict=True)
        ]
        rows += [
            (one, value.dtype, name)
            for one, (name, value) in zip(self.w.outputs, network.outputs, strict=True)
        ]
        width = max(len(one.name) for one, *_ in rows)
        return [
            f"{one.name:<{width}}  {self.w.type_of(one.kind)} {numbers.joined(one.shape)}, of the "
            f"model's {numbers.comment(name)!r}"
            for one, _, name in rows
        ]

    # ---- the C file ------------------------------------------------------------------------------

    def source(self) -> str:
        """The text of the C file."""
        w = self.w
        body = [f"    {line}" for line in self._locals()]
        for block in w.blocks:
            body += [f"    {line}" for line in block.split("\n")]
        test = self_test(w, f"{self.called}_rows", self.workspace, self.samples)
        parts = [
            f"/* {self.title}\n *\n * Written by corereg {__version__}; how to call it stands in "
            f"{self.header_name}. With -DCOREREG_SELF_TEST it is a\n * program that returns 0 if "
            f"its results are those of the model.\n *\n * {json.dumps(self.about())}\n */",
            f'#include "{self.header_name}"\n\n#include <float.h>\n#include <math.h>\n',
            f"#if {w.prefix.upper()}_FILE != {self.identity}\n"
            f'#error "{self.header_name} is of another model"\n#endif\n',
            *w.functions.values(),
            *w.tables,
            "",
            f"{self.signature}\n{{",
            *(f"    (void){name};" for name in self._unused("\n".join(body))),
            "\n".join(body),
            "    return 0;\n}\n",
            self._rows(),
            test,
        ]
        return "\n".join(part for part in parts if part) + "\n"

    def about(self) -> dict[str, Any]:
        """What whoever runs the file has to know."""

        def arrays(found: list[Array], values: list[Value]) -> list[Any]:
            return [
                [one.name, self.w.type_of(one.kind), list(one.shape), value.dtype]
                for one, value in zip(found, values, strict=True)
            ]

        network = self.w.network
        return {
            "corereg": FORMAT,
            "prefix": self.w.prefix,
            "inputs": arrays(self.w.inputs, network.inputs),
            "outputs": arrays(self.w.outputs, [value for _, value in network.outputs]),
            "workspace": sum(_BYTES[self.w.type_of(kind)] * n for kind, n in self.pools.items())
            or 1,
        }

    def _unused(self, body: str) -> list[str]:
        """The parameters that the function does not use."""
        names = [*(one.name for one in self.w.inputs), "workspace"]
        return [name for name in names if not re.search(rf"\b{name}\b", body)]

    def _locals(self) -> list[str]:
        """Names for the parts of the workspace."""
        return [
            f"{self.w.type_of(one.kind)} *const {one.name} = workspace->{_POOLS[one.kind]}"
            f"{f' + {one.place}' if one.place else ''};"
            for one in self.w.buffers
            if one.first is not None
        ]

    def _rows(self) -> str:
        """The function for many rows."""
        steps = [
            f"{one.name} + {one.size} * row" if one.size > 1 else f"{one.name} + row"
            for one in (*self.w.inputs, *self.w.outputs)
        ]
        call = f"{self.called}({', '.join([*steps, 'workspace'])})"
        return (
            f"{self.rows_signature}\n{{\n    for (size_t row = 0; row < rows; row++) {{\n"
            f"        const int found = {call};\n        if (found)\n            return found;\n"
            "    }\n    return 0;\n}"
        )


_POOLS = {REAL: "reals", "int32_t": "numbers", "int64_t": "wide"}


_BYTES = {"float": 4, "double": 8, "int32_t": 4, "int64_t": 8}


def function_head(start: str, given: list[str]) -> str:
    """A function's head in lines."""
    line, lines = f"{start}(", []
    for place, one in enumerate(given):
        text = one + (", " if place < len(given) - 1 else ")")
        if len(line) + len(text) > numbers.WIDTH:
            lines.append(line.rstrip())
            line = " " * (len(start) + 1)
        line += text
    return "\n".join([*lines, line])
