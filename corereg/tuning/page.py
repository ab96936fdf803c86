"""What a notebook shows of a search."""

from __future__ import annotations

from typing import Any

from corereg import markup

SHOWN = 10  # settings, of the best


def search_page(result: Any) -> str:
    """A SearchResult as HTML: the best settings with their scores, the chosen one bold."""
    names = list(dict.fromkeys(name for one in result.settings for name in one))
    places = result.order[:SHOWN]
    if result.best_index not in places:
        places = [*places, result.best_index]
    rank = {place: number for number, place in enumerate(result.order, 1)}
    rows = [
        [
            str(rank[place]),
            *(_shown(result.settings[place].get(name)) for name in names),
            f"{result.means[place]:.4g}",
            f"{result.standard_errors[place]:.2g}",
        ]
        for place in places
    ]
    folds = result.scores.shape[1]
    told = f"{len(result.order)} of {len(result.settings)} settings on {folds} folds"
    scoring = result.scoring if isinstance(result.scoring, str) else "score"
    words = [
        told + (", interrupted" if result.interrupted else ""),
        f"bold: chosen by the rule {result.rule!r}",
    ]
    return markup.card(
        "Search",
        markup.paragraph("; ".join(words)),
        markup.table(
            ["Rank", *names, f"Mean {scoring}", "Standard error"],
            rows,
            right=range(len(names) + 3),
            marked=[places.index(result.best_index)],
        ),
    )


def _shown(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
