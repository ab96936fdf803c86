"""RegularizationSearchCV: scikit-learn's contract, and joblib's backends."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.metrics import log_loss, r2_score
from sklearn.model_selection import GroupKFold, KFold, cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import corereg
from corereg import layers, regularizers
from corereg.sklearn import DenseClassifier, RegularizationSearchCV
from corereg.tuning import AverageOfEstimators, cross_validated_search
from corereg.tuning.learners import log_likelihood

RNG = np.random.default_rng(7)
X = RNG.standard_normal((60, 4))
LABELS = np.array(["no", "yes"])[(X[:, 0] + RNG.standard_normal(60) > 0).astype(int)]
VALUES = 3 * X[:, 0] + RNG.standard_normal(60)
CS = {"C": [0.01, 0.1, 1.0]}


def classifier(**options):
    options = {"random_state": 0, "cv": 3, "n_jobs": 2, **options}
    return RegularizationSearchCV(LogisticRegression(), CS, **options)


@pytest.mark.parametrize(
    "search",
    [
        classifier(cv=2, n_jobs=1),
        RegularizationSearchCV(
            Ridge(), {"alpha": [0.1, 1.0]}, cv=2, n_jobs=1, random_state=0, final="best"
        ),
        RegularizationSearchCV(
            DenseClassifier(
                hidden_layer_sizes=(16,), epochs=60, learning_rate=0.03, batch_size=1000
            ),  # of one batch an epoch a weight of 2 is as good as two rows
            {"l2": [0.0, 0.001]},
            strategy="grid",
            cv=2,
            n_jobs=1,
            random_state=0,
        ),
    ],
    ids=["classifier", "regressor", "network"],
)
@pytest.mark.exhaustive
def test_check_estimator(search):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = check_estimator(search, on_fail=None, on_skip=None)
    failed = [(one["check_name"], one["exception"]) for one in found if one["status"] == "failed"]
    assert not failed
    assert len(found) > 40


def test_attributes_are_those_of_scikit_learn_and_agree():
    search = classifier().fit(X, LABELS)
    results = search.cv_results_
    assert results["params"] == [{"C": c} for c in CS["C"]]
    assert results["params"][search.best_index_] == search.best_params_
    assert results["mean_test_score"][search.best_index_] == search.best_score_
    assert sorted(results["rank_test_score"]) == [1, 2, 3]
    assert results["rank_test_score"].argmin() == results["mean_test_score"].argmax()
    splits = [results[f"split{i}_test_score"] for i in range(search.n_splits_)]
    np.testing.assert_allclose(np.mean(splits, axis=0), results["mean_test_score"])
    assert list(results["param_C"]) == CS["C"]
    assert list(search.classes_) == ["no", "yes"]
    assert search.n_features_in_ == 4
    assert search.best_estimator_.get_params()["C"] == search.best_params_["C"]


def test_predictions_are_the_mean_of_the_fold_models():
    search = classifier(ensemble_size=2).fit(X, LABELS)
    assert isinstance(search.final_, AverageOfEstimators)
    assert len(search.final_) == 6
    expected = np.mean([one.predict_proba(X) for one in search.final_.estimators], axis=0)
    np.testing.assert_allclose(search.predict_proba(X), expected)
    np.testing.assert_array_equal(search.predict(X), search.classes_[expected.argmax(axis=1)])
    np.testing.assert_allclose(search.predict_log_proba(X), np.log(expected))
    assert search.score(X, LABELS) == pytest.approx(-log_loss(LABELS, expected))
    best = classifier(final="best").fit(X, LABELS)
    one = clone(LogisticRegression(C=best.best_params_["C"])).fit(X, LABELS)
    np.testing.assert_allclose(best.predict_proba(X), one.predict_proba(X), rtol=1e-6)


def test_weights_of_rows_count_in_the_score():
    search = RegularizationSearchCV(Ridge(), {"alpha": [0.1, 10.0]}, cv=3).fit(X, VALUES)
    weight = np.arange(60.0)
    expected = r2_score(VALUES, search.predict(X), sample_weight=weight)
    assert search.score(X, VALUES, sample_weight=weight) == pytest.approx(expected)
    assert search.score(X, VALUES) != pytest.approx(expected)


def test_regressors_and_votes():
    search = RegularizationSearchCV(Ridge(), {"alpha": [0.1, 10.0]}, cv=3).fit(X, VALUES)
    expected = np.mean([one.predict(X) for one in search.final_.estimators], axis=0)
    np.testing.assert_allclose(search.predict(X), expected)
    assert search.score(X, VALUES) == pytest.approx(r2_score(VALUES, expected))
    assert not hasattr(search, "predict_proba")
    votes = RegularizationSearchCV(RidgeClassifier(), {"alpha": [0.1, 10.0]}, cv=3)
    votes.fit(X, LABELS)
    assert votes.score(X, LABELS) == (votes.predict(X) == LABELS).mean()
    assert not hasattr(votes, "predict_proba")


@pytest.mark.parametrize(
    ("estimator", "space"),
    [
        (DenseClassifier((), learning_rate=0.1, epochs=20), {"l2": [0.0, 1e-3]}),
        (RidgeClassifier(), {"alpha": [0.1, 1.0]}),
        (KNeighborsClassifier(), {"n_neighbors": [3, 5]}),
        (MultiOutputClassifier(RidgeClassifier()), {"estimator__alpha": [0.1, 1.0]}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_rows_with_several_labels(estimator, space):
    y = (X[:, :2] > 0).astype(int)
    search = RegularizationSearchCV(estimator, space, cv=3, random_state=0, n_jobs=1).fit(X, y)
    found = search.predict(X)
    assert found.shape == y.shape
    assert (found == y).mean() > 0.85
    assert np.isfinite(search.score(X, y))


def test_inside_and_around_of_scikit_learn():
    pipe = make_pipeline(StandardScaler(), LogisticRegression())
    search = RegularizationSearchCV(pipe, {"logisticregression__C": [0.1, 1.0]}, cv=3)
    scores = cross_val_score(search, X, LABELS, cv=2)
    assert (scores > -1).all()
    outer = make_pipeline(StandardScaler(), classifier()).fit(X, LABELS)
    again = pickle.loads(pickle.dumps(outer))
    np.testing.assert_array_equal(outer.predict_proba(X), again.predict_proba(X))
    assert clone(search).get_params()["cv"] == 3


def test_frames_weights_groups_and_nested_scores():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"], index=range(100, 160))
    search = classifier(nested=2).fit(frame, pd.Series(LABELS, index=frame.index))
    assert list(search.feature_names_in_) == ["a", "b", "c", "d"]
    assert search.nested_scores_.ensemble.shape == (2,)
    weight = np.ones(60)
    weight[LABELS == "no"] = 0.01
    weighted = classifier().fit(X, LABELS, sample_weight=weight)
    assert (weighted.predict(X) == "yes").mean() > (search.predict(frame) == "yes").mean()
    groups = np.arange(60) // 10
    grouped = classifier(cv=GroupKFold(3)).fit(X, LABELS, groups=groups)
    for _, test in GroupKFold(3).split(X, LABELS, groups):
        assert any(np.array_equal(X[test], fold.test.x) for fold in grouped.result_.job.folds)


class Warm(RegressorMixin, BaseEstimator):
    """Counts its epochs, those of the estimator that it goes on from as well."""

    def __init__(self, l2=0.0, epochs=9, warm_start=False, random_state=None):
        self.l2, self.epochs = l2, epochs
        self.warm_start, self.random_state = warm_start, random_state

    def fit(self, x, y):
        self.history_ = [*(getattr(self, "history_", []) if self.warm_start else []),
                         (self.l2, self.epochs)]  # fmt: skip
        self.n_features_in_ = x.shape[1]
        return self

    def predict(self, x):
        return np.full(len(x), self.l2)


def test_paths_and_halving_of_estimators_that_know_their_epochs():
    search = RegularizationSearchCV(Warm(), {"l2": [0.1, 0.0, 1.0]}, strategy="path", cv=3)
    search.set_params(rule="best", random_state=1).fit(X, np.ones(60))
    best = search.best_estimator_
    assert best.history_ == [(0.0, 9), (0.1, 3), (1.0, 3)]
    assert best.warm_start is False
    assert best.random_state is not None
    halving = clone(search).set_params(strategy="halving", ensemble_size=1)
    halving.fit(X, np.ones(60))
    assert halving.best_estimator_.history_ == [(1.0, 9)]
    table = halving.result_._table
    assert [chain.epochs for chain in table.chains] == [(3,), (3,), (9,)]
    with pytest.raises(ValueError, match="expected an estimator with the parameter epochs"):
        RegularizationSearchCV(Ridge(), {"alpha": [1.0]}, strategy="halving").fit(X, LABELS)


def test_what_cannot_be():
    with pytest.raises(ValueError, match="expected final as 'ensemble' or 'best'"):
        classifier(final="worst").fit(X, LABELS)
    with pytest.raises(ValueError, match="there is none of l2, dropout and label_smoothing"):
        RegularizationSearchCV(LogisticRegression()).fit(X, LABELS)
    with pytest.raises(ValueError, match="requires y to be passed"):
        classifier().fit(X)
    search = classifier(refit=False).fit(X, LABELS)
    assert search.best_params_
    with pytest.raises(AttributeError, match="expected refit=True"):
        search.predict(X)
    for name in ("best_estimator_", "classes_", "n_features_in_"):
        assert not hasattr(search, name)


def test_classes_that_a_fold_lacks_count_as_unlikely():
    model = LogisticRegression().fit(X, LABELS)
    p = model.predict_proba(X)
    assert log_likelihood(model, X, LABELS) == pytest.approx(-log_loss(LABELS, p))
    other = np.where(np.arange(60) == 0, "zzz", LABELS)
    assert log_likelihood(model, X, other) < log_likelihood(model, X, LABELS) - 0.1
    folds = KFold(3)
    y = np.array([0] * 20 + [1] * 20 + [2] * 20)  # each fold lacks a class
    search = RegularizationSearchCV(
        SGDClassifier(loss="log_loss"), {"alpha": [1e-3, 1.0]}, cv=folds
    )
    search.fit(X, y)
    assert list(search.classes_) == [0, 1, 2]
    np.testing.assert_allclose(search.predict_proba(X).sum(axis=1), 1)


# ---- joblib --------------------------------------------------------------------------------------


def build(l2):
    model = corereg.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(4, "relu", kernel_regularizer=regularizers.L2(l2)),
            layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    return model


def models_searched():
    return cross_validated_search(
        build, X, VALUES, {"l2": [0.0, 0.1]}, cv=2, epochs=3, random_state=1, verbose=0
    )


def test_a_joblib_backend_gives_the_same(monkeypatch):
    import joblib

    from corereg.tuning import workers

    own = models_searched()
    called = []
    by_joblib = workers._by_joblib
    monkeypatch.setattr(workers, "_by_joblib", lambda *a: called.append(1) or by_joblib(*a))
    with joblib.parallel_config("threading", n_jobs=2):
        found = models_searched()
    assert called
    assert np.array_equal(own.scores, found.scores)
    assert not workers.has_joblib_backend()


@pytest.mark.exhaustive
def test_processes_give_the_same():
    import joblib

    own = models_searched()
    with joblib.parallel_config("loky", n_jobs=2):
        found = models_searched()
    assert np.array_equal(own.scores, found.scores)
    assert np.array_equal(own.ensemble.predict(X), found.ensemble.predict(X))


@pytest.mark.exhaustive
def test_a_dask_cluster_gives_the_same():
    distributed = pytest.importorskip("dask.distributed")
    import joblib

    own, estimators = models_searched(), classifier().fit(X, LABELS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, dashboard_address=None
            ) as cluster,
            distributed.Client(cluster),
            joblib.parallel_config("dask"),
        ):
            found, others = models_searched(), classifier().fit(X, LABELS)
    assert np.array_equal(own.scores, found.scores)
    assert np.array_equal(own.ensemble.predict(X), found.ensemble.predict(X))
    # its BLAS may have other threads there
    np.testing.assert_allclose(estimators.predict_proba(X), others.predict_proba(X), rtol=1e-6)


def test_estimators_without_targets():
    """What learns no y is trained without one, and judged by its own score."""
    options = {"cv": 3, "random_state": 0, "verbose": 0}
    found = cross_validated_search(PCA(), X, None, {"n_components": [1, 3]}, **options)
    for i, ((train, _, _), (x, y, weight)) in enumerate(found.job.folds):
        assert y is weight is None
        expected = PCA(**found.best_settings).fit(train).score(x)
        assert found.scores[found.best_index, i] == pytest.approx(expected)


@pytest.mark.parametrize(
    "make", [lambda one: one, lambda one: make_pipeline(StandardScaler(), one)]
)
def test_norms_are_those_of_the_networks_in_estimators(make):
    estimator = make(DenseClassifier(hidden_layer_sizes=(3,), epochs=1, random_state=0))
    (name,) = (name for name in estimator.get_params() if name.split("__")[-1] == "l2")
    found = cross_validated_search(estimator, X, LABELS, {name: [0.0]}, cv=2, verbose=0)
    fitted = [getattr(one, "steps", [("", one)])[-1][1] for one in found.fold_models(0)]
    kernels = [[w for w in one.model_.get_weights() if w.ndim == 2] for one in fitted]
    means = np.mean([[np.linalg.norm(w) for w in one] for one in kernels], axis=0)
    assert list(found.norms(0)) == ["kernel_1", "kernel_2"]
    np.testing.assert_allclose(list(found.norms(0).values()), means, rtol=1e-6)


def test_estimators_without_a_network_have_no_norms():
    found = cross_validated_search(Ridge(), X, VALUES, {"alpha": [1.0]}, cv=2, verbose=0)
    assert found.norms(0) == {}
