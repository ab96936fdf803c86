"""A History as notebooks show it: curves and a table in HTML, without matplotlib."""

from __future__ import annotations

from typing import Any

from corereg import markup
from corereg.plotting.learning import as_number, curves_of, epochs_of, metric_names
from corereg.progress import number_text

_MOST_ROWS, _FIRST, _LAST = 12, 3, 6
_MOST_COLUMNS = 10
_MOST_CURVES = 3
_KINDS = {"training": 1, "validation": 2, "penalty": 3}


def history_page(history: Any) -> str:
    """The HTML of a History. In a longer table, the epochs in the middle are left out but for the
    best one, which an `EarlyStopping` found."""
    values = {name: list(map(as_number, found)) for name, found in history.history.items() if found}
    epochs: list[int] = history.epoch
    title = f"History of {len(epochs)} epoch{'' if len(epochs) == 1 else 's'}"
    if not epochs or not values:
        return markup.card(title)
    frequency = history.notes.get("validation_freq")
    early = history.notes.get("early_stopping")
    best = None if early is None else early.best_epoch + 1
    names = _ordered(values)
    shown = names[:_MOST_COLUMNS]
    by_epoch = {
        name: dict(zip(epochs_of(len(values[name]), epochs, frequency), values[name], strict=False))
        for name in shown
    }
    rows: list[list[str]] = []
    marked = []
    for epoch in _chosen([epoch + 1 for epoch in epochs], best):
        if epoch is None:
            rows.append(["…"] * (1 + len(shown)))
            continue
        if epoch == best:
            marked.append(len(rows))
        found = [by_epoch[name].get(epoch) for name in shown]
        rows.append([str(epoch), *("" if one is None else number_text(one) for one in found)])
    told = []
    if early is not None:
        told.append(f"Best {early.monitor} in epoch {best}")
        if early.stopped_epoch:
            told[0] += f"; stopped after epoch {early.stopped_epoch + 1}"
    if len(names) > len(shown):
        told.append(f"and {', '.join(names[_MOST_COLUMNS:])}")
    return markup.card(
        title,
        _pictures(values, epochs, frequency, best),
        markup.table(["epoch", *shown], rows, range(1 + len(shown)), marked=marked),
        *map(markup.paragraph, told),
    )


def _pictures(values: Any, epochs: list[int], frequency: Any, best: int | None) -> str:
    """The curves of the loss and of the first metrics, where there are two epochs or more."""
    if len(epochs) < 2:
        return ""
    pictures = []
    for name in metric_names(values)[:_MOST_CURVES]:
        lines = [
            markup.Curve(what, _KINDS[what], (x, y))
            for what, x, y in curves_of(name, values, epochs, frequency)
        ]
        apart = any(line.label == "penalty" for line in lines)
        title = f"{name} without penalty" if apart else name
        pictures.append(markup.curves(title, lines, best))
    return f'<div class="curves">{"".join(pictures)}</div>'


def _ordered(values: dict[str, list[float]]) -> list[str]:
    """The loss, the penalty and metrics of training, then those of validation; penalties of single
    layers come last."""

    def place(name: str) -> tuple[bool, bool, int, str]:
        own = name.removeprefix("val_")
        first = {"loss": 0, "penalty": 1}.get(own, 2)
        return own.endswith("_penalty"), own != name, first, own

    return sorted(values, key=place)


def _chosen(epochs: list[int], best: int | None) -> list[int | None]:
    """The epochs of the table; None stands for those that are left out."""
    if len(epochs) <= _MOST_ROWS:
        return list(epochs)
    kept = {*epochs[:_FIRST], *epochs[-_LAST:], *([best] if best in epochs else [])}
    found: list[int | None] = []
    for epoch in epochs:
        if epoch in kept:
            found.append(epoch)
        elif found[-1] is not None:
            found.append(None)
    return found
