"""model.summary(): a table of layers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from corereg.autograd import Parameter
from corereg.graph.connections import Source, connections, is_line
from corereg.layers.base import Layer
from corereg.models.text_table import lines_of, table
from corereg.training.trainer import TrainableModel

_WIDEST = 100  # characters of a line, if nothing else is said
_INDENT = "    "


class SummarizedModel(TrainableModel, Protocol):
    """What a summary asks of a model, besides what training does."""

    @property
    def non_trainable_weights(self) -> list[Parameter]: ...
    def _shape_behind(self, layer: Layer) -> Any: ...


class Entry(NamedTuple):
    """A layer or op of a model, or of a model within it, at some depth."""

    part: Any
    depth: int
    shape: Any
    sources: list[Source]


def summary_lines(
    model: SummarizedModel,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> list[str]:
    """The table, a line an entry. See `Model.summary`."""
    entries = entries_of(model, expand_nested, 0)
    if layer_range is not None:
        entries = _within(entries, layer_range)
    graph = _graph_of(model)
    connected = graph is not None and not is_line(graph)
    regularized = any(regularizers_of(entry.part) for entry in entries)
    head = ["Layer (type)", "Output Shape", "Param #"]
    head += ["Connected to"] * connected + ["Trainable"] * show_trainable
    columns = len(head)
    head += ["Regularizer"] * regularized
    rows = []
    for part, depth, shape, sources in entries:
        row = [
            f"{_INDENT * depth}{part.name} ({type(part).__name__})",
            "?" if shape is None else str(shape),
            count_text(part),
        ]
        if connected:
            row.append(", ".join(map(str, sources)) or "-")
        if show_trainable:
            row.append("-" if not getattr(part, "weights", ()) else "NY"[bool(part.trainable)])
        rows.append(row + [regularizers_of(part)] * regularized)
    return [
        f'Model: "{model.name}"',
        *_table(head, rows, line_length, positions, columns),
        *totals_of(model),
    ]


def _table(
    head: list[str],
    rows: list[list[str]],
    line_length: int | None,
    positions: Sequence[float] | None,
    columns: int,
) -> list[str]:
    """positions: where each of the first so many columns ends."""
    if positions is None:
        return table(head, rows, [2], line_length or _WIDEST, exactly=line_length is not None)
    if len(positions) < columns:
        raise ValueError(
            f"summary: expected positions for {columns} columns ({', '.join(head[:columns])}), "
            f"received {len(positions)}: {positions!r}"
        )
    ends = [0.0, *positions[:columns]]
    if ends[-1] <= 1:  # fractions of the line
        ends = [end * (line_length or _WIDEST) for end in ends]
    widths = [max(int(b) - int(a) - 2, 1) for a, b in pairwise(ends)]
    widths += [max(len(row[i]) for row in [head, *rows]) for i in range(columns, len(head))]
    return lines_of(head, rows, [2], widths)


def _graph_of(model: Any) -> Any:
    return getattr(model, "_graph", None)


def entries_of(model: Any, expand: bool, depth: int) -> list[Entry]:
    """The layers of a model, and with `expand` those of models within it."""
    graph = _graph_of(model)
    found: list[tuple[Any, list[Source]]] = [(layer, []) for layer in model.layers]
    if graph is not None:
        found = list(connections(graph))
    entries = []
    for part, sources in found:
        entries.append(Entry(part, depth, model._shape_behind(part), sources))
        if expand and hasattr(part, "summary") and hasattr(part, "layers"):
            entries += entries_of(part, expand, depth + 1)
    return entries


def _within(entries: list[Entry], layer_range: Sequence[str]) -> list[Entry]:
    """The entries from the first that fits one of two regular expressions to the last that fits the
    other, at the begin of its name."""
    if isinstance(layer_range, str) or len(layer_range) != 2:
        raise ValueError(
            f"summary: expected layer_range as two names of layers, received {layer_range!r}"
        )
    places = [
        [i for i, one in enumerate(entries) if one.depth == 0 and re.match(name, one.part.name)]
        for name in layer_range
    ]
    for name, found in zip(layer_range, places, strict=True):
        if not found:
            known = ", ".join(one.part.name for one in entries if one.depth == 0)
            raise ValueError(f"summary: layer_range: no layer fits {name!r}; there are {known}")
    lower, upper = places
    if lower[0] > upper[-1]:
        lower, upper = upper, lower
    first, last = lower[0], upper[-1] + 1
    while last < len(entries) and entries[last].depth > 0:
        last += 1
    return entries[first:last]


def totals_of(model: SummarizedModel) -> list[str]:
    """How many parameters there are, and how much memory they take."""
    frozen = model.non_trainable_weights
    numbers = {
        "Total params": [w.data for w in model.weights],
        "Trainable params": [w.data for w in model.trainable_weights],
        "Non-trainable params": [w.data for w in frozen],
    }
    optimizer = model._trainer.compilation.optimizer
    if optimizer is not None and optimizer.built:
        own = [getattr(one, "data", one) for one in optimizer.variables]
        numbers["Optimizer params"] = own
        numbers["Total params"] = numbers["Total params"] + own
    lines = []
    for what, arrays in numbers.items():
        count = sum(getattr(array, "size", 1) for array in arrays)
        size = sum(getattr(array, "nbytes", 8) for array in arrays)
        lines.append(f"{what}: {count:,} ({_size_text(size)})")
    if not model.built:
        lines.append("Not built: the input shape is open")
    return lines


def _size_text(size: float) -> str:
    """A number of bytes, in units of 1024."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} TB"


def count_text(part: Any) -> str:
    """How many parameters a layer has."""
    if not isinstance(part, Layer):
        return "0"
    return f"{part.count_params():,}" if part.built else "0 (unbuilt)"


def regularizers_of(layer: Any) -> str:
    """What regularizes a layer, and its rate of dropout."""
    found = [
        f"{what}: {getattr(layer, f'{what}_regularizer', None)!r}"
        for what in ("kernel", "bias", "activity")
        if getattr(layer, f"{what}_regularizer", None) is not None
    ]
    if hasattr(layer, "rate"):
        found.append(f"rate {layer.rate}")
    return ", ".join(found)
