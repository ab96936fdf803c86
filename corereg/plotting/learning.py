"""Pictures of a training: its history, norms by layer, and what a learning-rate finder found."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from corereg.plotting.style import (
    PENALTY,
    TRAIN,
    VALIDATION,
    axes_of,
    ink,
    legend,
    line_style,
    on,
    panels_of,
    tidy,
    whole_numbers,
)

_NO_METRICS = ("lr", "learning_rate")


def history(history: Any, metrics: str | Sequence[str] | None = None, ax: Any = None) -> Any:
    """The curves of a training, by epoch: of the training rows and, if there are any, of the
    validation rows.

    history: the History that `fit` gives, or its dict `history`. metrics: "loss" or the name of a
    metric, or a list of such; None: the loss and all metrics, a panel each. ax: the axes to draw
    on, for several panels as many; None: new ones.

    Of a model with penalties the loss is drawn without them, so that the curves compare with those
    of other models, and the penalty as a dotted line of its own. Where an `EarlyStopping` was among
    the callbacks, a vertical line stands at the best epoch, and a second one where it stopped.

    Returns the axes: one for one name, otherwise an array. ValueError for names that the history
    does not have, and for an empty history.

    >>> ax = corereg.plotting.history({"loss": [2.0, 1.5], "val_loss": [2.1, 1.9]}, "loss")
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('epoch', 'loss')
    """
    who = "plotting.history"
    values, epochs, notes = _content(who, history)
    names = metric_names(values) if metrics is None else list(metrics)
    if isinstance(metrics, str):
        names = [metrics]
    for name in names:
        if name not in values and f"val_{name}" not in values:
            known = ", ".join(map(repr, metric_names(values)))
            raise ValueError(f"{who}: expected metrics out of {known}, received {name!r}")
    axes = panels_of(who, ax, len(names), names)
    for name, place in zip(names, axes, strict=True):
        _draw(place, name, values, epochs, notes)
    return axes[0] if isinstance(metrics, str) else np.array(axes, dtype=object)


def metric_names(values: Mapping[str, Sequence[float]]) -> list[str]:
    """What is drawn of a history: the loss, and then the metrics."""
    bases = dict.fromkeys(name.removeprefix("val_") for name in values)
    found = [n for n in bases if not n.endswith("penalty") and n not in _NO_METRICS]
    return sorted(found, key=lambda name: name != "loss")


def curves_of(
    name: str, values: Mapping[str, Sequence[float]], epochs: Sequence[int], frequency: Any
) -> list[tuple[str, list[int], list[float]]]:
    """What is drawn of a metric: ("training", "validation" or "penalty", epochs counted from 1,
    values). A loss is given without the penalty."""
    found = []
    for what, prefix in (("training", ""), ("validation", "val_")):
        curve = values.get(prefix + name)
        if curve:
            own = list(map(as_number, curve))
            penalty = values.get(f"{prefix}penalty") if name == "loss" else None
            if penalty is not None and len(penalty) == len(own):
                own = [a - as_number(b) for a, b in zip(own, penalty, strict=True)]
            found.append((what, epochs_of(len(own), epochs, frequency), own))
    penalty = values.get("penalty") if name == "loss" else None
    if penalty is not None and any(penalty):
        found.append(
            ("penalty", epochs_of(len(penalty), epochs, None), list(map(as_number, penalty)))
        )
    return found


def as_number(value: Any) -> float:
    """A value of the logs as a number: of several their mean; NaN for what is none."""
    try:
        return float(np.mean(np.asarray(value, float)))
    except (TypeError, ValueError):
        return math.nan


def epochs_of(count: int, epochs: Sequence[int], frequency: Any) -> list[int]:
    """The epochs, counted from 1, that so many values are of. frequency: `validation_freq`."""
    all_of_them = [epoch + 1 for epoch in epochs]
    if count < len(all_of_them) and frequency is not None:
        several = not hasattr(frequency, "__index__")
        validated = [e for e in all_of_them if (e in frequency if several else e % frequency == 0)]
        if len(validated) == count:
            return validated
    return all_of_them[-count:] if count <= len(all_of_them) else list(range(1, count + 1))


def _content(who: str, history: Any) -> tuple[Mapping[str, Any], list[int], Mapping[str, Any]]:
    """The values by name, the epochs, and what else is known."""
    values = getattr(history, "history", history)
    if not isinstance(values, Mapping):
        raise TypeError(
            f"{who}: expected a History or its dict, received {type(history).__name__}; "
            "model.fit returns one"
        )
    if not any(len(found) for found in values.values()):
        raise ValueError(f"{who}: expected a history of one epoch or more, received an empty one")
    epochs = list(getattr(history, "epoch", ()))
    longest = max(map(len, values.values()))
    return values, epochs or list(range(longest)), getattr(history, "notes", {})


def _draw(
    ax: Any,
    name: str,
    values: Mapping[str, Any],
    epochs: Sequence[int],
    notes: Mapping[str, Any],
) -> None:
    looks = {
        "training": {"color": on(ax, TRAIN)},
        "validation": {"color": VALIDATION},
        "penalty": {"color": PENALTY, "linestyle": ":"},
    }
    found = curves_of(name, values, epochs, notes.get("validation_freq"))
    for what, x, y in found:
        mark = "o" if len(x) == 1 else None
        ax.plot(x, y, label=what, marker=mark, linewidth=1.8, **looks[what])
    early = notes.get("early_stopping")
    if early is not None:
        label = f"best {early.monitor}: epoch {early.best_epoch + 1}"
        ax.axvline(early.best_epoch + 1, color=ink(), alpha=0.65, lw=1.2, ls="--", label=label)
        if early.stopped_epoch:
            stopped = early.stopped_epoch + 1
            ax.axvline(stopped, color=ink(), alpha=0.3, lw=1.2, label=f"stopped: epoch {stopped}")
    apart = "penalty" in [what for what, _, _ in found]
    ax.set(xlabel="epoch", ylabel=f"{name} without penalty" if apart else name)
    whole_numbers(ax.xaxis)
    tidy(ax)
    legend(ax)


def norms(norms: Any, ax: Any = None, ylabel: str = "norm") -> Any:
    """Norms by layer or weight over epochs or steps, on a logarithmic axis.

    norms: a mapping {name: one number for each epoch}. ax: the axes to draw on; None: new ones.
    Returns the axes. Numbers that are 0 or not finite are left out. ValueError for no norms.

    >>> corereg.plotting.norms({"dense": [1.0, 0.9]}, ylabel="norm of weights").get_ylabel()
    'norm of weights'
    """
    who = "plotting.norms"
    if not isinstance(norms, Mapping):
        raise TypeError(
            f"{who}: expected a mapping of names to lists of numbers, received "
            f"{type(norms).__name__}"
        )
    lines = {str(name): np.ravel(np.asarray(one, float)) for name, one in norms.items()}
    if not any(len(one) for one in lines.values()):
        raise ValueError(f"{who}: expected norms of one name or more, received none")
    ax = axes_of(who, ax)
    for place, (name, line) in enumerate(lines.items()):
        shown = np.where(np.isfinite(line) & (line > 0), line, np.nan)
        mark = "o" if len(line) == 1 else None
        x = np.arange(1, len(line) + 1)
        ax.plot(x, shown, label=name, marker=mark, linewidth=1.6, **line_style(ax, place))
    if any((one > 0).any() for one in lines.values()):
        ax.set_yscale("log")
    ax.set(xlabel="epoch", ylabel=ylabel)
    whole_numbers(ax.xaxis)
    tidy(ax)
    if len(lines) > 4:  # there is no room among so many lines
        legend(ax, fontsize="small", loc="upper left", bbox_to_anchor=(1, 1))
    else:
        legend(ax)
    return ax


def learning_rate(finder: Any, ax: Any = None) -> Any:
    """The loss over the learning rate, as a `callbacks.LearningRateFinder` has tried them, with a
    vertical line at the rate that it suggests.

    finder: an object with `rates` and `losses`, arrays of one length, and `suggestion`, a rate or
    None. ax: the axes to draw on; None: new ones. Returns the axes. ValueError if nothing was
    tried.

    >>> from types import SimpleNamespace
    >>> finder = SimpleNamespace(rates=[0.001, 0.01, 0.1], losses=[2.0, 1.0, 3.0], suggestion=0.005)
    >>> corereg.plotting.learning_rate(finder).get_xscale()
    'log'
    """
    who = "plotting.learning_rate"
    rates = np.ravel(np.asarray(finder.rates, float))
    losses = np.ravel(np.asarray(finder.losses, float))
    if len(rates) != len(losses) or not len(rates):
        raise ValueError(
            f"{who}: expected as many rates as losses, and one or more, received {len(rates)} and "
            f"{len(losses)}; train with the finder among the callbacks first"
        )
    ax = axes_of(who, ax)
    finite = np.isfinite(losses)
    ax.plot(rates[finite], losses[finite], color=on(ax, TRAIN), linewidth=1.8, label="loss")
    suggestion = getattr(finder, "suggestion", None)
    if suggestion is not None:
        label = f"suggestion: {suggestion:.2g}"
        ax.axvline(suggestion, color=VALIDATION, lw=1.4, ls="--", label=label)
    if finite.any():  # what has exploded would press all else flat
        low, start = losses[finite].min(), losses[finite][0]
        top = start + 0.25 * max(start - low, 0.1 * abs(start), 1e-12)
        high = min(losses[finite].max(), max(top, low + 1.5 * (start - low)))
        if high > low:
            ax.set_ylim(low - 0.08 * (high - low), high + 0.05 * (high - low))
    ax.set_xscale("log")
    ax.set(xlabel="learning rate", ylabel="loss")
    tidy(ax)
    legend(ax)
    return ax
