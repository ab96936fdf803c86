"""SearchResult: what a search has found."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from corereg.losses.base import Loss
from corereg.models.ensemble import Ensemble
from corereg.models.model import Model
from corereg.training.likelihood import OutputKind
from corereg.tuning.averaging import AverageOfEstimators
from corereg.tuning.folds import Rows
from corereg.tuning.learners import kind_of
from corereg.tuning.page import search_page
from corereg.tuning.score_table import ScoreTable
from corereg.tuning.space import Settings
from corereg.tuning.tasks import Job

Array = np.ndarray[Any, Any]


class NestedScores(NamedTuple):
    """Scores on outer folds, of which the search that chose knew nothing.

    best_model, ensemble: of each, (outer folds,); settings: what was chosen in each.

    >>> losses_of = np.array([-0.25, -0.75])
    >>> scores = tuning.NestedScores(losses_of - 0.1, losses_of, [{"l2": 0.1}, {"l2": 0.03}])
    >>> float(scores.ensemble.mean())
    -0.5
    """

    best_model: Array
    ensemble: Array
    settings: list[Settings]


class SearchResult:
    """What `cross_validated_search` returns.

    settings: all that were tried; scores: (settings, folds), NaN where nothing was trained; means,
    standard_errors: of each setting over its folds; order: the settings by their means, the best
    first, as places in the list; best_index, best_settings, best_score: what the rule chose.
    nested_scores: see `NestedScores`; None: not asked for. interrupted: whether Ctrl-C ended it.
    strategy, strength: as they were found; strength None: there is none.

    rule: "one_standard_error": of the settings that differ from the best in the strength alone, and
    whose mean is at most one standard error below its, the strongest; without a strength the most
    regularized of all within the error: each known regularizer's values are ranked, and the ranks
    added. "best": the highest mean.

    The score of the best of many settings is better than it will be on new rows, for it was chosen
    for that; `nested=` of the search tells what to expect.

    >>> def build(l2):
    ...     penalty = regularizers.L2(l2)
    ...     dense = layers.Dense(1, kernel_regularizer=penalty)
    ...     model = corereg.Sequential([layers.Input((2,)), dense])
    ...     model.compile("sgd", "mse")
    ...     return model
    >>> x = np.random.default_rng(0).standard_normal((16, 2))
    >>> found = tuning.cross_validated_search(
    ...     build, x, x.sum(axis=1), {"l2": [0.0, 1.0]}, cv=2, epochs=50, batch_size=4,
    ...     random_state=1, verbose=0,
    ... )
    >>> found.scores.shape, found.order
    ((2, 2), [0, 1])
    >>> found
    <SearchResult: 2 of 2 settings, 2 folds; best -... with l2=0.0>
    """

    def __init__(
        self,
        job: Job,
        table: ScoreTable,
        rows: Rows,
        strategy: str,
        strength: str | None,
        rule: str,
        interrupted: bool,
    ) -> None:
        self.job, self._table, self._rows = job, table, rows
        self.strategy, self.strength, self.rule = strategy, strength, rule
        self.interrupted = interrupted
        self.nested_scores: NestedScores | None = None
        self.settings = table.settings
        self.scores = table.scores
        self.means, self.standard_errors = table.means, table.standard_errors
        self.order = table.order()
        self.best_index = table.choose(rule, strength)

    @property
    def best_settings(self) -> Settings:
        """A copy of the settings that the rule chose."""
        return dict(self.settings[self.best_index])

    @property
    def best_score(self) -> float:
        """The mean score of the best settings; optimistic, see the class."""
        return float(self.means[self.best_index])

    @property
    def scoring(self) -> Any:
        """The name of the score, or the function."""
        return self.job.learner.scoring

    # ---- models ----------------------------------------------------------------------------------

    @cached_property
    def best_model(self) -> Any:
        """A model, or an estimator, with the best settings, trained on all rows when it is first
        asked for; of a path along the strengths before it, too."""
        chain = self._table.chains[self.best_index]
        assert chain is not None
        return self.job.train(chain, self._rows, self.job.seed_of(len(self.job.folds)))

    @cached_property
    def ensemble(self) -> Any:
        """The average of the fold models of the best settings, `ensemble_size` of them: a
        `corereg.models.Ensemble` without penalties, compiled with the models' loss, or an
        `AverageOfEstimators`. It is the same whatever the rule."""
        size = self._table.keep
        members = [one for place in self.order[:size] for one in self.fold_models(place)]
        return averaged(members)

    def fold_models(self, index: int) -> list[Any]:
        """The model of each fold of a setting, by its place in `settings`. Those of the best
        settings are kept; others are trained once more, to the same weights."""
        table, job = self._table, self.job
        chain = table.chains[index]
        if chain is None or not table.complete()[index]:
            raise ValueError(
                f"SearchResult.fold_models: expected settings that have all their folds, received "
                f"{index}, {self.settings[index]}"
            )
        found = []
        for fold, rows in enumerate(job.folds):
            state, seed = table.states.get((index, fold)), job.seed_of(fold)
            if state is None:
                found.append(job.train(chain, rows.train, seed))
            else:
                found.append(job.learner.restore(self.settings[index], state, rows.train, seed))
        return found

    # ---- tables ----------------------------------------------------------------------------------

    @property
    def table(self) -> Any:
        """A row for each setting, the best first: a pandas DataFrame, or without pandas a dict of
        lists. Columns: rank (0: not all folds), the settings, mean_score, standard_error, score_0
        and so on of the folds, seconds, dropped, and norm_kernel_1 and so on, the folds' mean
        of the Euclidean norm of each kernel."""
        columns = self._columns()
        try:
            import pandas as pd
        except ImportError:
            return columns
        return pd.DataFrame(columns)

    def _columns(self) -> dict[str, list[Any]]:
        table = self._table
        rest = sorted(
            set(range(len(self.settings))) - set(self.order),
            key=lambda place: (-np.nan_to_num(self.means[place], nan=-np.inf), place),
        )
        places = [*self.order, *rest]
        columns: dict[str, list[Any]] = {"rank": [*range(1, len(self.order) + 1), *[0] * len(rest)]}
        for name in dict.fromkeys(name for one in self.settings for name in one):
            columns[name] = [self.settings[place].get(name) for place in places]
        columns["mean_score"] = self.means[places].tolist()
        columns["standard_error"] = self.standard_errors[places].tolist()
        for fold in range(self.scores.shape[1]):
            columns[f"score_{fold}"] = self.scores[places, fold].tolist()
        columns["seconds"] = table.seconds[places].sum(axis=1).tolist()
        columns["dropped"] = table.dropped[places].tolist()
        for name in dict.fromkeys(name for one in table.norms for name in one):
            columns[f"norm_{name}"] = [self.norms(place).get(name, np.nan) for place in places]
        return columns

    def norms(self, index: int) -> dict[str, float]:
        """The Euclidean norm of each kernel of a setting's models, the mean of the folds."""
        folds = max(int(self._table.known[index].sum()), 1)
        return {name: norm / folds for name, norm in self._table.norms[index].items()}

    @property
    def cv_results(self) -> dict[str, Any]:
        """What scikit-learn's searches call `cv_results_`: arrays by name, in the order of
        `settings`."""
        table = self._table
        found: dict[str, Any] = {
            "mean_fit_time": table.seconds.mean(axis=1),
            "std_fit_time": table.seconds.std(axis=1),
        }
        for name in dict.fromkeys(name for one in self.settings for name in one):
            values = np.ma.MaskedArray(np.empty(len(self.settings), object), mask=True)
            for place, one in enumerate(self.settings):
                if name in one:
                    values[place] = one[name]
            found[f"param_{name}"] = values
        found["params"] = [dict(one) for one in self.settings]
        for fold in range(self.scores.shape[1]):
            found[f"split{fold}_test_score"] = self.scores[:, fold].copy()
        found["mean_test_score"] = self.means.copy()
        deviation = self.standard_errors * np.sqrt(table.known.sum(axis=1))
        found["std_test_score"] = np.where(np.isfinite(deviation), deviation, 0.0)
        ranks = np.full(len(self.settings), len(self.order) + 1, np.int32)
        ranks[self.order] = np.arange(1, len(self.order) + 1)
        found["rank_test_score"] = ranks
        return found

    def plot(self, kind: str = "strength", ax: Any = None) -> Any:
        """A picture, by matplotlib (the extra `plot`); returns its axes.

        kind: "strength": the mean score and its standard error over the strength, a line for each
        combination of the others; "path": the norms of the kernels over the strength, with the best
        of the others; "heatmap": the best mean of each pair of the two parameters that have the
        most values. ax: where to draw; None: a figure of its own.

        ImportError without matplotlib; ValueError for another kind, or where there is nothing to
        draw.
        """
        from corereg.tuning.plots import plot

        return plot(self, kind, ax)

    def _repr_html_(self) -> str:
        """The best settings as a table, and their scores over the strength, for notebooks."""
        return search_page(self)

    def __repr__(self) -> str:
        settings = ", ".join(f"{name}={value!r}" for name, value in self.best_settings.items())
        told = f"{len(self.order)} of {len(self.settings)} settings, {len(self.job.folds)} folds"
        end = ", interrupted" if self.interrupted else ""
        return f"<SearchResult: {told}{end}; best {self.best_score:.4g} with {settings}>"


def averaged(members: Sequence[Any]) -> Any:
    """The average of models, whose penalties are taken off, or of estimators."""
    if not isinstance(members[0], Model):
        return AverageOfEstimators(members)
    for member in members:
        _drop_penalties(member)
    kind: OutputKind = kind_of(members[0])
    made = Ensemble(members, average="probabilities" if kind.from_logits else "outputs")
    loss = members[0]._trainer.compilation.loss
    if isinstance(loss, Loss):  # of probabilities, as they are
        config = loss.get_config()
        for name, value in (("from_logits", False), ("label_smoothing", 0.0)):
            if name in config:
                config[name] = value
        made.compile(loss=type(loss).from_config(config))
    return made


def _drop_penalties(model: Any) -> None:
    """Takes the regularizers off a model, so that `evaluate` gives the loss of the data."""
    for layer in model._flatten_layers():
        for name in list(vars(layer)):
            if name.endswith("_regularizer") and getattr(layer, name) is not None:
                setattr(layer, name, None)
    for weight in model.weights:
        weight.regularizer = None
