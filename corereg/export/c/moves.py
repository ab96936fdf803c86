"""Calls that move numbers, and compute nothing: reshaping, slices, joining, padding.

What they do is found by running them on the places of numbers in place of the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.autograd import Tensor, no_grad
from corereg.export.c import numbers
from corereg.export.c.array import INTEGERS, Array
from corereg.export.c.loops import nest
from corereg.export.c.table import converts
from corereg.export.c.writer import Writer
from corereg.export.converters import keys
from corereg.export.network import Call, Value
from corereg.graph.nest import flatten, map_nest
from corereg.layers.base import Layer
from corereg.layers.flatten import Flatten
from corereg.layers.merging.concatenate import Concatenate
from corereg.layers.reshaping.permute import Permute
from corereg.layers.reshaping.repeat_vector import RepeatVector
from corereg.layers.reshaping.reshape import Reshape
from corereg.layers.select_columns import SelectColumns

Places = np.ndarray[Any, Any]

MOST_PLACES = 2**23
"""That float32 tells apart, of two rows."""


@converts(
    Concatenate,
    Flatten,
    Permute,
    RepeatVector,
    Reshape,
    SelectColumns,
    *keys(
        "append",
        "array",
        "array_split",
        "convert_to_tensor",
        "broadcast_to",
        "concatenate",
        "copy",
        "diagonal",
        "dsplit",
    ),
    *keys("dstack", "expand_dims", "flatten", "flip", "fliplr", "flipud", "getitem", "get_item"),
    *keys("hsplit", "hstack", "moveaxis", "pad", "ravel", "repeat", "reshape", "roll", "rot90"),
    *keys(
        "slice",
        "split",
        "squeeze",
        "stack",
        "stop_gradient",
        "swapaxes",
        "take",
        "tile",
        "transpose",
    ),
    *keys("tril", "triu", "unstack", "vsplit", "vstack"),
)
def moved(w: Writer, call: Call) -> None:
    """Copies from the places that the call takes its outputs from."""
    sources = list({id(value): value for value in call.inputs}.values())
    copy_moved(w, call, sources, moved_places(w, call, sources))


def is_move(call: Call) -> bool:
    """Whether a call only copies numbers."""
    return converts.find(call.kind) is moved


def moved_places(w: Writer, call: Call, sources: Sequence[Value]) -> list[Places]:
    """As `_traced`, where that is all that the call does."""
    if call.word == "take" and len(sources) > 1:
        raise w.refuse("it takes from places that are computed")
    if call.kind.endswith(".pad") and np.any(call.arguments.get("constant_values") or 0):
        raise w.refuse("it pads with numbers other than 0")
    return _traced(w, call, sources)


def copy_moved(w: Writer, call: Call, sources: Sequence[Value], places: list[Places]) -> None:
    """Writes what is copied, each output from its places."""
    starts = np.cumsum([1, *(w.of(one).size for one in sources)]).tolist()
    for value, found in zip(call.outputs, places, strict=True):
        w.shape_of(value)
        for number, source in enumerate(sources):
            whole = np.arange(starts[number], starts[number + 1])
            if id(value) not in w._results and np.array_equal(found.ravel(), whole):
                w.give(value, w.of(source).reshaped(found.shape))
                break
        else:
            _copied(w, w.new(value), [w.of(one) for one in sources], starts, found)


def _traced(w: Writer, call: Call, sources: Sequence[Value]) -> list[Places]:
    """Where the numbers of the outputs come from: places in all sources together, from 1 on; 0 for
    a zero."""
    total = sum(w.of(one).size for one in sources)
    if total > MOST_PLACES:
        raise w.refuse(f"it moves {total} numbers, more than {MOST_PLACES}")
    of_layer = isinstance(call.operation, Layer)
    kind = call.operation.dtype if of_layer else "int64"
    given, start = {}, 1
    for value in sources:
        shape = w.of(value).shape
        own = np.arange(start, start + w.of(value).size).reshape(shape)
        start += own.size
        given[id(value)] = Tensor(np.stack([own, own + total]).astype(kind))

    def tensor(one: Any) -> Any:
        if isinstance(one, Value):
            return given[id(one)]
        if isinstance(one, np.ndarray | Tensor) and np.asarray(one).dtype.kind == "f":
            raise w.refuse("it joins numbers of its own to those of the rows")
        return one

    args, kwargs = map_nest(tensor, call.args), map_nest(tensor, call.kwargs)
    with no_grad():
        found = list(flatten(call.operation(*args, **kwargs)))
    made = []
    for one in found:
        rows = np.asarray(one.data).astype(np.int64)
        if rows.ndim < 1 or len(rows) != 2 or not _same_for_rows(rows, total):
            raise w.refuse("it mixes rows, which C code has one at a time")
        made.append(rows[0])
    return made


def _same_for_rows(rows: Places, total: int) -> bool:
    first, second = rows
    return bool(
        ((first >= 0) & (first <= total)).all()
        and np.array_equal(np.where(first > 0, first + total, 0), second)
    )


def _copied(
    w: Writer, y: Array, sources: Sequence[Array], starts: Sequence[int], found: Places
) -> None:
    """Writes what is copied from each source, and zeros."""
    if (found == 0).any():
        zero = "0" if y.kind in INTEGERS else "$0"
        w.emit(f"for (size_t i = 0; i < {y.size}; i++)\n    {y.name}[i] = {zero};", y)
    every = np.arange(found.size).reshape(found.shape)
    for number, source in enumerate(sources):
        inside = (found >= starts[number]) & (found < starts[number + 1])
        if inside.all():
            copy_places(w, y, source, every, found - starts[number])
        elif inside.any():
            to, origin = every[inside], found[inside] - starts[number]
            if len(origin) == source.size and len(np.unique(origin)) == source.size:
                order = np.argsort(origin)
                to, origin = (one[order].reshape(source.shape) for one in (to, origin))
            copy_places(w, y, source, to, origin)


def copy_places(w: Writer, y: Array, x: Array, to: Places, origin: Places) -> None:
    """Writes y[to] = x[origin], places of one shape: by loops where they are regular, else by
    tables."""
    strides, offsets, tables = [], [], []
    for places in (to, origin):
        regular = _strides(places)
        if regular is None:
            kind = numbers.narrowest(places)
            tables.append(w.table("places", places.ravel(), kind).name)
            regular = _strides(np.arange(places.size).reshape(places.shape))
            start = 0
        else:
            tables.append("")
            start = int(places.flat[0])
        assert regular is not None
        strides.append(regular)
        offsets.append(start)

    def body(at: list[str]) -> str:
        left, right = (
            f"{table}[{one}]" if table else one for table, one in zip(tables, at, strict=True)
        )
        return f"{y.name}[{left}] = {w.cast(f'{x.name}[{right}]', x.kind, y.kind)};"

    w.emit(nest(to.shape, strides, body, offsets), y, x)


def _strides(places: Places) -> list[int] | None:
    """How far apart neighbours along each axis lie, if that is the same everywhere; else None."""
    found = []
    expected = np.full(places.shape, places.flat[0])
    for axis, size in enumerate(places.shape):
        step = 0
        if size > 1:
            second = [0] * places.ndim
            second[axis] = 1
            step = int(places[tuple(second)]) - int(places.flat[0])
            along = np.arange(size).reshape([-1 if i == axis else 1 for i in range(places.ndim)])
            expected = expected + step * along
        found.append(step)
    regular = np.array_equal(expected, places) and min(found, default=0) >= 0
    return found if regular else None
