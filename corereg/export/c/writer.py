"""Writer: what converters write a function in C with."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.export.c import numbers
from corereg.export.c.array import INTEGERS, REAL, Array, Buffer, kind_of
from corereg.export.c.kernels import KERNELS, MACROS
from corereg.export.c.loops import NAMES
from corereg.export.network import Call, Network, Value

_TOKEN = re.compile(r"\$(-?\d[\d.]*(?:e[+-]?\d+)?|\w+)")
Numbers = np.ndarray[Any, Any]

RESERVED = frozenset(
    (
        *NAMES,
        "at",
        "errno",
        "expected",
        "found",
        "given",
        "main",
        "row",
        "rows",
        "size",
        "sum",
        "square_a",
        "square_b",
        "x",
        "y",
    )
)
"""Names of variables that statements declare themselves."""


class Refused(ValueError):
    """What C code of this kind cannot do."""


class Writer:
    """The statements of one function, and what they need: tables of weights, functions, a
    workspace.

    prefix: of all names outside of functions; real: "float" or "double"; sparse_below: the share of
    weights other than zero under which products use lists of them.

    In texts, `$name` stands for what belongs to the file; see corereg/export/c/kernels.py.
    """

    def __init__(self, network: Network, prefix: str, real: str, sparse_below: float) -> None:
        self.network, self.prefix, self.real = network, prefix, real
        self.sparse_below = sparse_below
        self.functions: dict[str, str] = {}
        self.tables: list[str] = []
        self.buffers: list[Buffer] = []
        self.blocks: list[str] = []
        self.fails = False
        self._names = set(RESERVED)
        self._known: dict[tuple[Any, ...], Array] = {}
        self._arrays: dict[int, Array] = {}
        self._left: dict[int, int] = {}  # uses of values that are still to come
        self._sharing: dict[int, list[int]] = {}  # by the id of a buffer: values that lie in it
        self._results: dict[int, Array] = {}
        self._call: Call | None = None
        self.inputs = [self._parameter(one.name, one) for one in network.inputs]
        self.outputs = [self._parameter(name, value) for name, value in network.outputs]

    # ---- the walk --------------------------------------------------------------------------------

    def begin_walk(self) -> None:
        """Looks at the network as it will be written."""
        for value, array in zip(self.network.inputs, self.inputs, strict=True):
            self._arrays[id(value)] = array
        for value in [one for call in self.network.calls for one in call.inputs]:
            self._left[id(value)] = self._left.get(id(value), 0) + 1
        for (_, value), array in zip(self.network.outputs, self.outputs, strict=True):
            self._left[id(value)] = self._left.get(id(value), 0) + 1
            if value not in self.network.inputs:
                self._results.setdefault(id(value), array)

    def begin(self, call: Call) -> None:
        """Says whose statements follow."""
        self._call = call

    def end(self) -> None:
        """Says that the call's statements are written."""
        assert self._call is not None
        for one in self._call.inputs:
            self._left[id(one)] -= 1
        self._call = None

    def finish(self) -> None:
        """Copies what is an output, and lies elsewhere."""
        for (_, value), target in zip(self.network.outputs, self.outputs, strict=True):
            found = self._arrays[id(value)]
            if found.name != target.name:
                self.emit(
                    f"for (size_t i = 0; i < {target.size}; i++)\n"
                    f"    {target.name}[i] = {found.name}[i];",
                    found,
                )

    def refuse(self, why: str) -> Refused:
        """The error for the call that cannot be written."""
        who = "the model" if self._call is None else self._call.who
        return Refused(
            f"export to C: cannot export {who}: {why}; leave it out of the model that you export, "
            "or write it with other layers"
        )

    # ---- values ----------------------------------------------------------------------------------

    def shape_of(self, value: Value) -> tuple[int, ...]:
        """The shape of a row."""
        shape = value.shape[1:]
        rows = {None, *(one.shape[0] for one in self.network.inputs if one.shape)}
        if not value.shape or value.shape[0] not in rows:
            raise self.refuse(f"it gives or takes {value.shape}, which has no axis of rows")
        known = tuple(n for n in shape if n is not None)
        if len(known) < len(shape):
            raise self.refuse(
                f"it has the shape {value.shape}, and C code needs to know how long rows are; give "
                "Input the whole shape"
            )
        if 0 in known:
            raise self.refuse(f"it has the shape {value.shape}, without any numbers")
        return known

    def _parameter(self, name: str, value: Value) -> Array:
        if value.dtype == "string":
            raise self.refuse(f"{value.name!r} takes texts, which C code does not read")
        kind = kind_of(value.dtype)
        return Array(self.name(name, local=True), kind, self.shape_of(value))

    def of(self, value: Value) -> Array:
        """Where a value lies."""
        return self._arrays[id(value)]

    def give(self, value: Value, array: Array) -> None:
        """Says where a value lies."""
        self._arrays[id(value)] = array
        if array.buffer is not None:
            self._sharing.setdefault(id(array.buffer), []).append(id(value))

    def new(self, value: Value) -> Array:
        """Room for a value: an output of the function if it is one, else a part of the
        workspace."""
        shape, kind = self.shape_of(value), kind_of(value.dtype)
        result = self._results.pop(id(value), None)
        if result is None:
            result = self.scratch(value.name, kind, shape)
        self.give(value, result)
        return result

    def same_or_new(self, value: Value, source: Value) -> Array:
        """The room of a source that nobody needs any more, in a value's place; else new room."""
        assert self._call is not None
        array = self.of(source)
        own = sum(one is source for one in self._call.inputs)
        fits = array.kind == kind_of(value.dtype) and array.shape == self.shape_of(value)
        if array.buffer is None or not fits or id(value) in self._results:
            return self.new(value)
        uses = sum(self._left.get(one, 0) for one in self._sharing[id(array.buffer)])
        if uses > own:
            return self.new(value)
        self.give(value, array)
        return array

    def scratch(self, name: str, kind: str, shape: Sequence[int]) -> Array:
        """A part of the workspace."""
        found = Array(self.name(name, local=True), kind, tuple(shape))
        found.buffer = Buffer(found.name, kind, max(found.size, 1))
        self.buffers.append(found.buffer)
        return found

    # ---- texts -----------------------------------------------------------------------------------

    def emit(self, text: str, *arrays: Array) -> None:
        """Writes statements; arrays: those that they use, as far as they may lie in the
        workspace."""
        for one in arrays:
            if one.buffer is not None:
                if one.buffer.first is None:
                    one.buffer.first = len(self.blocks)
                one.buffer.last = len(self.blocks)
        self.blocks.append(self.resolve(text))

    def note(self, text: str) -> None:
        """Writes a comment."""
        self.blocks.append(f"/* {numbers.comment(text)} */")

    def type_of(self, kind: str) -> str:
        """A kind of arrays as C writes it."""
        return self.real if kind == REAL else kind

    def number(self, value: Any) -> str:
        """A constant of the type of the file's reals."""
        return numbers.real(value, self.real)

    def name(self, wanted: str, *, local: bool = False) -> str:
        """A name that nothing else has: of a variable, or with the prefix."""
        found = numbers.identifier(wanted)
        if not local:
            found = f"{self.prefix}_{found}"
        elif found.startswith(self.prefix):  # as all does that is no variable
            found = f"own_{found}"
        taken, number = found, 1
        while taken in self._names:
            number += 1
            taken = f"{found}_{number}"
        self._names.add(taken)
        return taken

    def table(self, role: str, values: Numbers, kind: str = REAL) -> Array:
        """A constant array with these numbers, one for all that want the same."""
        key = kind, values.shape, values.tobytes(), values.dtype
        if key not in self._known:
            name = self.name(role)
            plain = self.type_of(kind)
            text = numbers.table(values, plain)
            self.tables.append(f"static const {plain} {name}[{values.size}] = {{\n{text}}};")
            self._known[key] = Array(name, kind, values.shape)
        return self._known[key]

    def resolve(self, text: str) -> str:
        """A text with what `$name` stands for."""
        return _TOKEN.sub(lambda match: self._token(match[1]), text)

    def _token(self, token: str) -> str:
        if token[0] in "-0123456789":
            return self.number(float(token))
        short = self.real == "float"
        plain = {"real": self.real, "SHORT": "F" if short else "", "BAD_INDEX": self.bad_index}
        plain["MAX"] = "FLT_MAX" if short else "DBL_MAX"
        if token in plain:
            return plain[token]
        if token in MACROS:
            return self.function(token, MACROS[token], upper=True)
        for key in (token, f"{token}:{self.real}"):
            if key in KERNELS:
                return self.function(token, KERNELS[key])
        return token + "f" * short

    def function(self, name: str, text: str, *, upper: bool = False) -> str:
        """The name of a function, whose text is written once; in it, `$self` is its name."""
        found = f"{self.prefix}_{name}"
        found = found.upper() if upper else found
        if found not in self.functions:
            self.functions[found] = ""
            own = (name, "self")
            made = _TOKEN.sub(
                lambda match: found if match[1] in own else self._token(match[1]), text
            )
            del self.functions[found]  # behind those that it calls
            self.functions[found] = made
        return found

    @property
    def bad_index(self) -> str:
        """The name of the error for a whole number that is out of range."""
        return f"{self.prefix}_BAD_INDEX".upper()

    # ---- numbers of other kinds ------------------------------------------------------------------

    def cast(self, text: str, kind: str, wanted: str) -> str:
        """A C expression of a kind as another kind."""
        if kind == wanted:
            return text
        if wanted in INTEGERS and kind == REAL:
            return f"$to_{wanted[:-2]}({text})"
        return f"({wanted})({text})" if not text.isidentifier() else f"({wanted}){text}"
