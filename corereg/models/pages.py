"""Models as notebooks show them: a table of layers in HTML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from corereg import markup
from corereg.graph.connections import is_line
from corereg.models.summary import Entry, count_text, entries_of, regularizers_of, totals_of


def model_page(model: Any, extra: tuple[str, Sequence[str]] | None = None) -> str:
    """The HTML of a model: layers with output shapes, numbers of parameters, regularizers and rates
    of dropout, whether they are trained; how it is compiled, and how long it was trained. extra:
    the head and the cells of one more column."""
    entries = entries_of(model, False, 0)
    if extra is not None:
        entries = [Entry(part, 0, part.output_shape, []) for part in model.layers]
    graph = getattr(model, "_graph", None)
    connected = graph is not None and not is_line(graph) and extra is None
    head = ["Layer", "Type", "Output shape", "Parameters", "Trained"]
    head += ["Connected to"] * connected + ["Regularization"]
    rows = []
    for part, _, shape, sources in entries:
        row = [part.name, type(part).__name__, "?" if shape is None else str(shape)]
        row += [count_text(part), _trained(part)]
        row += [", ".join(map(str, sources))] * connected
        rows.append([*row, regularizers_of(part)])
    if not any(row[-1] for row in rows):
        head, rows = head[:-1], [row[:-1] for row in rows]
    if extra is not None:
        name, cells = extra
        head.append(name)
        rows = [[*row, cell] for row, cell in zip(rows, cells, strict=True)]
    wide = range(5, len(head))
    return markup.card(
        f"{type(model).__name__} {model.name!r}",
        markup.table(head, rows, right=(3,), wide=wide),
        *map(markup.paragraph, ["; ".join(totals_of(model)), *_compiled(model), *_training(model)]),
    )


def _trained(part: Any) -> str:
    if not getattr(part, "weights", ()):
        return ""
    return "yes" if part.trainable else "no, frozen"


def _compiled(model: Any) -> list[str]:
    """What `compile` was told."""
    compilation = model._trainer.compilation
    if compilation.optimizer is None:
        return ["Not compiled"]
    told = [_optimizer(compilation.optimizer)]
    if compilation.loss is not None:
        told.append(f"loss {_named(compilation.loss)}")
    for what, given in (
        ("metrics", compilation.requested_metrics),
        ("weighted metrics", compilation.requested_weighted_metrics),
    ):
        if given:
            told.append(f"{what} {_named(given)}")
    if compilation.run_eagerly:
        told.append("run_eagerly=True")
    if compilation.matmul_precision is not None:
        told.append(f"products in {compilation.matmul_precision!r} precision")
    return [f"Compiled: {'; '.join(told)}"]


def _optimizer(optimizer: Any) -> str:
    """The class of an optimizer, and its learning rate or what makes it."""
    schedule = optimizer._schedule
    rate = f"{float(optimizer.learning_rate):.6g}"
    if schedule is not None:
        rate = f"by {getattr(schedule, '__name__', type(schedule).__name__)}, now {rate}"
    return f"{type(optimizer).__name__}, learning rate {rate}"


def _named(value: Any) -> str:
    """The names of losses or metrics: of one, a list or a dict."""
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_named(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_named, value))
    name = value if isinstance(value, str) else getattr(value, "name", None)
    return str(name or getattr(value, "__name__", None) or type(value).__name__)


def _training(model: Any) -> list[str]:
    history = model.history
    if history is None or not history.epoch:
        return []
    last = {name: values[-1] for name, values in history.history.items() if values}
    told = [f"{name} {last[name]:.4g}" for name in ("loss", "val_loss") if name in last]
    epoch = f"epoch {history.epoch[-1] + 1}"
    return [f"Trained to {epoch}{', ' * bool(told)}{', '.join(told)}"]
