"""Searches by cross-validation: the same for any workers, from a file, after an interrupt."""

from __future__ import annotations

import io
import json
import random
import signal
import sys
import threading

import numpy as np
import pytest

import corereg
from corereg import _kernels, layers, losses, regularizers
from corereg.models import Ensemble
from corereg.random import OwnStreams, get_state, next_seed, set_random_seed
from corereg.tuning import LogUniform, Uniform, cross_validated_search, default_space
from corereg.tuning.folds import Rows, count_rows, rows_of, splits_of
from corereg.tuning.learners import kind_of
from corereg.tuning.progress import SearchProgress
from corereg.tuning.score_table import ScoreTable
from corereg.tuning.scoring import SCORES
from corereg.tuning.space import chains, check_space, draw, grid, strength_of
from corereg.tuning.tasks import Outcome, Task

RNG = np.random.default_rng(5)
X = RNG.standard_normal((45, 4)).astype("float32")
Y = (X[:, 0] + 0.5 * X[:, 1] + 0.5 * RNG.standard_normal(45) > 0).astype("float32")
SPACE = {"l2": [0.1, 0.0], "dropout": [0.0, 0.3]}


def build(l2=0.0, dropout=0.0, units=5):
    model = corereg.Sequential(
        [
            layers.Input((4,)),
            layers.Dense(units, "relu", kernel_regularizer=regularizers.L2(l2)),
            layers.Dropout(dropout),
            layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    return model


def search(space=SPACE, x=X, y=Y, make=build, **options):
    options = {"epochs": 2, "cv": 3, "random_state": 1, "verbose": 0, **options}
    return cross_validated_search(make, x, y, space, **options)


STRATEGIES = [
    {"strategy": "grid"},
    {"strategy": "path"},
    {"strategy": "halving", "epochs": 12, "ensemble_size": 2},
    {"strategy": "random", "n_iter": 3, "drop_losing_folds": True},
]


@pytest.mark.parametrize(
    "options",
    [pytest.param(STRATEGIES[0], marks=pytest.mark.exhaustive), *STRATEGIES[1:]],
    ids=lambda one: one["strategy"],
)
def test_workers_do_not_change_a_bit(options):
    one, many = (search(**options, n_jobs=n) for n in (1, 3))
    assert np.array_equal(one.scores, many.scores, equal_nan=True)
    assert one.best_settings == many.best_settings
    for name in ("best_model", "ensemble"):
        a, b = (getattr(one_of, name).predict(X, verbose=0) for one_of in (one, many))
        assert np.array_equal(a, b)


def test_scores_are_those_of_the_fold_models_on_the_rows_held_out():
    found = search()
    place = found.order[0]
    for fold, model in enumerate(found.fold_models(place)):
        _, (x, y, _) = found.job.folds[fold]
        p = model.predict(x, verbose=0)[:, 0].astype(float)
        expected = np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        assert found.scores[place, fold] == pytest.approx(expected, rel=1e-5)
    assert found.means[place] == max(found.means)
    assert found.standard_errors[place] == pytest.approx(found.scores[place].std(ddof=1) / 3**0.5)


def test_fold_models_that_were_not_kept_are_trained_to_the_same_weights():
    kept, dropped = search(ensemble_size=4), search(ensemble_size=1)
    last = kept.order[-1]
    assert (last, 0) in kept._table.states
    assert (last, 0) not in dropped._table.states
    for a, b in zip(kept.fold_models(last), dropped.fold_models(last), strict=True):
        for w, v in zip(a.get_weights(), b.get_weights(), strict=True):
            assert np.array_equal(w, v)


def test_the_ensemble_is_the_mean_of_the_fold_models_of_the_best_settings():
    found = search(ensemble_size=2)
    assert isinstance(found.ensemble, Ensemble)
    members = [m for place in found.order[:2] for m in found.fold_models(place)]
    expected = np.mean([m.predict(X, verbose=0) for m in members], axis=0)
    np.testing.assert_allclose(found.ensemble.predict(X, verbose=0), expected, rtol=1e-5)
    own = -np.mean(np.log(np.where(Y[:, None] == 1, expected, 1 - expected)))
    assert found.ensemble.evaluate(X, Y, verbose=0) == pytest.approx(own, rel=1e-4)  # no penalty


def test_a_path_goes_on_from_the_weaker_strength_and_never_back():
    settings = grid([{"l2": [0.1, 0.0, 0.001], "dropout": [0.0, 0.3]}])
    assert [[settings[p]["l2"] for p in chain] for chain in chains(settings, "l2")] == [
        [0.0, 0.001, 0.1]
    ] * 2
    found = search({"l2": [0.1, 0.0]}, strategy="path", path_epochs=1)
    weak, strong = found.settings.index({"l2": 0.0}), found.settings.index({"l2": 0.1})
    start, after = (found.fold_models(place)[0].get_weights() for place in (weak, strong))
    steps = 1 * -(-30 // 32)
    assert all(np.abs(a - b).max() < 2e-3 * steps for a, b in zip(start, after, strict=True))
    assert found.norms(strong)["kernel_1"] < found.norms(weak)["kernel_1"]


def test_a_search_leaves_the_users_random_numbers_alone():
    set_random_seed(3)
    before = get_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    search({"l2": [0.0]})
    after = get_state(), np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    assert before == after
    assert search({"l2": [0.0]}, random_state=None).job.seed != search(random_state=None).job.seed


def test_a_seed_set_inside_of_own_streams_stays_inside():
    set_random_seed(1)
    before = get_state()
    with OwnStreams(5):
        set_random_seed(2)
        inside = next_seed()
    assert get_state() == before
    set_random_seed(2)
    assert next_seed() == inside


def test_a_thread_may_limit_its_own_threads():
    most, found = corereg.get_num_threads(), []
    own = _kernels.limited_threads(1)
    with own:
        assert corereg.get_num_threads() == 1
        other = threading.Thread(target=lambda: found.append(corereg.get_num_threads()))
        other.start()
        other.join()
        with _kernels.limited_threads(0):
            assert corereg.get_num_threads() == most
        with pytest.raises(RuntimeError, match="expected an object that is not entered"), own:
            pass
        assert corereg.get_num_threads() == 1
    assert found == [most]
    assert corereg.get_num_threads() == most
    with pytest.raises(ValueError, match="limited_threads: expected an integer >= 0"):
        _kernels.limited_threads(-1)


def test_each_training_has_one_thread_for_kernels():
    seen = set()

    def noting(l2):
        seen.add(corereg.get_num_threads())
        return build(l2)

    search({"l2": [0.0, 0.1]}, make=lambda l2: noting(l2))
    assert 1 in seen
    found = search({"l2": [0.0]}, make=lambda l2: build(l2))
    seen.clear()
    found.job.learner.build = noting
    found.job.run(Task((0,), 0, (1,)))
    assert seen == {1}


# ---- interrupts and files ------------------------------------------------------------------------


@pytest.fixture
def interrupting():
    """Makes a build whose n-th call sends Ctrl-C, and waits until it has come."""
    came = threading.Event()

    def handler(number, frame):
        came.set()
        raise KeyboardInterrupt

    def make(after):
        calls = []

        def made(**settings):
            calls.append(settings)
            if len(calls) == after:
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
                assert came.wait(30)
            return build(**settings)

        return made

    before = signal.signal(signal.SIGINT, handler)
    yield make
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_keeps_what_is_done_and_a_file_goes_on(tmp_path, interrupting):
    path = tmp_path / "search.jsonl"
    whole = search(random_state=4)
    found = search(make=interrupting(8), file=path, n_jobs=1, random_state=4)
    assert found.interrupted
    done = np.isfinite(found.scores)
    assert 6 <= done.sum() < 12
    assert np.array_equal(found.scores[done], whole.scores[done])
    assert found.best_index in found.order
    made = []
    lines = path.read_bytes()
    path.write_bytes(lines + b'{"task": [[0], 0,')  # what a kill may leave
    rest = search(
        make=lambda **s: made.append(s) or build(**s), file=path, random_state=None
    )  # the file has the seed
    assert np.array_equal(rest.scores, whole.scores)
    assert len(made) - 1 == 12 - done.sum()
    a, b = (one.ensemble.predict(X, verbose=0) for one in (rest, whole))
    assert np.array_equal(a, b)  # though the weights were trained anew


def test_ctrl_c_before_anything_is_done_is_raised(interrupting):
    with pytest.raises(KeyboardInterrupt):
        search(make=interrupting(2), n_jobs=1)


def test_a_file_of_another_search_is_refused(tmp_path):
    path = tmp_path / "search.jsonl"
    search({"l2": [0.0]}, file=path)
    before = path.read_bytes()
    for options in ({"x": X + 1}, {"epochs": 5}, {"random_state": 2}, {"space": {"l2": [0.1]}}):
        with pytest.raises(ValueError, match="expected the same data, settings"):
            search(**{"space": {"l2": [0.0]}, "file": path, **options})
    assert path.read_bytes() == before
    other = tmp_path / "other"
    other.write_text(json.dumps({"a": 1}) + "\n")
    with pytest.raises(ValueError, match="which is something else; choose another path"):
        search(file=other)


# ---- choosing ------------------------------------------------------------------------------------


def table_of(settings, scores, keep=5):
    table = ScoreTable(settings, np.shape(scores)[1], keep)
    for place, row in enumerate(scores):
        for fold, score in enumerate(row):
            if np.isfinite(score):
                table.record(Task((place,), fold, (None,)), [Outcome(score, 0.1, {})])
    return table


def test_one_standard_error_rule():
    settings = [{"l2": 0.0}, {"l2": 0.01}, {"l2": 0.1}, {"l2": 1.0}]
    table = table_of(settings, [[-1, -3], [-0.9, -2.9], [-1.2, -3.2], [-3.2, -3.4]])
    assert table.order() == [1, 0, 2, 3]
    assert table.choose("best") == 1
    assert table.choose("one_standard_error") == 2  # the error is 1
    assert table.choose("one_standard_error", "l2") == 2
    mixed = [{"l2": 0.1, "d": 0.5}, {"l2": 0.0, "d": 0.0}, {"l2": 0.1, "d": 0.0}]
    other = table_of(mixed, [[-1, -3], [-0.9, -2.9], [-1.2, -3.2]])
    assert other.choose("one_standard_error") == 0
    assert other.choose("one_standard_error", "l2") == 2  # which has the d of the best
    assert (
        table_of(settings, [[-1, -1], [-0.9, -0.9], [-1.2, -1.2], [-3, -3]]).choose(
            "one_standard_error"
        )
        == 1
    )


def test_losers_are_told_by_paired_differences():
    folds = np.array([0.0, 5.0, -3.0])  # which all share
    good, bad = (mean + folds for mean in (-1.0, -2.0))
    noise = 0.01 * np.arange(30).reshape(10, 3) % 0.05
    scores = np.stack([good] * 5 + [bad] * 5) + noise
    table = table_of([{"l2": float(i)} for i in range(10)], scores)
    assert table.cannot_win(range(10)) == [5, 6, 7, 8, 9]
    noisy = scores + np.random.default_rng(0).normal(0, 3, scores.shape)
    assert table_of(table.settings, noisy).cannot_win(range(10)) == []
    alike = np.tile(good, (4, 1))  # no difference is more than none
    assert table_of(table.settings[:4], alike).cannot_win(range(4)) == []
    failed = scores.copy()
    failed[0, 1] = np.inf
    assert 0 not in table_of(table.settings, scores[:, :1]).cannot_win(range(10))


def test_dropped_settings_are_not_in_the_order():
    found = search({"epochs": [40, 41, 42, 1]}, drop_losing_folds=True, batch_size=4)
    last = found.settings.index({"epochs": 1})
    assert last not in found.order
    assert np.isnan(found.scores[last]).any()
    assert len(found.order) >= 1
    with pytest.raises(ValueError, match="expected settings that have all their folds"):
        found.fold_models(last)


def test_nested_scores_are_of_rows_that_nothing_was_chosen_by():
    found = search({"l2": [0.0, 0.1]}, nested=2)
    assert found.nested_scores.best_model.shape == found.nested_scores.ensemble.shape == (2,)
    assert np.isfinite(found.nested_scores.ensemble).all()
    assert len(found.nested_scores.settings) == 2
    with pytest.raises(ValueError, match="expected cv as a number of folds or a splitter"):
        search(nested=2, cv=[(np.arange(30), np.arange(30, 45))])


# ---- what is given -------------------------------------------------------------------------------


def test_folds_are_stratified_and_cover_all_rows():
    y = np.array([0] * 33 + [1] * 12)
    splits = splits_of(3, Rows(X, y), True, None, 7)
    held = np.concatenate([test for _, test in splits])
    assert sorted(held) == list(range(45))
    assert [int(y[test].sum()) for _, test in splits] == [4, 4, 4]
    for train, test in splits:
        assert not set(train) & set(test)
        assert len(train) + len(test) == 45


def test_spaces():
    assert default_space(["l2", "units", "net__dropout"], True) == {
        "l2": default_space(["l2"], True)["l2"],
        "net__dropout": [0.0, 0.2, 0.5],
    }
    assert "label_smoothing" not in default_space(["label_smoothing"], classifies=False)
    drawn = draw([{"l2": LogUniform(1e-5, 1e-1), "d": Uniform(0.1, 0.2), "u": [1, 2]}], 200, 3)
    l2 = np.log10([one["l2"] for one in drawn])
    assert -5 <= l2.min() < -4.5
    assert -1.5 < l2.max() <= -1
    assert abs(np.mean(l2) + 3) < 0.3
    assert {one["u"] for one in drawn} == {1, 2}
    assert draw([{"l2": LogUniform(1e-5, 1e-1)}], 5, 3) == draw(
        [{"l2": LogUniform(1e-5, 1e-1)}], 5, 3
    )
    assert len(draw([{"u": [1, 2]}], 9, 0)) == 2
    assert grid([{"a": [1, 2], "b": [3, 4]}, {"a": [1], "b": [3]}]) == [
        {"a": 1, "b": 3}, {"a": 1, "b": 4}, {"a": 2, "b": 3}, {"a": 2, "b": 4},
    ]  # fmt: skip


def test_fit_takes_what_build_does_not():
    found = search({"batch_size": [4, 45], "epochs": [1]})
    small, large = (found.settings.index({"batch_size": n, "epochs": 1}) for n in (4, 45))
    a, b = (found.fold_models(place)[0].optimizer for place in (small, large))
    steps = [int(found.job.train(found._table.chains[p], found._rows, 0).optimizer.iterations)
             for p in (small, large)]  # fmt: skip
    assert steps == [12, 1]
    assert a is not b


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"space": {"depth": [1]}}, ValueError, "settings that build takes"),
        ({"space": {"l2": 0.1}}, TypeError, "values of 'l2' as a list or a distribution"),
        ({"space": {"l2": []}}, ValueError, "at least one value of 'l2'"),
        ({"space": {"l2": LogUniform(0.1, 0.01)}}, ValueError, "low < high"),
        ({"space": {"l2": LogUniform(0.01, 0.1)}, "strategy": "grid"}, ValueError, "lists of"),
        ({"strategy": "genetic"}, ValueError, "expected strategy as one of"),
        ({"rule": "worst"}, ValueError, "expected rule as one of"),
        ({"strategy": "path", "space": {"units": [2, 3]}}, ValueError, "expected strength"),
        ({"strength": "l1"}, ValueError, "expected strength as one of"),
        ({"make": lambda l2: build(), "space": {"l2": "ab"}}, TypeError, "as a list or a"),
        ({"make": lambda l2: build(), "space": {"l2": [*"ab"]}}, TypeError, "strengths as numbers"),
        ({"scoring": "r2"}, ValueError, "expected scoring of a model with classes as one of"),
        ({"cv": 1}, ValueError, "expected cv from 2 to 45"),
        ({"n_jobs": 0}, ValueError, "expected n_jobs"),
        ({"y": Y[:-1]}, ValueError, "expected y with 45 rows"),
        ({"make": 3}, TypeError, "expected a function that gives a compiled model"),
        ({"make": lambda l2, dropout: None}, TypeError, "expected build to give a corereg Model"),
        ({"fit_options": {"callbacks": []}}, ValueError, "callbacks as a function"),
        ({"strategy": "path", "drop_losing_folds": True}, ValueError, "drop_losing_folds"),
        ({"random_state": -1}, ValueError, "expected random_state"),
        ({"make": lambda **s: corereg.Sequential([layers.Input((4,))])}, ValueError, "compiled"),
    ],
)  # fmt: skip
def test_bad_arguments(options, error, words):
    with pytest.raises(error, match=words):
        search(**options)


def test_a_training_that_raises_tells_its_settings_or_counts_as_told():
    def fails(l2):
        if l2 == 0.1 and threading.current_thread() is not threading.main_thread():
            raise RuntimeError("no")
        return build(l2)

    with pytest.raises(RuntimeError) as caught:
        search({"l2": [0.0, 0.1]}, make=fails)
    assert "{'l2': 0.1}" in caught.value.__notes__[0]
    found = search({"l2": [0.0, 0.1]}, make=fails, error_score=np.nan)
    assert found.best_settings == {"l2": 0.0}


def test_classes_values_logits_and_functions_are_scored():
    labels = (X[:, 0] > 0).astype("int32") + (X[:, 1] > 0)

    def logits(l2):
        stack = [layers.Input((4,)), layers.Dense(3, kernel_regularizer=regularizers.L2(l2))]
        model = corereg.Sequential(stack)
        model.compile("adam", losses.SparseCategoricalCrossentropy(from_logits=True))
        return model

    found = search({"l2": [0.0, 0.1]}, y=labels, make=logits)
    assert found.scoring == "neg_log_loss"
    assert ((found.means < -0.3) & (found.means > -3)).all()
    p = found.ensemble.predict(X, verbose=0)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    right = search({"l2": [0.0]}, y=labels, make=logits, scoring="accuracy")
    assert 0 <= right.best_score <= 1

    def line(l2):
        model = corereg.Sequential([layers.Input((4,)), layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    y = 3 * X[:, :1]
    for name, least in (("neg_mean_squared_error", -20), ("r2", -1)):
        assert search({"l2": [0.0]}, y=y, make=line, scoring=name, epochs=30).best_score > least
    own = search({"l2": [0.0, 0.1]}, scoring=lambda model, x, y: float(len(x)))
    assert own.best_score == 15


def test_sample_weights_train_and_score():
    weight = np.where(np.arange(45) % 2, 1.0, 0.0)
    found = search({"l2": [0.0]}, sample_weight=weight)
    model, (_, held) = found.fold_models(0)[0], found.job.folds[0]
    p = model.predict(held.x, verbose=0)[:, 0].astype(float)
    each = np.log(np.where(held.y == 1, p, 1 - p))
    assert found.scores[0, 0] == pytest.approx(np.average(each, weights=held.weight), rel=1e-5)


# ---- what is shown -------------------------------------------------------------------------------


def test_table_and_repr():
    pd = pytest.importorskip("pandas")
    found = search()
    table = found.table
    assert isinstance(table, pd.DataFrame)
    assert list(table["rank"]) == list(range(1, 5))
    assert (np.diff(table["mean_score"]) <= 0).all()
    assert {"l2", "dropout", "standard_error", "score_2", "seconds", "norm_kernel_1"} <= set(table)
    assert "4 of 4 settings, 3 folds; best" in repr(found)


def test_table_without_pandas(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    table = search({"l2": [0.0, 0.1]}).table
    assert isinstance(table, dict)
    assert sorted(table["l2"]) == [0.0, 0.1]


def test_pictures():
    pytest.importorskip("matplotlib")
    found = search(strategy="path")
    axes = found.plot()
    assert axes.get_xlabel() == "l2"
    assert len(axes.get_lines()) == 3  # two values of dropout, and what was chosen
    assert [line.get_label() for line in found.plot("path").get_lines()][:2] == [
        "kernel_1",
        "kernel_2",
    ]
    heat = found.plot("heatmap")
    assert (heat.get_xlabel(), heat.get_ylabel()) == ("l2", "dropout")
    shown = np.asarray(heat.images[0].get_array())
    assert shown[0, 0] == found.means[found.settings.index({"l2": 0.0, "dropout": 0.0})]
    with pytest.raises(ValueError, match="expected kind as one of"):
        found.plot("pie")
    with pytest.raises(ValueError, match="expected a search over a strength"):
        search({"units": [2, 3]}).plot()


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_in_a_terminal_is_drawn_in_place():
    table = table_of([{"l2": 0.0}, {"l2": 0.1}], [[-1, -3], [-0.9, np.nan]])
    stream = Terminal()
    display = SearchProgress(table, 1, stream)
    display.expect(3, known=1)
    assert "1/4 trainings" in display.head()
    assert "ETA" not in display.head()  # none was done here
    display.update(2)
    display._next = 0.0
    display.update(0)
    first = stream.getvalue()
    assert "3/4 trainings" in first
    assert "ETA 0:0" in first
    assert "best -2.0000 l2=0" in first
    display.close()
    assert stream.getvalue().removeprefix(first).startswith("\x1b[3F\x1b[2K")
    assert all(len(line) < 100 for line in stream.getvalue().splitlines())
    lines = io.StringIO()
    display = SearchProgress(table, "auto", lines)
    display.expect(1)
    display.update(1)
    display.close()
    assert lines.getvalue().count("\n") == 1
    assert "1/1 trainings" in lines.getvalue()
    assert "ETA" not in lines.getvalue()
    silent = io.StringIO()
    SearchProgress(table, 0, silent).close()
    assert not silent.getvalue()
    with pytest.raises(ValueError, match="expected 'auto', 0, 1 or 2"):
        SearchProgress(table, 3)


def test_a_page_of_a_search_shows_the_best_settings_and_the_chosen_one(rng):
    x, y = rng.normal(size=(40, 3)), rng.integers(0, 2, 40)

    def build(l2=0.0, name="<b>"):
        model = corereg.Sequential([corereg.Input((3,)), layers.Dense(2, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        return model

    space = {"l2": [0.0, 0.5], "name": ["<b>"]}
    found = cross_validated_search(build, x, y, space, cv=2, epochs=1, verbose=0)
    page = found._repr_html_()
    assert page.count("<tr") == 3
    assert page.count('<tr class="mark">') == 1
    assert "&lt;b&gt;" in page
    assert "2 of 2 settings on 2 folds" in page


PLACES = np.array([2, 0])


def test_a_loss_of_ones_own_leaves_it_to_the_activation_what_an_output_is():
    for activation, kind in (("softmax", "categorical"), ("tanh", None)):
        model = corereg.Sequential([layers.Input((4,)), layers.Dense(3, activation)])
        model.compile("sgd", lambda y_true, y_pred: ((y_true - y_pred) ** 2).mean(-1))
        assert kind_of(model).kind == kind


def test_rows_of_what_has_rows():
    x = np.arange(6.0).reshape(3, 2)
    assert count_rows(x) == count_rows(x.tolist()) == count_rows({"a": x, "b": x[:2]}) == 3
    for what in ({}, 3, np.float64(1)):
        with pytest.raises(TypeError, match="expected x with rows, received"):
            count_rows(what)
    for given in (x, x.tolist(), {"a": x}):
        found = rows_of(given, PLACES)
        assert np.array_equal(found["a"] if isinstance(given, dict) else found, x[PLACES])


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow", "scipy.sparse"])
def test_rows_of_tables(library):
    module = pytest.importorskip(library)
    x = np.array([[1.0, 0.0], [2.0, 3.0], [0.0, 4.0]])
    columns = {"a": x[:, 0], "b": x[:, 1]}
    make = {"pandas": "DataFrame", "polars": "DataFrame", "pyarrow": "table"}.get(library)
    table = getattr(module, make)(columns) if make else module.coo_array(x)
    assert count_rows(table) == 3
    found = rows_of(table, PLACES)
    if library == "scipy.sparse":
        assert np.array_equal(found.toarray(), x[PLACES])
    else:
        assert type(found) is type(table)
        assert np.array_equal(np.stack([np.asarray(found[name]) for name in "ab"], 1), x[PLACES])


class Halves:
    def split(self, x, y, *groups):
        self.given = (len(x), y is not None, *groups)
        yield np.arange(len(x)) < 2, [2, 3]


@pytest.mark.parametrize("groups", [None, [0, 0, 1, 1]])
def test_splitters_and_pairs(groups):
    rows, halves = Rows(np.ones((4, 2)), np.ones(4)), Halves()
    ((train, test),) = splits_of(halves, rows, False, groups, 0)
    assert (train.tolist(), test.tolist()) == ([0, 1], [2, 3])
    assert halves.given == ((4, True) if groups is None else (4, True, groups))
    assert [len(splits_of(n, rows, False, None, 0)) for n in (2, 4)] == [2, 4]


@pytest.mark.parametrize(
    ("cv", "groups", "error", "message"),
    [
        (1, None, ValueError, "expected cv from 2 to 4, the rows, received 1"),
        (5, None, ValueError, "expected cv from 2 to 4, the rows, received 5"),
        (2, [1, 1, 2, 2], ValueError, "a splitter that knows groups"),
        (True, None, TypeError, "expected cv as a number of folds, a splitter or pairs"),
        (None, None, TypeError, "received None"),
        ([3], None, ValueError, "expected cv as pairs"),
        ([([0], [1], [2])], None, ValueError, "expected cv as pairs"),
        ([([0], [])], None, ValueError, "row numbers in each part of a fold"),
        ([([0], [[1]])], None, ValueError, "row numbers in each part of a fold"),
        ([([0], [1.0])], None, ValueError, "row numbers in each part of a fold"),
        ([([0], [4])], None, ValueError, "row numbers below 4, received 4"),
        ([([-5], [0])], None, ValueError, "row numbers below 4"),
    ],
)
def test_folds_that_are_none(cv, groups, error, message):
    with pytest.raises(error, match=message):
        splits_of(cv, Rows(np.ones((4, 2)), np.ones(4)), False, groups, 0)


def test_row_numbers_at_their_ends():
    ((train, test),) = splits_of([([-4, 1], [3])], Rows(np.ones((4, 2)), None), False, None, 0)
    assert (train.tolist(), test.tolist()) == ([-4, 1], [3])


@pytest.mark.parametrize(
    ("space", "message"),
    [
        ("l2", "expected space as a dict"),
        ([], "expected space as a dict"),
        (3, "expected space as a dict"),
        ([3], "expected space as dicts, received int"),
    ],
)
def test_spaces_that_are_none(space, message):
    with pytest.raises(TypeError, match=message):
        check_space(space)


def test_strengths_by_name_and_without_values():
    spaces = [{"l1": [0, 1], "dropout": [0.1]}]
    assert strength_of(spaces) == strength_of(spaces, "l1") == "l1"
    assert strength_of(spaces, "dropout") == "dropout"
    assert strength_of([{"dropout": [0.1]}]) is None
    assert chains([{"l1": 1}, {"l1": None}, {"l1": 0.5}], "l1") == [[1, 2, 0]]
    with pytest.raises(TypeError, match="expected strengths as numbers"):
        chains([{"l1": True}, {"l1": 1}], "l1")


def test_the_scores_of_arrays():
    p, y = np.array([[0.25], [0.5], [1.0]]), np.array([0.0, 1.0, 1.0])
    for weight in (None, np.array([1.0, 2.0, 1.0])):
        found = SCORES["neg_mean_absolute_error"][0](None, p, y, weight)
        assert found == pytest.approx(-np.average([0.25, 0.5, 0.0], weights=weight))
        found = SCORES["accuracy"][0](
            "categorical", np.eye(3)[[0, 1, 1]], np.array([0, 1, 2]), weight
        )
        assert found == pytest.approx(np.average([1, 1, 0], weights=weight))
