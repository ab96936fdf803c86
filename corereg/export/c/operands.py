"""Arguments of calls, as C expressions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd import Tensor
from corereg.export.c import numbers
from corereg.export.c.array import REAL, Array, kind_of
from corereg.export.c.loops import broadcast, nest
from corereg.export.c.writer import Writer
from corereg.export.network import Value

Numbers = np.ndarray[Any, Any]


class Operand:
    """One argument of a call: an array, or one number. rank: with how many axes it goes into the
    call, that of rows included."""

    __slots__ = ("array", "kind", "number")

    def __init__(self, array: Array | None, number: Any, kind: str) -> None:
        self.array, self.number, self.kind = array, number, kind

    @property
    def shape(self) -> tuple[int, ...]:
        """Of a row."""
        return () if self.array is None else self.array.shape


def operand(w: Writer, given: Any, rank: int, *, padded: bool = False) -> Operand:
    """An argument of a call whose result has `rank` axes; padded: axes that it lacks are put behind
    that of the rows, as merging layers do it."""
    if isinstance(given, Value):
        array = w.of(given)
        if not padded and len(given.shape) != rank:
            raise w.refuse(f"it mixes rows: shapes of {len(given.shape)} and {rank} axes")
        return Operand(array, None, array.kind)
    values = np.asarray(given.data if isinstance(given, Tensor) else given)
    if values.dtype.kind not in "fiub":
        raise w.refuse(f"it takes {given!r}")
    kind = kind_of(values.dtype)
    if values.ndim >= rank:
        if values.shape[0] != 1 or values.ndim > rank:
            raise w.refuse(
                f"it takes numbers of shape {values.shape}, which differ from row to row"
            )
        values = values[0]
    if values.size == 1:
        return Operand(None, values.reshape(-1)[0], kind)
    return Operand(w.table("numbers", values, kind), None, kind)


def elementwise(
    w: Writer,
    target: Array,
    operands: Sequence[Operand],
    expression: str,
    kinds: str | Sequence[str] = REAL,
    result: str | None = None,
) -> None:
    """Writes target = expression, for each element. In the expression {0}, {1} and so on stand for
    the operands, as numbers of a kind, or each of its own; result: the kind of the expression, by
    default that one; "int" for truth."""
    wanted = [kinds] * len(operands) if isinstance(kinds, str) else kinds
    given = result or wanted[0]
    strides = [broadcast(target.shape, target.shape)]
    strides += [broadcast(one.shape, target.shape) for one in operands if one.array is not None]

    def body(places: list[str]) -> str:
        left = iter(places[1:])
        texts = []
        for one, kind in zip(operands, wanted, strict=True):
            if one.array is not None:
                texts.append(w.cast(f"{one.array.name}[{next(left)}]", one.kind, kind))
                continue
            text = w.number(one.number) if kind == REAL else numbers.whole(one.number, kind)
            texts.append(f"({text})" if text.startswith("-") else text)
        value = expression.format(*texts)
        if given != target.kind:
            value = w.cast(value, given, target.kind)
        return f"{target.name}[{places[0]}] = {value};"

    arrays = [one.array for one in operands if one.array is not None]
    w.emit(nest(target.shape, strides, body), target, *arrays)


def common_kind(operands: Sequence[Operand]) -> str:
    """What numbers of several kinds are computed in."""
    kinds = {one.kind for one in operands}
    return REAL if REAL in kinds else "int64_t" if "int64_t" in kinds else "int32_t"
