"""ScoreTable: the scores of settings on folds, as far as they are known, and their order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from corereg.tuning.space import Settings, amount_of_regularization, chains
from corereg.tuning.tasks import Chain, Outcome, Task

Array = np.ndarray[Any, Any]
RULES = ("one_standard_error", "best")


class ScoreTable:
    """Scores, (settings, folds), NaN where nothing is known.

    keep: of how many of the best settings the folds' states stay in memory. rung: of each setting
    the last rung of successive halving that it took part in; dropped: settings of which folds were
    left out, for they could not win.
    """

    def __init__(self, settings: Sequence[Settings], folds: int, keep: int) -> None:
        count = len(settings)
        self.settings = list(settings)
        self.scores = np.full((count, folds), np.nan)
        self.seconds = np.zeros((count, folds))
        self.known = np.zeros((count, folds), bool)
        self.chains: list[Chain | None] = [None] * count  # None: not trained yet
        self.rung = np.zeros(count, int)
        self.dropped = np.zeros(count, bool)
        self.norms: list[dict[str, float]] = [{} for _ in settings]  # sums over the folds
        self.errors: list[str] = []
        self.states: dict[tuple[int, int], Any] = {}
        self.keep = keep

    def record(self, task: Task, outcomes: Sequence[Outcome]) -> None:
        """Takes what came of a task."""
        fold = task.fold
        for i, (place, one) in enumerate(zip(task.settings, outcomes, strict=True)):
            if task.rung > self.rung[place]:
                self._forget(place)
                self.rung[place] = task.rung
            self.chains[place] = Chain(task.settings[: i + 1], task.epochs[: i + 1])
            self.scores[place, fold], self.known[place, fold] = one.score, True
            self.seconds[place, fold] += one.seconds
            sums = self.norms[place]
            for name, norm in one.norms.items():
                sums[name] = sums.get(name, 0.0) + norm
            if one.error:
                self.errors.append(f"{self.settings[place]}: {one.error}")
            if one.state is not None:
                self.states[place, fold] = one.state
        self._drop_states()

    def _forget(self, place: int) -> None:
        self.known[place] = False
        self.scores[place] = np.nan
        self.norms[place] = {}
        for fold in range(self.scores.shape[1]):
            self.states.pop((place, fold), None)

    def _drop_states(self) -> None:
        """Keeps the states of the best settings and of those that are not complete."""
        complete = self.complete()
        best = set(self.order()[: self.keep])
        for place, fold in list(self.states):
            if (complete[place] and place not in best) or self.dropped[place]:
                del self.states[place, fold]

    # ---- the order -------------------------------------------------------------------------------

    def complete(self) -> Array:
        """Whether all folds of a setting are known, for each."""
        return np.asarray(self.known.all(axis=1))

    @property
    def means(self) -> Array:
        """The mean score of each setting over the folds that are known, NaN without any."""
        counts = self.known.sum(axis=1)
        sums = np.where(self.known, self.scores, 0).sum(axis=1)
        return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)

    @property
    def standard_errors(self) -> Array:
        """Of the means: the folds' deviation / sqrt(folds), NaN for fewer than two."""
        counts = self.known.sum(axis=1)
        off = np.where(self.known, self.scores - self.means[:, None], 0)
        variance = (off**2).sum(axis=1) / np.maximum(counts - 1, 1)
        return np.where(counts > 1, np.sqrt(variance / np.maximum(counts, 1)), np.nan)

    def order(self) -> list[int]:
        """The complete settings from the best to the worst, those of the last rung first; of equal
        ones the first in the list. Those without a finite score are left out."""
        means = self.means
        able = np.flatnonzero(self.complete() & np.isfinite(means))
        return able[np.lexsort((able, -means[able], -self.rung[able]))].tolist()  # type: ignore[no-any-return]

    def choose(self, rule: str, strength: str | None = None) -> int:
        """The setting to use. "best": that with the highest mean. "one_standard_error": of those
        whose mean is at most one standard error of the best below it, and that differ from the best
        in the strength alone, the strongest one (Breiman, Friedman, Olshen, Stone 1984); without a
        strength the most regularized of them, by the ranks of the values of known regularizers."""
        order = self.order()
        best = order[0]
        if rule == "best" or len(order) == 1:
            return best
        means, errors = self.means, self.standard_errors
        error = errors[best] if np.isfinite(errors[best]) else 0.0
        near = [
            place
            for place in order
            if self.rung[place] == self.rung[best] and means[place] >= means[best] - error
        ]
        if strength is not None:
            alike = next(chain for chain in chains(self.settings, strength) if best in chain)
            return max((place for place in near if place in alike), key=alike.index)
        amounts = amount_of_regularization(self.settings)
        return max(near, key=lambda place: (round(float(amounts[place]), 9), means[place], -place))

    def cannot_win(self, taking_part: Sequence[int], errors: float = 3.0) -> list[int]:
        """Of settings that know the same folds those that lag behind the best of them by more than
        so many standard errors of the difference of two means.

        The deviation of differences is estimated from all of them: the residuals of scores less the
        settings' and the folds' means, whose median size is used, so that a few wild ones count
        little. Fewer than two folds say nothing.
        """
        places = np.array(taking_part)
        folds = np.flatnonzero(self.known[places].all(axis=0))
        scores = self.scores[np.ix_(places, folds)]
        failed = ~np.isfinite(scores).all(axis=1)
        lost = set(places[failed].tolist())
        places, scores = places[~failed], scores[~failed]
        if len(folds) >= 2 and len(places) > 2:
            means = scores.mean(axis=1)
            residuals = scores - means[:, None] - scores.mean(axis=0) + scores.mean()
            # of the better half: losers vary more, and are not what is to be told from the best
            better = np.argsort(-means, kind="stable")[: max(len(places) // 2, 3)]
            size = float(np.median(np.abs(residuals[better]))) / 0.6745
            size *= (len(folds) / (len(folds) - 1)) ** 0.5
            limit = errors * size * (2 / len(folds)) ** 0.5
            lost |= set(places[means < means.max() - limit].tolist())
        return sorted(lost)
