"""In which order settings are trained, and for how long: all of them, with losers dropped fold by
fold, along paths, or by successive halving.

What a strategy does next depends on scores alone, never on who was ready first: so a search gives
the same for any number of workers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from corereg.tuning.score_table import ScoreTable
from corereg.tuning.space import chains
from corereg.tuning.tasks import Task

Execute = Callable[[Sequence[Task]], None]
"""Runs tasks and enters what they find into the table."""

STRATEGIES = ("grid", "random", "path", "halving")
PATH_SHARE = 3  # a step of a path takes so small a share of the epochs of its first
HALVING_FACTOR = 3  # of settings left out, and of epochs, from rung to rung


def run_all(execute: Execute, table: ScoreTable, drop: bool) -> None:
    """Every setting on every fold; drop: fold after fold, without those that cannot win."""
    places, folds = range(len(table.settings)), range(table.scores.shape[1])
    if not drop:
        execute([Task((place,), fold, (None,)) for place in places for fold in folds])
        return
    left = list(places)
    for fold in folds:
        execute([Task((place,), fold, (None,)) for place in left])
        if fold + 1 < len(folds):
            lost = set(table.cannot_win(left))
            table.dropped[sorted(lost)] = True
            left = [place for place in left if place not in lost]


def run_paths(
    execute: Execute, table: ScoreTable, strength: str, epochs: int | None, step_epochs: int | None
) -> None:
    """Along the strength from weak to strong: the first training of a chain takes all epochs, each
    other goes on from the one before. epochs None: the learner cannot go on from another's weights,
    and every training begins anew."""
    found = []
    for chain in chains(table.settings, strength):
        for fold in range(table.scores.shape[1]):
            if epochs is None:
                found += [Task((place,), fold, (None,)) for place in chain]
            else:
                step = max(epochs // PATH_SHARE, 1) if step_epochs is None else step_epochs
                each = (epochs, *[step] * (len(chain) - 1))
                found.append(Task(tuple(chain), fold, each))
    execute(found)


def run_halving(execute: Execute, table: ScoreTable, epochs: int) -> None:
    """Successive halving (Jamieson, Talwalkar 2016): all settings for few epochs, the best third of
    them for three times as many, and so on; the last rung takes all epochs, and has as many
    settings as are averaged, at least."""
    left = list(range(len(table.settings)))
    folds = range(table.scores.shape[1])
    counts, budgets = [len(left)], [epochs]
    while counts[-1] > table.keep and budgets[0] >= 2 * HALVING_FACTOR:
        counts.append(max(counts[-1] // HALVING_FACTOR, table.keep))
        budgets.insert(0, budgets[0] // HALVING_FACTOR)
    for rung, budget in enumerate(budgets):
        if rung:
            known = set(left)
            left = sorted([p for p in table.order() if p in known][: counts[rung]])
        execute([Task((place,), fold, (budget,), rung) for place in left for fold in folds])
