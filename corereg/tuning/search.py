"""cross_validated_search: which settings of a model predict best, by cross-validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from corereg.random import mix, next_seed
from corereg.tuning.folds import Fold, Rows, Splits, count_rows, splits_of
from corereg.tuning.learners import EstimatorLearner, Learner, ModelLearner
from corereg.tuning.options import SearchOptions
from corereg.tuning.progress import SearchProgress
from corereg.tuning.result import NestedScores, SearchResult
from corereg.tuning.score_table import ScoreTable
from corereg.tuning.search_file import SearchFile, fingerprint, seed_in
from corereg.tuning.space import (
    WHO,
    Settings,
    chains,
    check_space,
    default_space,
    draw,
    grid,
    is_distribution,
    key_of,
    strength_of,
)
from corereg.tuning.strategies import run_all, run_halving, run_paths
from corereg.tuning.tasks import Job, Outcome, Task
from corereg.tuning.workers import check_n_jobs, run_tasks

RANDOM_SETTINGS = 50  # drawn unless n_iter says otherwise


def cross_validated_search(
    build: Any,
    x: Any,
    y: Any = None,
    space: Any = None,
    *,
    cv: Any = 5,
    scoring: Any = None,
    strategy: str | None = None,
    strength: str | None = None,
    n_iter: int | None = None,
    epochs: int = 100,
    path_epochs: int | None = None,
    batch_size: int | None = 32,
    fit_options: Mapping[str, Any] | None = None,
    sample_weight: Any = None,
    groups: Any = None,
    drop_losing_folds: bool = False,
    rule: str = "one_standard_error",
    ensemble_size: int = 5,
    nested: Any = None,
    n_jobs: int | None = None,
    random_state: int | None = None,
    file: Any = None,
    error_score: Any = "raise",
    verbose: int | str = "auto",
) -> SearchResult:
    """Trains a model with many settings, each on every fold, and tells which predict best.

    build: a function that gives a compiled model for settings, `build(l2=..., dropout=...)`; or an
        estimator in scikit-learn's form, of which settings are parameters.
    x, y: as for `fit`: arrays, frames, or for several inputs a dict of them.
    space: {parameter: values}, a list or a distribution (`LogUniform(1e-5, 1e-1)`, `Uniform`, one
        of SciPy) each; or a list of such dicts. `epochs` and `batch_size` may be among them. None:
        what there is of l2 from 0 over 3e-5 to 0.3, dropout {0, .2, .5} and label_smoothing
        {0, .1}.
    cv: the number of folds, shuffled, and stratified where there are classes; an object with
        `split(x, y)`; or pairs (train, test) of row numbers. groups: for splitters that want them.
    scoring: "neg_log_loss", "accuracy"; "neg_mean_squared_error", "neg_mean_absolute_error", "r2";
        or a function (model, x, y); greater is better. None: the log-likelihood where there are
        probabilities, else the squared error. For estimators any name that
        scikit-learn knows; None: the log-likelihood, accuracy without probabilities, or r2.
    strategy: "grid": all combinations. "random": `n_iter` settings (by default 50). "path": all
        combinations, those that differ in `strength` alone one after the other from weak to strong,
        each going on from the weights of the one before for `path_epochs` epochs (None: a third of
        epochs); never from strong to weak, for a network that has collapsed to zero does not come
        back. "halving": all, or n_iter if there are distributions, for few epochs, the best third
        for three times as many, and so on. None: "path" without a space, "random" with
        distributions, else "grid". Estimators go on from the weights before if they have a
        warm_start and epochs or max_iter; else every step of a path begins anew.
    strength: the parameter that a path follows and pictures show; None: the first of l2, l1,
        group_lasso, weight_decay and alpha that has several values.
    epochs, batch_size, fit_options: of every `fit`; callbacks have to be a function that gives new
        ones. An estimator has its own epochs and batch size. sample_weight: of the rows, or None.
    drop_losing_folds: goes fold by fold (grid and random), and leaves out further folds of settings
        that lag behind the best by more than three standard errors.
    rule: of `best_settings`, see `SearchResult`. ensemble_size: settings in the ensemble.
    nested: how many outer folds, or a splitter: the whole search is run again within the training
        rows of each, and what it chose is scored on the others: `nested_scores`, which nothing was
        chosen by. It takes as many times longer.
    n_jobs: threads, a training each; None or -1: all cores. In `joblib.parallel_config(...)` tasks
        go to its backend instead. Results are the same to the bit for any number.
    random_state: a seed of folds, drawn settings, weights, masks and orders of rows; None: from the
        global seed (`set_random_seed`). file: a path; what is done is written there at once, and a
        search that finds it goes on from there. error_score: "raise", or the score of a training
        that raises. verbose: 0 nothing; 1, "auto": the state so far and the time left; 2: lines.

    Ctrl-C ends the search; it returns what is done, if a setting has all its folds.

    ValueError or TypeError for what cannot be, before anything is trained.

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
    >>> found.best_settings
    {'l2': 0.0}
    >>> found.ensemble.predict(x, verbose=0).shape
    (16, 1)
    """
    options = SearchOptions(
        space=space,
        cv=cv,
        scoring=scoring,
        strategy=strategy,
        strength=strength,
        n_iter=n_iter,
        epochs=epochs,
        path_epochs=path_epochs,
        batch_size=batch_size,
        fit_options=fit_options,
        drop_losing_folds=drop_losing_folds,
        rule=rule,
        ensemble_size=ensemble_size,
        n_jobs=n_jobs,
        error_score=error_score,
    )
    rows = _checked_rows(x, y, sample_weight)
    if nested is not None and not (hasattr(cv, "split") or hasattr(cv, "__index__")):
        raise ValueError(
            f"{WHO}: expected cv as a number of folds or a splitter beside nested, for row numbers "
            f"are other ones within its folds, received {type(cv).__name__}"
        )
    seed = _seed(random_state, file)
    search = _Search.of(build, rows, options, groups, seed)
    result = search.run(file, verbose)
    if nested is not None and not result.interrupted:
        outer = splits_of(nested, rows, result.job.learner.classifies, groups, mix(seed))
        result.nested_scores = _nested(build, rows, options, groups, seed, outer)
    return result


class _Search(NamedTuple):
    """A search, checked and not begun. strategy and strength: as found if they were not given."""

    job: Job
    rows: Rows
    splits: Splits
    options: SearchOptions
    strategy: str
    strength: str | None

    @classmethod
    def of(cls, build: Any, rows: Rows, options: SearchOptions, groups: Any, seed: int) -> _Search:
        """A search of these rows; ValueError or TypeError for what cannot be."""
        learner = _learner_of(build, options)
        spaces = None if options.space is None else check_space(options.space)
        learner.prepare({} if spaces is None else _any_of(spaces), rows)
        strategy = options.strategy
        if spaces is None:
            found = default_space(learner.parameters(), learner.classifies)
            if not found:
                raise ValueError(
                    f"{WHO}: expected a space, for there is none of l2, dropout and "
                    f"label_smoothing among the parameters {learner.parameters()}"
                )
            spaces, strategy = [found], strategy or "path"
        drawn = any(is_distribution(values) for one in spaces for values in one.values())
        strategy = strategy or ("random" if drawn else "grid")
        strength = strength_of(spaces, options.strength)
        _check_strategy(strategy, strength, learner)
        settings = _settings(spaces, strategy, options.n_iter, drawn, seed)
        if strength is not None:
            chains(settings, strength)  # says what it does not like
        splits = splits_of(options.cv, rows, learner.classifies, groups, seed)
        folds = [Fold(rows.take(train), rows.take(test)) for train, test in splits]
        job = Job(learner, settings, folds, seed, options.error_score)
        return cls(job, rows, splits, options, strategy, strength)

    def run(self, file: Any = None, verbose: int | str = 0) -> SearchResult:
        """Runs it."""
        job, options = self.job, self.options
        table = ScoreTable(job.settings, len(job.folds), options.ensemble_size)
        display = SearchProgress(table, verbose)
        stored = None if file is None else SearchFile(file, job.seed, self._fingerprint())
        known = {} if stored is None else dict(stored.done)
        workers = check_n_jobs(options.n_jobs)

        def take(task: Task, outcomes: list[Outcome]) -> None:
            table.record(task, outcomes)
            if stored is not None:
                stored.add(task, outcomes)
            display.update(len(task.settings))

        def execute(tasks: Sequence[Task]) -> None:
            """Runs tasks, or takes what a file has of them."""
            rest = [task for task in tasks if task not in known]
            done = [task for task in tasks if task in known]
            display.expect(sum(len(t.settings) for t in rest), sum(len(t.settings) for t in done))
            for task in done:
                table.record(task, known[task])
            run_tasks(job, rest, workers, take)

        interrupted = False
        try:
            self._go(execute, table)
        except KeyboardInterrupt:
            interrupted = True
            if not table.order():
                raise
        finally:
            display.close()
            if stored is not None:
                stored.close()
        if not table.order():
            raise ValueError(
                f"{WHO}: expected a setting with finite scores, received none"
                + (f"; the first training failed with {table.errors[0]}" if table.errors else "")
            )
        return SearchResult(
            job, table, self.rows, self.strategy, self.strength, options.rule, interrupted
        )

    def _go(self, execute: Any, table: ScoreTable) -> None:
        options = self.options
        learner = self.job.learner
        if self.strategy == "path":
            assert self.strength is not None
            epochs = learner.epochs if learner.goes_on else None
            run_paths(execute, table, self.strength, epochs, options.path_epochs)
        elif self.strategy == "halving":
            assert learner.epochs is not None
            run_halving(execute, table, learner.epochs)
        else:
            run_all(execute, table, options.drop_losing_folds)

    def _fingerprint(self) -> str:
        job, options = self.job, self.options
        scoring = options.scoring
        return fingerprint(
            *self.rows,
            self.splits,
            [key_of(one) for one in job.settings],
            job.seed,
            getattr(scoring, "__name__", scoring),
            [self.strategy, self.strength, options.epochs, options.path_epochs],
            [options.batch_size, repr(sorted(options.fit_options or {}))],
        )


def _learner_of(build: Any, options: SearchOptions) -> Learner:
    """What trains: an estimator if it has scikit-learn's methods, else a function."""
    of_fit = options.fit_options or {}
    if hasattr(build, "fit") and hasattr(build, "get_params"):
        return EstimatorLearner(build, options.scoring, of_fit)
    if not callable(build):
        raise TypeError(
            f"{WHO}: expected a function that gives a compiled model, or an estimator with fit and "
            f"get_params, received {type(build).__name__}"
        )
    return ModelLearner(build, options.scoring, options.epochs, options.batch_size, of_fit)


def _check_strategy(strategy: str, strength: str | None, learner: Learner) -> None:
    if strategy == "path" and strength is None:
        raise ValueError(
            f"{WHO}: expected strength, the parameter that the path follows; there is none of the "
            "known ones with several values in the space"
        )
    if strategy == "halving" and learner.epochs is None:
        raise ValueError(
            f"{WHO}: expected an estimator with the parameter epochs or max_iter for halving, "
            f"received one with {learner.parameters()}"
        )


def _checked_rows(x: Any, y: Any, sample_weight: Any) -> Rows:
    rows = Rows(x, y, None if sample_weight is None else np.asarray(sample_weight))
    for name, one in (("y", y), ("sample_weight", rows.weight)):
        if one is not None and count_rows(one) != len(rows):
            raise ValueError(
                f"{WHO}: expected {name} with {len(rows)} rows, as x has, received "
                f"{count_rows(one)}"
            )
    return rows


def _seed(random_state: Any, file: Any) -> int:
    """A seed: the one given, that of the file, or the next of this thread."""
    if random_state is None:
        found = None if file is None else seed_in(file)
        return next_seed() >> 1 if found is None else found
    whole = hasattr(random_state, "__index__") and not isinstance(random_state, bool)
    if not whole or random_state < 0:
        raise ValueError(
            f"{WHO}: expected random_state as an integer >= 0 or None, received {random_state!r}"
        )
    return int(random_state)


def _any_of(spaces: Sequence[Mapping[str, Any]]) -> Settings:
    """Settings of a space, to look at what they make."""
    return draw(spaces[:1], 1, 0)[0]


def _settings(
    spaces: Sequence[Mapping[str, Any]], strategy: str, n_iter: int | None, drawn: bool, seed: int
) -> list[Settings]:
    """The settings to try."""
    if strategy == "random" or (drawn and strategy == "halving") or n_iter is not None:
        return draw(spaces, RANDOM_SETTINGS if n_iter is None else n_iter, mix(seed))
    return grid(spaces)


def _nested(
    build: Any, rows: Rows, options: SearchOptions, groups: Any, seed: int, outer: Splits
) -> NestedScores:
    """The scores of what searches within the training rows of each outer fold choose."""
    of_model, of_ensemble, chosen = [], [], []
    for train, test in outer:
        inner = None if groups is None else np.asarray(groups)[train]
        result = _Search.of(build, rows.take(train), options, inner, seed).run()
        learner, held_out = result.job.learner, rows.take(test)
        of_model.append(learner.score(result.best_model, held_out))
        of_ensemble.append(learner.score(result.ensemble, held_out))
        chosen.append(result.best_settings)
    return NestedScores(np.array(of_model), np.array(of_ensemble), chosen)
