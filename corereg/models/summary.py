"""model.summary(): a table of layers."""

from __future__ import annotations

from typing import Any, Protocol

from corereg.autograd import Parameter
from corereg.layers.base import Layer
from corereg.training.trainer import TrainableModel


class SummarizedModel(TrainableModel, Protocol):
    """What a summary asks of a model, besides what training does."""

    @property
    def non_trainable_weights(self) -> list[Parameter]: ...
    def count_params(self) -> int: ...
    def _shape_behind(self, layer: Layer) -> Any: ...


def summary_lines(model: SummarizedModel) -> list[str]:
    """The table, a line an entry."""
    rows = [("Layer (type)", "Output shape", "Params", "Regularizer")]
    for layer in model.layers:
        shape = model._shape_behind(layer)
        rows.append(
            (
                f"{layer.name} ({type(layer).__name__})",
                "?" if shape is None else str(shape),
                f"{layer.count_params():,}" if layer.built else "?",
                _regularizers(layer),
            )
        )
    widths = [max(len(row[i]) for row in rows) for i in range(4)]

    def line(row: tuple[str, ...]) -> str:
        name, out, count, penalty = row
        cells = [name.ljust(widths[0]), out.ljust(widths[1]), count.rjust(widths[2]), penalty]
        return "  ".join(cells).rstrip()

    rule = "-" * max(len(line(row)) for row in rows)
    lines = [f'Model: "{model.name}"', rule, line(rows[0]), rule, *map(line, rows[1:]), rule]
    if model.built:
        total = model.count_params()
        frozen = sum(p.size for p in model.non_trainable_weights)
        lines.append(f"Total params: {total:,} ({total * _width(model):,} bytes)")
        lines.append(f"Trainable params: {total - frozen:,}; frozen: {frozen:,}")
    else:
        lines.append("Not built: the input shape is open")
    return lines


def _width(model: SummarizedModel) -> int:
    return 8 if model.dtype == "float64" else 4


def _regularizers(layer: Layer) -> str:
    found = [
        f"{what}: {getattr(layer, f'{what}_regularizer', None)!r}"
        for what in ("kernel", "bias", "activity")
        if getattr(layer, f"{what}_regularizer", None) is not None
    ]
    if hasattr(layer, "rate"):
        found.append(f"rate {layer.rate}")
    return ", ".join(found)
