"""The pictures of a search. matplotlib is imported only when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.plotting.style import axes_of, ink, legend, line_style, sequential, tidy
from corereg.tuning.space import key_of, short

WHO = "SearchResult.plot"


def plot(result: Any, kind: str, ax: Any) -> Any:
    """See `SearchResult.plot`."""
    kinds = {"strength": _scores, "path": _norms, "heatmap": _heat_map}
    if kind not in kinds:
        names = ", ".join(map(repr, kinds))
        raise ValueError(f"{WHO}: expected kind as one of {names}, received {kind!r}")
    drawing = kinds[kind](result)  # says what it does not like before there is a figure
    ax = axes_of(WHO, ax, width=7, height=4.5)
    drawing(ax)
    return ax


def _lines(result: Any) -> list[tuple[dict[str, Any], list[int]]]:
    """The settings that have all folds in lines that differ in the strength alone, each line with
    what its settings have in common, and its places from weak to strong; the best line first."""
    strength = result.strength
    if strength is None:
        raise ValueError(
            f"{WHO}: expected a search over a strength, such as l2, for this picture; give its "
            "name as strength= to the search"
        )
    found: dict[str, tuple[dict[str, Any], list[int]]] = {}
    for place in result.order:
        rest = {n: v for n, v in result.settings[place].items() if n != strength}
        found.setdefault(key_of(rest), (rest, []))[1].append(place)
    for _, places in found.values():
        places.sort(key=lambda place: result.settings[place][strength] or 0.0)
    return list(found.values())


def _strengths(result: Any, places: Sequence[int]) -> list[float]:
    return [float(result.settings[place][result.strength] or 0.0) for place in places]


def _log_axis(ax: Any, result: Any) -> None:
    """A logarithmic axis of strengths, with a linear piece for zero."""
    values = [v for v in _strengths(result, result.order) if v > 0]
    if values and max(values) > 10 * min(values):
        zero = any(v == 0 for v in _strengths(result, result.order))
        ax.set_xscale("symlog" if zero else "log", **({"linthresh": min(values)} if zero else {}))
        if zero:  # or there would be room for numbers below it
            ax.set_xlim(left=-min(values) / 4)
    ax.set_xlabel(str(result.strength))


def _name(settings: dict[str, Any]) -> str:
    return ", ".join(
        f"{short(n)} {v:.3g}" if isinstance(v, float) else f"{short(n)} {v}"
        for n, v in settings.items()
    )


def _score_name(result: Any) -> str:
    scoring = result.scoring
    return scoring if isinstance(scoring, str) else getattr(scoring, "__name__", "score")


def _scores(result: Any) -> Any:
    lines = _lines(result)

    def draw(ax: Any) -> None:
        for number, (rest, places) in enumerate(lines):
            x, y = _strengths(result, places), result.means[places]
            look = {"marker": "o", "ms": 3, "lw": 2 if number == 0 else 1}
            (line,) = ax.plot(x, y, label=_name(rest), **look, **line_style(ax, number))
            if number == 0:  # of all lines it would be a tangle
                off = np.nan_to_num(result.standard_errors[places])
                ax.fill_between(x, y - off, y + off, color=line.get_color(), alpha=0.2, lw=0)
        best = result.best_index
        ax.plot(
            _strengths(result, [best]),
            [result.means[best]],
            "*",
            color=ink(),
            ms=11,
            label=f"chosen ({result.rule.replace('_', ' ')})",
        )
        _log_axis(ax, result)
        ax.set_ylabel(f"{_score_name(result)}, mean of {result.scores.shape[1]} folds")
        means, error = result.means[result.order], float(result.standard_errors[best])
        error = error if np.isfinite(error) else 0.0
        low = min(np.quantile(means, 0.1), result.means[best] - error)  # a network that collapsed
        high = max(means.max(), result.means[best] + error)  # would flatten all others
        margin = 0.08 * (high - low) + 1e-9
        ax.set_ylim(low - margin, high + margin)
        legend(ax, fontsize="small")
        tidy(ax)

    return draw


def _norms(result: Any) -> Any:
    _, places = _lines(result)[0]
    norms = [result.norms(place) for place in places]
    names = list(dict.fromkeys(name for one in norms for name in one))
    if not names:
        raise ValueError(f"{WHO}: expected corereg's models for the path of weights, found none")

    def draw(ax: Any) -> None:
        x = _strengths(result, places)
        for number, name in enumerate(names):
            y = [one.get(name, np.nan) for one in norms]
            ax.plot(x, y, marker="o", ms=3, label=name, **line_style(ax, number))
        if result.best_index in places:
            ax.axvline(_strengths(result, [result.best_index])[0], color=ink(), lw=1, ls=":")
        _log_axis(ax, result)
        ax.set_ylabel("norm of the kernel")
        ax.set_ylim(bottom=0)
        legend(ax, fontsize="small")
        tidy(ax)

    return draw


def _heat_map(result: Any) -> Any:
    values: dict[str, list[Any]] = {}
    for place in result.order:
        for name, value in result.settings[place].items():
            if value not in values.setdefault(name, []):
                values[name].append(value)
    several = sorted((n for n in values if len(values[n]) > 1), key=lambda n: -len(values[n]))
    if len(several) < 2:
        raise ValueError(f"{WHO}: expected two parameters with several values for a heat map")
    across, down = several[:2]
    columns, rows = (sorted(values[n], key=_sortable) for n in (across, down))
    table = np.full((len(rows), len(columns)), np.nan)
    for place in reversed(result.order):  # the best last
        one = result.settings[place]
        if across in one and down in one:
            table[rows.index(one[down]), columns.index(one[across])] = result.means[place]

    def draw(ax: Any) -> None:
        low = np.nanquantile(table, 0.1)
        image = ax.imshow(
            table, aspect="auto", cmap=sequential(ax), vmin=low, vmax=np.nanmax(table)
        )
        ax.set_xticks(range(len(columns)), [_tick(v) for v in columns], rotation=45)
        ax.set_yticks(range(len(rows)), [_tick(v) for v in rows])
        ax.set_xlabel(across)
        ax.set_ylabel(down)
        bar = ax.figure.colorbar(image, ax=ax, extend="min")
        bar.set_label(f"{_score_name(result)}, best of the others")

    return draw


def _sortable(value: Any) -> tuple[bool, float, str]:
    number = isinstance(value, int | float)
    return not number, float(value) if number else 0.0, str(value)


def _tick(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
