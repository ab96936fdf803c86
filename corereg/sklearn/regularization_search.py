"""RegularizationSearchCV: `corereg.tuning.cross_validated_search` in scikit-learn's form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from corereg.tuning.search import cross_validated_search
from corereg.wrappers.scikit_learn import (
    BaseEstimator,
    MetaEstimatorMixin,
    available_if,
    check_cv,
    check_is_fitted,
    check_random_state,
    get_tags,
    indexable,
    is_classifier,
)

FINALS = ("ensemble", "best")


def _final_has(name: str) -> Callable[[Any], bool]:
    """Whether the estimator has a method of this name."""

    def check(self: RegularizationSearchCV) -> bool:
        getattr(self.estimator, name)  # says what is missing
        return True

    return check


class RegularizationSearchCV(MetaEstimatorMixin, BaseEstimator):  # type: ignore[misc]
    """Searches an estimator's settings by cross-validation, hundreds of small trainings in threads,
    and predicts with the average of the best.

    As `GridSearchCV`, but: settings may follow a path of strengths, losing folds may be dropped,
    the default space is that of regularized networks, `best_params_` goes by the one-standard-error
    rule, and what predicts is the average of the fold models of the `ensemble_size` best settings,
    which needs no further training and suffers less from having chosen by luck.

    estimator: such as `DenseClassifier()`, `DenseRegressor()` or a pipeline that ends with one.
    space: {parameter: values or distribution} or a list of such; None: what the estimator has of
        l2, dropout and label_smoothing, see `corereg.tuning.default_space`.
    strategy, strength, n_iter, drop_losing_folds, rule, ensemble_size, nested, file, error_score:
        as for `corereg.tuning.cross_validated_search`; nested needs cv as a number or a splitter.
    scoring: a name of scikit-learn's, or a function (estimator, X, y). None: "neg_log_loss" of
        classifiers with `predict_proba`, "accuracy" of others, "r2" of regressors.
    cv: as for `GridSearchCV`: None for 5 folds, a number, a splitter or pairs of row numbers.
    final: what predicts. "ensemble": the average; "best": `best_params_` trained on all rows.
    refit: False: `fit` only searches, and there is nothing to predict with.
    n_jobs: threads; None and -1: all cores. In `joblib.parallel_config(...)` its backend is used.
    random_state: an integer, a RandomState or None. verbose: 0 shows nothing, 1 progress.

    Attributes: `best_params_`, `best_score_` (the mean over the folds: optimistic, for it was
    chosen by it; see `nested_scores_`), `best_index_`, `best_estimator_` (trained when it is first
    asked for, unless final is "best"), `cv_results_`, `final_`, `scorer_`, `n_splits_`, `classes_`,
    `n_features_in_`, `feature_names_in_`, `nested_scores_`, and `result_`, the `SearchResult` with
    its table and pictures.

    >>> from sklearn.datasets import load_iris
    >>> from corereg.sklearn import DenseClassifier, RegularizationSearchCV
    >>> network = DenseClassifier(hidden_layer_sizes=(8,), epochs=10)
    >>> search = RegularizationSearchCV(network, {"l2": [0.0, 0.01]}, cv=2, random_state=0)
    >>> X, y = load_iris(return_X_y=True)
    >>> search.fit(X, y).predict_proba(X).shape
    (150, 3)
    """

    def __init__(
        self,
        estimator: Any,
        space: Any = None,
        *,
        strategy: str | None = None,
        strength: str | None = None,
        n_iter: int | None = None,
        scoring: Any = None,
        cv: Any = None,
        drop_losing_folds: bool = False,
        rule: str = "one_standard_error",
        ensemble_size: int = 5,
        final: str = "ensemble",
        refit: bool = True,
        nested: Any = None,
        n_jobs: int | None = None,
        random_state: Any = None,
        file: Any = None,
        error_score: Any = "raise",
        verbose: int = 0,
    ) -> None:
        self.estimator, self.space = estimator, space
        self.strategy, self.strength, self.n_iter = strategy, strength, n_iter
        self.scoring, self.cv = scoring, cv
        self.drop_losing_folds, self.rule = drop_losing_folds, rule
        self.ensemble_size, self.final, self.refit = ensemble_size, final, refit
        self.nested, self.n_jobs, self.random_state = nested, n_jobs, random_state
        self.file, self.error_score, self.verbose = file, error_score, verbose

    def fit(
        self, X: Any, y: Any = None, *, sample_weight: Any = None, groups: Any = None, **params: Any
    ) -> RegularizationSearchCV:
        """Searches. X, y: as the estimator takes them; sample_weight: of the rows, for training and
        for scoring; groups: for splitters that want them; params: more arguments of the estimator's
        `fit`. Ctrl-C ends the search and keeps what is done."""
        if self.final not in FINALS:
            raise ValueError(
                "RegularizationSearchCV: expected final as 'ensemble' or 'best', received "
                f"{self.final!r}"
            )
        if y is None and get_tags(self.estimator).target_tags.required:
            raise ValueError(
                "RegularizationSearchCV requires y to be passed, but the target y is None"
            )
        X, y, sample_weight, groups = indexable(X, y, sample_weight, groups)
        cv = self.cv
        if self.nested is None or cv is None:
            splitter = check_cv(cv, y, classifier=is_classifier(self.estimator))
            cv = splitter if self.nested is not None else list(splitter.split(X, y, groups))
        seed = self.random_state
        if seed is not None and not hasattr(seed, "__index__"):
            seed = int(check_random_state(seed).randint(2**31))
        result = cross_validated_search(
            self.estimator,
            X,
            y,
            self.space,
            cv=cv,
            scoring=self.scoring,
            strategy=self.strategy,
            strength=self.strength,
            n_iter=self.n_iter,
            fit_options=params,
            sample_weight=sample_weight,
            groups=groups if self.nested is not None else None,
            drop_losing_folds=self.drop_losing_folds,
            rule=self.rule,
            ensemble_size=self.ensemble_size,
            nested=self.nested,
            n_jobs=self.n_jobs,
            random_state=seed,
            file=self.file,
            error_score=self.error_score,
            verbose=self.verbose,
        )
        for name in ("final_", "feature_names_in_"):  # of an earlier fit
            if name in vars(self):
                delattr(self, name)
        self.result_ = result
        self.cv_results_ = result.cv_results
        self.best_index_, self.best_params_ = result.best_index, result.best_settings
        self.best_score_ = result.best_score
        self.nested_scores_ = result.nested_scores
        self.n_splits_ = result.scores.shape[1]
        self.multimetric_ = False
        learner: Any = result.job.learner
        self.scorer_ = learner.scorer
        if self.refit:
            self.final_ = result.ensemble if self.final == "ensemble" else result.best_model
            names = getattr(self._member, "feature_names_in_", None)
            if names is not None:
                self.feature_names_in_ = names
        return self

    @property
    def _member(self) -> Any:
        """A fitted estimator."""
        self._check()
        return self.final_.estimators[0] if self.final == "ensemble" else self.final_

    @property
    def best_estimator_(self) -> Any:
        """The estimator with the best settings, trained on all rows."""
        if not hasattr(self, "final_"):
            raise AttributeError("best_estimator_ is there after fit with refit=True")
        return self.result_.best_model

    @property
    def classes_(self) -> Any:
        """The classes, as `predict_proba` orders them."""
        if not hasattr(self, "final_") or not is_classifier(self.estimator):
            raise AttributeError("classes_ is there after fit of a classifier with refit=True")
        return self.final_.classes_

    @property
    def n_features_in_(self) -> int:
        """How many features `fit` has seen."""
        if not hasattr(self, "final_"):
            raise AttributeError("n_features_in_ is there after fit with refit=True")
        return int(self._member.n_features_in_)

    def _check(self) -> None:
        if not self.refit and hasattr(self, "result_"):
            raise AttributeError(
                "RegularizationSearchCV: expected refit=True, for with refit=False there is "
                "nothing to predict with; train an estimator with best_params_"
            )
        check_is_fitted(self, "final_")

    @available_if(_final_has("predict"))  # type: ignore[untyped-decorator]
    def predict(self, X: Any) -> Any:
        """The classes, or values, of rows."""
        self._check()
        return self.final_.predict(X)

    @available_if(_final_has("predict_proba"))  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> Any:
        """The probabilities of the classes, (rows, classes)."""
        self._check()
        return self.final_.predict_proba(X)

    @available_if(_final_has("predict_proba"))  # type: ignore[untyped-decorator]
    def predict_log_proba(self, X: Any) -> Any:
        """Their logarithms."""
        found = self.predict_proba(X)
        tiny = np.finfo(np.float64).tiny
        if isinstance(found, list):
            return [np.log(np.maximum(p, tiny)) for p in found]
        return np.log(np.maximum(found, tiny))

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """The score of the predictions, by what was searched with: greater is better."""
        self._check()
        weight = {} if sample_weight is None else {"sample_weight": sample_weight}
        return float(self.scorer_(self.final_, X, y, **weight))

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "result_")

    def __sklearn_tags__(self) -> Any:
        tags, own = super().__sklearn_tags__(), get_tags(self.estimator)
        tags.estimator_type = own.estimator_type
        for name in ("classifier_tags", "regressor_tags", "target_tags"):
            setattr(tags, name, getattr(own, name))
        tags.input_tags.pairwise = own.input_tags.pairwise
        tags.input_tags.sparse = own.input_tags.sparse
        tags.array_api_support = False
        return tags
