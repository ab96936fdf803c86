"""Arguments at their limits: the last value that is taken, and the first that is not."""

from __future__ import annotations

import argparse
from types import SimpleNamespace

import numpy as np
import pytest

import corereg
from corereg import (
    Tensor,
    callbacks,
    demo,
    demo_sparse,
    initializers,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    preprocessing,
    pruning,
    utils,
)
from corereg.__main__ import _checked_task
from corereg.datasets import reading
from corereg.export.c.quantized import Quantity
from corereg.export.c.rows import axes_of
from corereg.export.verifying import OutputDifference, Verification
from corereg.layers.augmentation.splines import spline_weights
from corereg.layers.preprocessing import hashing, string_lookup
from corereg.metrics import confusion
from corereg.models import ensemble_graph, summary
from corereg.models.features import from_frame
from corereg.models.text_table import table as text_table
from corereg.ops.operands import as_tensor
from corereg.plotting.style import panels_of
from corereg.pruning.judging import Judge
from corereg.tables import refusals
from corereg.targets import check_numbers
from corereg.training.arguments import check_shuffle
from corereg.training.data import checks, feature_names
from corereg.tuning import AverageOfEstimators
from corereg.tuning.folds import classes_of
from corereg.tuning.result import averaged
from corereg.tuning.score_table import ScoreTable
from corereg.tuning.scoring import SCORES
from corereg.tuning.strategies import run_halving
from corereg.tuning.tasks import Outcome, Task
from corereg.utils import diagram_layout
from corereg.utils.diagram_layout import Placed


def network():
    return models.Sequential([corereg.Input((4,)), layers.Dense(2)])


TAKEN = {
    "averages' momentum": lambda: optimizers.Adam(use_ema=True, ema_momentum=1),
    "batch renormalization": lambda: layers.BatchNormalization(
        renorm=True, renorm_clipping={"rmin": 1.0, "rmax": 1.0, "dmax": 0}
    ),
    "bins of a histogram": lambda: ops.histogram([1.0, 2.0], 1),
    "bins of hashes": lambda: layers.Hashing(1),
    "bins of crosses": lambda: layers.HashedCrossing(1),
    "bins of numbers": lambda: layers.Discretization(num_bins=0),
    "categories": lambda: layers.CategoryEncoding(1),
    "classes": lambda: utils.to_categorical([1], 2),
    "classes of an overlap": lambda: metrics.IoU(2, [1]),
    "copies": lambda: layers.RepeatVector(1),
    "cosine": lambda: optimizers.schedules.CosineDecay(0.1, 3, warmup_target=0, warmup_steps=1),
    "differences": lambda: ops.diff([1.0, 2.0], 0),
    "epsilon": lambda: layers.LayerNormalization(epsilon=0),
    "equal limits": lambda: ops.clip(Tensor([1.0]), 2, 2),
    "equal limits of a draw": lambda: corereg.uniform((2,), 1, 1),
    "growth of a scale": lambda: optimizers.LossScaleOptimizer("sgd", dynamic_growth_steps=1),
    "Muon's steps": lambda: optimizers.Muon(ns_steps=0),
    "momentum": lambda: optimizers.SGD(momentum=1),
    "numbers of a line": lambda: ops.linspace(0, 1, 0),
    "quantiles": lambda: layers.NumericEncoding("quantile", num_quantiles=2),
    "parts": lambda: ops.split(np.ones(3), 1),
    "seed": lambda: layers.Dropout(0.5, seed=0),
    "sparsity that stays": lambda: callbacks.GradualPruning(0.5, initial_sparsity=0.5),
    "standard deviation": lambda: corereg.normal((2,), stddev=0),
    "thresholds": lambda: metrics.SensitivityAtSpecificity(0.5, num_thresholds=1),
    "thresholds of an area": lambda: metrics.AUC(num_thresholds=2),
    "top of all": lambda: metrics.TopKCategoricalAccuracy(1),
    "weights of members": lambda: models.Ensemble([network(), network()], weights=[0, 1]),
    "window": lambda: preprocessing.sequence.TimeseriesGenerator(np.ones(3), np.ones(3), 2),
    "words": lambda: layers.TextVectorization(max_tokens=2),
}


@pytest.mark.parametrize("name", TAKEN)
def test_the_last_that_is_taken(name):
    TAKEN[name]()


REFUSED = {
    "alpha": (lambda: layers.MixUp(alpha=0.0), "alpha > 0, received 0.0"),
    "axis": (
        lambda: layers.PReLU(shared_axes=[2]).build((None, 3)),
        "expected shared_axes of an input of shape",
    ),
    "beta": (lambda: metrics.FBetaScore(beta=0.0), "beta as a float above 0, received 0.0"),
    "classes": (lambda: utils.to_categorical([2], 2), "2"),
    "classes of an overlap": (lambda: metrics.IoU(2, [2]), r"in \[0, 2\), received"),
    "delta": (lambda: losses.Huber(0), "delta > 0, received 0"),
    "epsilon": (lambda: losses.GaussianNLL(epsilon=0), "epsilon > 0, received 0"),
    "level 0": (lambda: losses.Quantile(0.0), r"numbers in \(0, 1\), received 0.0"),
    "level 1": (lambda: losses.Quantile(1.0), r"numbers in \(0, 1\), received 1.0"),
    "loss scale": (
        lambda: optimizers.LossScaleOptimizer("sgd", initial_scale=0),
        "initial_scale > 0",
    ),
    "rates": (lambda: callbacks.LearningRateFinder(0.1, 0.1), "min_rate < max_rate"),
    "scale": (lambda: initializers.VarianceScaling(0), "scale > 0, received 0"),
    "weights of members": (
        lambda: models.Ensemble([network()], weights=[0]),
        "weights",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_the_first_that_is_refused(name):
    call, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        call()


WHOLE = {
    "CategoricalCrossentropy": lambda n: losses.CategoricalCrossentropy(axis=n),
    "CategoryEncoding": lambda n: layers.CategoryEncoding(n),
    "Concatenate": lambda n: layers.Concatenate(axis=n),
    "Dense": lambda n: layers.Dense(n),
    "Discretization": lambda n: layers.Discretization(num_bins=n),
    "Dot": lambda n: layers.Dot(axes=n),
    "Dropout": lambda n: layers.Dropout(0.5, seed=n),
    "Embedding": lambda n: layers.Embedding(n, 2),
    "GroupNormalization": lambda n: layers.GroupNormalization(n),
    "Hashing": lambda n: layers.Hashing(n),
    "Input": lambda n: corereg.Input((n,)),
    "Normalization": lambda n: layers.Normalization(axis=n),
    "NumericEncoding": lambda n: layers.NumericEncoding("quantile", num_quantiles=n),
    "PReLU": lambda n: layers.PReLU(shared_axes=[n]),
    "RandomCrop": lambda n: layers.RandomCrop(n, 2),
    "RepeatVector": lambda n: layers.RepeatVector(n),
    "Reshape": lambda n: layers.Reshape((n,)),
    "salt": lambda n: layers.Hashing(3, salt=[n, 2]),
    "Softmax": lambda n: layers.Softmax(axis=n),
    "SpectralNormalization": lambda n: layers.SpectralNormalization(layers.Dense(1), n),
    "StringLookup": lambda n: layers.StringLookup(num_oov_indices=n),
    "TopK": lambda n: metrics.TopKCategoricalAccuracy(n),
    "Muon": lambda n: optimizers.Muon(ns_steps=n),
}


@pytest.mark.parametrize("value", [True, 2.5, "2"], ids=["bool", "float", "text"])
@pytest.mark.parametrize("name", WHOLE)
def test_what_is_no_whole_number(name, value):
    with pytest.raises((TypeError, ValueError), match=r"expected.*received .*(True|2\.5|'2')"):
        WHOLE[name](value)


@pytest.mark.parametrize("option", ["label_smoothing", "dropout"])
def test_shares_below_1_of_estimators(option):
    pytest.importorskip("sklearn")
    from corereg.sklearn import DenseClassifier

    x = np.arange(8.0).reshape(4, 2)
    with pytest.raises(ValueError, match=rf"expected {option} as a number in \[0, 1\), .* 1\b"):
        DenseClassifier(**{option: 1}).fit(x, [0, 1, 0, 1])


def test_a_cut_that_costs_nothing_is_allowed():
    judge = Judge(None, (1, 2), tolerance=0.0, loss_tolerance=0.0)
    assert judge.allows(0.5, 0.5)
    assert not judge.allows(0.5, 0.5001)


def test_equal_shares_are_pruned_at_once():
    model = network()
    model.compile("sgd", "mse")
    end = callbacks.GradualPruning(0.5, end=2)
    model.fit(np.ones((2, 4)), np.ones((2, 2)), epochs=2, verbose=0, callbacks=[end])
    assert model.sparsity().zeros == 4
    assert pruning.masks(model)


def test_where_texts_are_shortened():
    assert refusals._short("x" * 30) == repr("x" * 30)
    assert refusals._short("x" * 31) == f"{'x' * 27!r}..."
    assert feature_names._shown(["a"] * 20) == str(["a"] * 20)
    assert feature_names._shown(["a"] * 21) == f"{['a'] * 20} and 1 more"
    assert summary._size_text(1023) == "1023.00 B"
    assert summary._size_text(1024) == "1.00 KB"


def test_the_last_word_that_is_kept():
    words = preprocessing.text.Tokenizer(num_words=2)
    words.fit_on_texts(["a a b"])
    assert words.sequences_to_texts([[1, 2]]) == ["a"]
    assert words.sequences_to_matrix([[1, 2]]).tolist() == [[0, 1]]


def test_as_many_categories_as_are_dense():
    assert [from_frame._mode(n, 3, "dict") for n in (3, 4)] == ["one_hot", "int"]


def test_three_thresholds_are_even():
    assert confusion.are_even([0.0, 0.5, 1.0])
    assert not confusion.are_even([0.0, 1.0])


def test_a_weight_of_0_is_not_the_one_that_is_refused():
    pytest.importorskip("sklearn")
    from corereg.sklearn import row_weights

    with pytest.raises(ValueError, match=r"received -1\.0 in row 1"):
        row_weights.check_sample_weight("fit", [0.0, -1.0], 2)


def test_an_input_is_named_only_beside_others():
    with pytest.raises(ValueError, match="expected the columns that the model was trained on"):
        feature_names.check_columns("fit", ["x"], (("a",),), (("b",),))
    with pytest.raises(ValueError, match="expected the columns of the input 'y' that"):
        feature_names.check_columns("fit", ["x", "y"], (("a",), ("b",)), (("a",), ("c",)))


@pytest.mark.parametrize(
    ("y", "output"), [((3, 2), (3,)), ((3,), (3, 2)), ((2, 3), (2, 3, 2)), ((2, 3, 2), (2, 3))]
)
def test_a_last_axis_is_added_only_if_it_is_1(y, output):
    loss = losses.MeanSquaredError()
    with pytest.raises(ValueError, match="expected y of shape"):
        loss(np.zeros(y), np.ones(output))
    if len(y) > 2 or len(output) > 2:
        y, output = ((*one[:2], 1) if len(one) > 2 else one for one in (y, output))
    else:
        y, output = ((*one[:1], 1) if len(one) > 1 else one for one in (y, output))
    assert loss(np.zeros(y), np.ones(output)) == 1


def test_inputs_that_lack_or_have_an_axis():
    a, b = corereg.Input((4,)), corereg.Input((1,))
    four, one = models.Model(a, layers.Dense(2)(a)), models.Model(b, layers.Dense(2)(b))
    x = np.arange(8, dtype="float32").reshape(2, 4)
    assert np.array_equal(four(x[..., None]).data, four(x).data)
    assert one(np.ones(2, "float32")).shape == (2, 2)
    c = corereg.Input((4, 1))
    flat = models.Model(c, layers.Flatten()(c))
    for shape in ((2, 4), (2, 4, 1), (2, 4, 1, 1)):
        assert np.array_equal(flat(x.reshape(shape)).data, x)
    with pytest.raises(ValueError, match=r"expected the input .* received \(2, 1, 1\)"):
        flat(np.ones((2, 1), "float32"))
    for net, shape in ((four, (2, 4, 2)), (four, (4,)), (one, (2, 2)), (four, (2, 3, 1))):
        for call in (net, net.predict):
            with pytest.raises(ValueError, match=r"expected .* of shape .* received"):
                call(np.ones(shape, "float32"))


def test_labels_and_weights_of_another_shape():
    loss = losses.SparseCategoricalCrossentropy()
    with pytest.raises(ValueError, match="expected integer labels of shape"):
        loss(np.zeros((3, 2), int), np.full((3, 2), 0.5))
    assert loss([[0]], [[0.5, 0.5]]) == pytest.approx(np.log(2))
    with pytest.raises(ValueError, match="expected sample_weight of a shape that broadcasts"):
        metrics.Mean()([1.0, 3.0], [[1.0, 2.0], [0.0, 1.0]])
    assert metrics.Mean()([1.0, 3.0], [[1.0], [0.0]]) == 1


def test_as_many_names_as_a_file_may_hold(monkeypatch):
    monkeypatch.setattr(feature_names, "MOST", 2)
    assert feature_names.from_public("fit", None, ["a", "b"]) == (("a", "b"),)
    with pytest.raises(TypeError, match="expected names of columns"):
        feature_names.from_public("fit", None, ["a", "b", "c"])


def test_a_guess_has_to_be_more_than_nothing():
    score = metrics.F1Score()
    score.update_state([[1.0, 0.0], [0.0, 1.0]], np.array([[1e-9, 0.0], [0.0, 2e-9]]))
    assert score.result().round(6).tolist() == [0, 1]


def test_weights_as_large_as_a_cut_stay():
    model = network()
    kernel = np.array([[0.5, -0.5], [0.25, -0.25], [1.0, 0.0], [0.0, 0.0]])
    demo_sparse._cut(model, [kernel], 0.5)
    found = model.layers[0].kernel.data
    assert found.tolist() == [[0.5, -0.5], [0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]


def test_a_file_that_differs_as_much_as_it_may():
    for relative, ok in ((0.5, True), (0.6, False)):
        one = OutputDifference("y", 1.0, relative, 0.0, 0.0)
        assert Verification([one], 1, "nothing", 0.5).ok is ok


def test_a_field_of_one_pixel_is_its_middle():
    middle = spline_weights(3, 6, "float64")[1]
    assert spline_weights(1, 6, "float64").tolist() == [middle.tolist()]


@pytest.mark.parametrize("module", [hashing, string_lookup])
def test_one_row_is_one_piece_however_long(module, monkeypatch):
    words = np.array([["a", "b", "c", "d"]])
    layer = layers.Hashing(5) if module is hashing else layers.StringLookup(vocabulary=["d", "b"])
    expected = layer(words).data
    for piece in (3, 4):
        monkeypatch.setattr(module, "PIECE", piece)
        assert np.array_equal(layer(words).data, expected)


def test_the_largest_and_the_least_index():
    limits = np.iinfo("int32")
    for number in (limits.max, limits.min):
        assert as_tensor([number]).dtype == np.int32
    for number in (limits.max + 1, limits.min - 1):
        assert as_tensor([number]).dtype == np.int64


def test_as_many_draws_as_kernels_count():
    for seed in (corereg.random.SeedGenerator(1), layers.Dropout(0.5)):
        seed.random_state = np.array([1, 2**63 - 1], np.uint64)
        assert seed.random_state[1] == 2**63 - 1
        with pytest.raises(ValueError, match="expected a key and a count"):
            seed.random_state = np.array([1, 2**63], np.uint64)


def test_pictures_of_one_panel_and_of_several():
    pytest.importorskip("matplotlib")
    sizes = []
    for count in (1, 2, 4):
        panels = panels_of("test", None, count, ["a"] * count)
        sizes.append(panels[0].figure.get_size_inches().round(1).tolist())
    assert sizes == [[6.4, 4.2], [9.6, 3.6], [14.4, 7.2]]


def test_an_array_of_a_data_set_may_be_empty():
    array = reading._Array()
    array.state = (1, (0, 2), reading._Dtype("f4"), False, b"")
    assert array.made().shape == (0, 2)


def test_a_probability_of_one_half_says_no():
    function = SCORES["accuracy"][0]
    p = np.array([[0.5], [0.5], [0.51]])
    assert function("bernoulli", p, np.array([0, 1, 1]), None) == pytest.approx(2 / 3)
    assert function("bernoulli", p, np.array([0.5, 0.5, 0.5]), None) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("epochs", "rungs"), [(5, [5]), (6, [2, 6]), (17, [5, 17]), (18, [2, 6, 18])]
)
def test_epochs_that_are_halved(epochs, rungs):
    ran = []
    table = SimpleNamespace(
        settings=range(27), scores=np.zeros((27, 1)), keep=1, order=lambda: list(range(27))
    )
    run_halving(lambda tasks: ran.append((tasks[0].epochs, len(tasks))), table, epochs)
    assert ran == [((budget,), 27 // 3**i) for i, budget in enumerate(rungs)]


def test_columns_as_narrow_as_they_get():
    lines = text_table(["a" * 9, "b" * 8], [], [], 3)
    assert lines[1] == "a" * 8 + "  " + "b" * 8


def test_a_box_within_one_of_its_size():
    box = Placed(1, 2, 3, 4)
    assert diagram_layout._inside(box, box)
    for change in ({"x": 0}, {"x": 2}, {"y": 1}, {"y": 3}):
        assert not diagram_layout._inside(box._replace(**change), box)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_most_decimals_that_are_rounded_to(dtype):
    most = 38 if dtype == "float32" else 308
    x = np.array([1.6, -2.4], dtype) * np.array(10.0**-most, dtype)
    assert ops.round(Tensor(x), -most).data.tolist() == [0, 0]
    unit = np.array(10.0**most, dtype)
    large = Tensor(np.array([1.4], dtype) * unit)
    assert ops.round(large, -most).data == unit
    assert ops.round(large, -most - 1).data == 0
    scaled = np.rint(x * unit) / unit
    assert np.array_equal(ops.round(Tensor(x), most).data, scaled)
    assert np.array_equal(ops.round(Tensor(x), most + 1).data, x)


@pytest.mark.parametrize("frequency", [1, 2, 3])
def test_batches_between_two_backups(frequency, tmp_path, monkeypatch):
    model = network()
    model.compile("sgd", "mse")
    keep = callbacks.BackupAndRestore(tmp_path, save_freq=frequency)
    saved = []
    monkeypatch.setattr(keep, "_save", lambda: saved.append(int(model.optimizer.iterations)))
    model.fit(np.ones((6, 4)), np.ones((6, 2)), batch_size=1, verbose=0, callbacks=[keep])
    assert saved == list(range(frequency, 7, frequency))


def test_an_axis_may_be_expanded_to_nothing():
    assert corereg.ones(1, 3).expand(0, 3).shape == (0, 3)


def test_one_epoch_of_the_demonstration(monkeypatch):
    seen = []
    parser = argparse.ArgumentParser()
    options = argparse.Namespace(epochs=1, seed=0, data="digits", rows=10, noise=0.0, plot=None)
    monkeypatch.setattr(demo, "make_task", lambda *given, **named: seen.append(1))
    _checked_task(parser, options)
    assert seen


def test_labels_in_a_column_have_their_classes():
    labels = np.array([3, 1, 3, 2])
    assert classes_of(labels).tolist() == classes_of(labels[:, None]).tolist() == [2, 0, 2, 1]
    assert classes_of(np.eye(4)[labels]).tolist() == [2, 0, 2, 1]


def test_a_place_in_a_table_of_one_row():
    checks.check_below("predict", np.array([[False]]), 1)
    checks.check_below("predict", np.array([[True]]), 2)
    with pytest.raises(ValueError, match="received"):
        checks.check_below("predict", np.array([[True]]), 1)


def test_one_fold_has_no_standard_error():
    table = ScoreTable([{}, {}], 2, 1)
    for fold in range(2):
        table.record(Task((0,), fold, (None,)), [Outcome(fold, 0.1, {})])
    table.record(Task((1,), 0, (None,)), [Outcome(1.0, 0.1, {})])
    assert table.standard_errors[0] == pytest.approx(0.5)
    assert np.isnan(table.standard_errors[1])


def test_a_batch_of_one_has_categories():
    shape = layers.CategoryEncoding(3, "one_hot").compute_output_shape
    assert [shape(one) for one in ((1,), (1, 1), (2, 1), (2,))] == [(1, 3), (1, 3), (2, 3), (2, 3)]


def test_the_inverse_of_nothing_is_nothing():
    assert ops.pinv(np.zeros((2, 3))).data.tolist() == np.zeros((3, 2)).tolist()


def test_a_class_without_weight_has_the_weight_of_others():
    pytest.importorskip("sklearn")
    from corereg.sklearn import row_weights

    found = row_weights._by_class(
        "fit", "balanced", np.arange(3), np.array([0, 2, 2]), np.array([2.0, 1.0, 1.0])
    )
    assert found.tolist() == [1, 1, 1]
    found = row_weights._by_class("fit", "balanced", np.arange(2), np.array([0, 1, 1]), None)
    assert found.tolist() == [1.5, 0.75]


def test_a_label_is_more_probable_than_not():
    pytest.importorskip("sklearn")
    average = AverageOfEstimators.__new__(AverageOfEstimators)
    average._of_classes = True
    average.estimators = [SimpleNamespace(predict=lambda x: np.zeros((2, 2), int))]
    average.predict_proba = lambda x: np.array([[0.5, 0.6], [0.4, 0.5]])
    assert average.predict(None).tolist() == [[0, 1], [0, 0]]


@pytest.mark.parametrize(("columns", "where"), [(1, "in row 1$"), (2, "in row 1, column 0$")])
def test_a_column_is_named_beside_others_alone(columns, where):
    y = np.ones((3, columns))
    y[1, 0] = np.nan
    with pytest.raises(ValueError, match=where):
        check_numbers("fit", y)
    with pytest.raises(ValueError, match=where.replace("$", ";")):
        checks.check_finite("fit", "x", y, "float64")


@pytest.mark.parametrize(("count", "more"), [(5, ")"), (6, ", ...)")])
def test_as_many_texts_as_an_error_shows(count, more):
    texts = [f"word {i}" for i in range(count)]
    received, _ = refusals._texts("X", texts, 0)
    assert received == f"text 'word 0' (of {', '.join(map(repr, texts[:5]))}{more}"


def test_norms_of_a_tensor_by_numpy():
    x = Tensor([3.0, -4.0])
    assert [np.linalg.norm(x, ord).item() for ord in (1, 2, np.inf)] == [7, 5, 4]
    assert np.linalg.norm(Tensor(np.ones((2, 3))), 1, 1).data.tolist() == [3, 3]
    with pytest.raises(TypeError, match="takes norms of matrices"):
        np.linalg.norm(Tensor(np.ones((2, 3))), 1)


def test_two_settings_tell_nothing_of_losers():
    table = ScoreTable([{}, {}], 2, 1)
    for place, score in enumerate((-1.0, -9.0)):
        for fold in range(2):
            table.record(Task((place,), fold, (None,)), [Outcome(score, 0.1, {})])
    assert table.cannot_win([0, 1]) == []


def test_rows_that_are_shuffled_together():
    taken = (True, False, None, 0, 1, 2, "batch")
    assert [check_shuffle(one, 7) for one in taken] == [0, 0, 0, 0, 0, 2, 7]
    with pytest.raises(ValueError, match="received -1"):
        check_shuffle(-1, 7)


@pytest.mark.parametrize("count", [1, 2])
def test_as_many_inputs_as_models_have(count):
    inputs = [corereg.Input((4,)) for _ in range(count)]
    model = models.Model(inputs, layers.Add()([*inputs, inputs[0]]))
    own = type("Own", (models.Model,), {"call": lambda self, x: model(x)})()
    shapes = [(None, 4)] * count
    own.build(shapes[0] if count == 1 else shapes)
    found = ensemble_graph.inputs_of([own])
    assert isinstance(found, list) is (count > 1)


@pytest.mark.parametrize(
    ("step", "centre", "uniform"),
    [([1], [2], True), ([1, 1], [2, 2], True), ([1, 3], [2, 2], False), ([1, 1], [2, 3], False)],
)
def test_codes_of_one_number_and_of_several(step, centre, uniform):
    assert Quantity(np.array(step), np.array(centre)).is_uniform is uniform


def test_axes_that_a_row_of_c_code_has():
    w = SimpleNamespace(refuse=ValueError)
    assert axes_of(w, (-1, 1), 3) == [0, 1]
    for axis in (None, (), 0, -3, (0, 1)):
        with pytest.raises(ValueError, match="along the axis of rows"):
            axes_of(w, axis, 3)


@pytest.mark.parametrize("argument", ["initial_learning_rate", "t_mul", "m_mul", "alpha"])
def test_numbers_of_restarts(argument):
    given = {"initial_learning_rate": 0.1, "first_decay_steps": 5, argument: "fast"}
    with pytest.raises((TypeError, ValueError), match=rf"expected {argument} .*'fast'"):
        optimizers.schedules.CosineDecayRestarts(**given)


def test_the_first_weight_that_is_not_finite_is_told():
    loss = losses.MeanSquaredError()
    with pytest.raises(ValueError, match="received nan in row 1"):
        loss(np.zeros((4, 2)), np.ones((4, 2)), np.array([1, np.nan, 1, np.inf]))


def test_a_search_of_one_fold_has_one_member():
    model = network()
    model.compile("sgd", "mse")
    x = np.ones((2, 4), "float32")
    assert np.array_equal(averaged([model])(x).data, model(x).data)
