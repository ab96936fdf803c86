"""Ways through the code that other tests do not take, each with what comes out of it."""

from __future__ import annotations

import copy
import importlib
import inspect
import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import corereg
from corereg import (
    Tensor,
    autograd,
    layers,
    losses,
    metrics,
    models,
    ops,
    optimizers,
    preprocessing,
    regularizers,
    tuning,
)
from corereg._lazy import later
from corereg.autograd import lowering, lowering_places, parameter
from corereg.calibration import folding
from corereg.callbacks import History, LambdaCallback
from corereg.export.c import numbers
from corereg.metrics.state import state_of
from corereg.models import summary
from corereg.models.features.feature import Cross, Feature
from corereg.models.text_table import table as text_table
from corereg.plotting.predicted import _classes, _regression
from corereg.tables.given import given
from corereg.training import predict_mc
from corereg.training.custom import _rows_of
from corereg.training.data import feature_names
from corereg.training.data.arrays import ArrayDataset
from corereg.training.data.row_order import RowOrder
from corereg.training.data.structures import flat_targets, flat_weights, rank_of
from corereg.training.likelihood import kind_by_activation
from corereg.training.trackers import by_output
from corereg.utils import diagram_layout

X = np.arange(6, dtype="float32").reshape(3, 2)


def network(units=1, **options):
    return models.Sequential([corereg.Input((2,)), layers.Dense(units, **options)])


def test_names_of_the_columns_of_several_inputs():
    public = {"a": ["x", "y"]}
    assert feature_names.from_public("fit", ["a", "b"], public) == (("x", "y"), None)
    assert feature_names.from_public("fit", None, {0: ["x"], 1: ["y"]}) == (("x",), ("y",))
    with pytest.raises(ValueError, match=r"expected the inputs \['a', 'b'\] as keys"):
        feature_names.from_public("fit", ["a", "b"], {"c": ["x"]})


def test_a_text_table_of_just_a_width():
    """What is left is dealt out to the columns that stand to the left, one after another."""
    lines = text_table(["a", "b", "c"], [["1", "2", "3"]], [1], 14, exactly=True)
    assert {len(line) for line in lines if set(line) == {"-"}} == {14}
    (head,) = (line for line in lines if "a" in line)
    assert [head.index(name) for name in "abc"] == [0, 7, 10]


def test_terabytes():
    assert summary._size_text(2.0 * 1024**4) == "2.00 TB"
    assert summary._size_text(1024**3) == "1.00 GB"


def test_ranks():
    ranks = [rank_of(one) for one in (X, X[0], 3, "a", [1], np.float32(1), Tensor(X))]
    assert ranks == [2, 1, 0, 0, 0, 0, 2]
    scipy = pytest.importorskip("scipy.sparse")
    assert rank_of(scipy.csr_matrix(X)) == 2


def test_targets_and_weights_of_two_outputs():
    names, y = ["a", "b"], [X[:, 0], X[:, 1]]
    assert flat_weights("fit", None, names) == (None, None)
    assert flat_weights("fit", [None, y[1]], names)[1] is y[1]
    assert all(one is y[0] for one in flat_weights("fit", y[0], names))
    for found in (
        flat_targets("fit", "y", y, names),
        flat_targets("fit", "y", {"b": y[1], "a": y[0]}, names),
    ):
        assert all(one is other for one, other in zip(found, y, strict=True))
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"b": y[1], "a": y[0]})
    found = flat_targets("fit", "y", frame, names)
    assert [np.asarray(one).tolist() for one in found] == [one.tolist() for one in y]


@pytest.mark.parametrize("lower", [True, False])
def test_words_that_are_given_as_lists(lower):
    words = preprocessing.text.Tokenizer(lower=lower)
    words.fit_on_texts([["A", "b"], ["a"]])
    assert words.word_index == ({"a": 1, "b": 2} if lower else {"A": 1, "b": 2, "a": 3})
    assert words.document_count == 2


def test_words_that_are_numbers_already():
    words = preprocessing.text.Tokenizer(num_words=4)
    words.fit_on_sequences([[1, 2, 2], [2]])
    words.fit_on_sequences([[3]])
    assert (words.document_count, dict(words.index_docs)) == (3, {1: 1, 2: 2, 3: 1})
    assert words.sequences_to_matrix([[1, 2, 2, 9], []], "freq").tolist() == [
        [0, 0.25, 0.5, 0],
        [0] * 4,
    ]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_loss_that_is_scaled_keeps_its_dtype(dtype):
    optimizer = optimizers.LossScaleOptimizer("sgd", initial_scale=4.0)
    optimizer.build([corereg.Parameter(np.ones(2, "float32"), "w")])
    scaled = optimizer.scale_loss(Tensor(np.array(3.0, dtype)))
    assert (scaled.dtype, float(scaled)) == (dtype, 12.0)
    assert optimizer.scale_loss(0.5) == 2


def test_measures_before_anything_was_counted():
    for metric in (metrics.AUC(), metrics.Precision(), metrics.TruePositives([0.2, 0.8])):
        assert np.asarray(metric.result()).tolist() in (0.0, [0.0, 0.0])


def test_axes_of_one_that_one_side_lacks():
    loss = losses.CosineSimilarity()
    y, p = np.ones((3, 2)), np.ones((3, 2, 1))
    ranked = loss.ranked(Tensor(y), Tensor(p))
    assert [one.shape for one in ranked] == [(3, 2), (3, 2)]
    ranked = loss.ranked(Tensor(y[:, :1]), Tensor(y[:, 0]))
    assert [one.shape for one in ranked] == [(3, 1), (3, 1)]


def test_samples_of_too_many(fails):
    model = network()
    fails(
        lambda: model.predict_mc(X, num_samples=predict_mc.MOST_SAMPLES + 1),
        ValueError,
        "expected num_samples up to",
    )


def test_a_table_without_columns():
    pandas = pytest.importorskip("pandas")
    found = given("fit", "X", pandas.DataFrame(index=range(3)), "float32")
    assert found.array.shape == (3, 0)


def test_tables_of_other_libraries(monkeypatch, fails):
    arrow = pytest.importorskip("pyarrow")
    table = arrow.table({"a": [1.0, 2.0], "b": [3.0, 4.0]})

    class Other:
        def __arrow_c_stream__(self, requested_schema=None):
            return table.__arrow_c_stream__(requested_schema)

    found = given("fit", "X", Other(), "float32")
    assert (found.names, found.array.tolist()) == (("a", "b"), [[1, 3], [2, 4]])
    monkeypatch.delitem(sys.modules, "pyarrow")
    fails(lambda: given("fit", "X", Other()), TypeError, "received Other; convert it")


def test_the_kind_of_what_a_stack_ends_with():
    x = corereg.Input((2,))
    for activation, kind in (("softmax", "categorical"), ("sigmoid", "bernoulli"), ("relu", None)):
        inner = network(2, activation=activation)
        for model in (inner, models.Sequential([inner])):
            assert kind_by_activation(model(x)) == kind


def test_features_are_shown():
    assert "output_mode='one_hot'" in repr(Feature("int64", layers.Hashing(3), "one_hot"))
    assert repr(Cross(("a", "b"), 3, "int")) == "Cross(('a', 'b'), 3, 'int')"


def test_a_history_of_ones_own_hears_what_it_has_a_hook_for():
    model = network()
    model.compile("sgd", "mse")
    heard = []

    class Own(History):
        def on_epoch_end(self, epoch, logs=None):
            heard.append(epoch)
            super().on_epoch_end(epoch, logs)

    own = Own()
    model.fit(X, X[:, :1], epochs=2, verbose=0, callbacks=[own])
    assert heard == [0, 1]
    assert not History()._observes("on_epoch_end")
    assert History()._observes("on_train_begin")
    assert Own()._observes("on_epoch_end")


def test_a_search_of_which_nothing_comes():
    made = []

    def build(**settings):
        made.append(settings)
        if len(made) > 1:
            raise RuntimeError("no such model")
        model = network()
        model.compile("sgd", "mse")
        return model

    with pytest.raises(ValueError, match=r"finite scores, received none; .* failed with .*no such"):
        tuning.cross_validated_search(
            build, X, X[:, 0], {"l2": [0.1]}, cv=3, error_score=np.nan, verbose=0
        )


def test_an_axis_of_strengths_with_zero():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    from corereg.tuning.plots import _log_axis

    scales = []
    for strengths in ([0.0, 0.001, 0.1], [0.001, 0.1], [0.0, 0.01, 0.1]):
        figure, ax = pyplot.subplots()
        settings = [{"l2": one} for one in strengths]
        result = SimpleNamespace(settings=settings, strength="l2", order=range(len(strengths)))
        ax.plot(strengths, strengths)
        _log_axis(ax, result)
        scales.append(ax.get_xscale())
        if ax.get_xscale() == "symlog":
            assert ax.get_xlim()[0] == pytest.approx(-0.001 / 4)
            assert ax.xaxis.get_transform().linthresh == 0.001
        assert ax.get_xlabel() == "l2"
        pyplot.close(figure)
    assert scales == ["symlog", "log", "linear"]


@pytest.mark.parametrize(
    ("name", "square"),
    [
        *((name, True) for name in ("cholesky", "det", "eigh", "inv", "log_abs_det", "solve")),
        *((name, False) for name in ("qr", "singular_values", "svd")),
    ],
)
def test_matrices_that_have_to_be_square(name, square, fails):
    function = getattr(autograd.ops, name)
    more = (np.ones((2, 1)),) if name == "solve" else ()
    if square:
        fails(
            lambda: function(np.ones((2, 3)), *more),
            ValueError,
            rf"{name}: expected x of shape \(\.\.\., n, n\)",
        )
    else:
        function(np.arange(6.0).reshape(2, 3))
    for value in (np.float64(1), np.ones(2)):
        fails(lambda: function(value, *more), ValueError, f"{name}: expected")  # noqa: B023


def test_powers_of_bools_are_whole_numbers():
    found = ops.power(np.array([True, False]), 2)
    assert (found.dtype, found.data.tolist()) == (np.int32, [1, 0])
    assert ops.power(Tensor([2.0, 3.0]), 2).data.tolist() == [4, 9]
    assert ops.power(Tensor([2.0, 3.0]), np.array([1, 2])).data.tolist() == [2, 9]


def test_what_axes_of_pictures_are_called():
    pytest.importorskip("matplotlib")
    drawn = SimpleNamespace(
        mean=np.array([1.0, 2.0]), std=np.ones(2), entropy=None, mutual_information=None
    )
    for x, label in ((None, "rows, by their mean"), (np.array([3.0, 4.0]), "x")):
        ax = _regression("uncertainty", drawn, x, None, None)
        assert (ax.get_xlabel(), ax.get_ylabel()) == (label, "prediction")


def test_boxes_side_by_side_have_no_room_for_frames_that_are_none():
    boxes = [SimpleNamespace(title="box", lines=[], trainable=None) for _ in range(3)]
    found = diagram_layout.arranged(boxes, [(0, 1), (0, 2)], [], "TB")
    left, right = sorted((placed for _, placed in found.boxes[1:]), key=lambda one: one.x)
    assert right.x - (left.x + left.width) == pytest.approx(diagram_layout.BETWEEN_BOXES)


def test_bits_of_a_loop_that_are_not_numpys():
    one, nan = np.array([1.0]), np.array([np.nan])
    assert lowering.verified(one, one.copy()) is one
    assert lowering.verified(nan, -nan) is nan
    for other in (np.nextafter(one, 2), -one, nan):
        with pytest.raises(lowering.Unrecordable, match="other bits than NumPy"):
            lowering.verified(one, other)
    with pytest.raises(lowering.Unrecordable, match="other bits"):
        lowering.verified(np.array([0.0]), np.array([-0.0]))


@pytest.mark.parametrize(("rows", "size"), [(499, 26), (500, 12)])
def test_dots_of_many_rows_are_small(rows, size):
    pytest.importorskip("matplotlib")
    drawn = SimpleNamespace(
        mean=np.full((rows, 2), [0.25, 0.75]),
        entropy=np.linspace(0, 0.5, rows),
        mutual_information=np.linspace(0, 0.2, rows),
    )
    y = np.arange(rows) % 2
    ax = _classes("uncertainty", drawn, y, None)
    assert [one.get_sizes()[0] for one in ax.collections] == pytest.approx([size, 1.8 * size])
    assert [len(one.get_offsets()) for one in ax.collections] == [rows // 2, rows - rows // 2]
    assert ax.get_xlim() == pytest.approx((-0.01, 0.52))
    assert ax.get_ylim() == pytest.approx((-0.02 * 0.23, 0.23))
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == [f"right ({rows // 2:,})", f"wrong ({rows - rows // 2:,})"]
    ax = _classes("uncertainty", drawn, None, None)
    assert [one.get_label() for one in ax.collections] == ["rows"]
    certain = drawn.entropy * 0
    still = SimpleNamespace(mean=drawn.mean, entropy=certain, mutual_information=certain)
    ax = _classes("uncertainty", still, None, None)
    assert (ax.get_xlim(), ax.get_ylim()) == (
        pytest.approx((-0.02, 1.04)),
        pytest.approx((-0.023, 1.15)),
    )


@pytest.mark.parametrize("eagerly", [False, True])
def test_a_loop_that_has_ended_tells_its_epochs(eagerly):
    model = network()
    model.compile("sgd", "mse", run_eagerly=eagerly)
    told = []
    note = LambdaCallback(on_train_end=lambda logs: told.append(model._trainer.loop.get_state()))
    model.fit(X, X[:, :1], epochs=3, verbose=0, callbacks=[note])
    assert [one["epoch"] for one in told] == [3]


UNWRITTEN = [
    "autograd.whole_copies.CopiedWhole._copied_weights",
    "callbacks.rate_by_epoch.RateByEpoch.rate_of",
    "constraints.norms._Norms._bounds",
    "layers.augmentation.color_layer.ColorLayer._change",
    "layers.augmentation.warp_layer.WarpLayer._stage",
    "layers.preprocessing.lookup.Lookup.as_token",
    "layers.preprocessing.lookup.Lookup.counts_of",
    "layers.preprocessing.lookup.Lookup.rows_of",
    "layers.random_layer.RandomLayer._draw",
    "losses.kernel_loss.KernelLoss.logits",
    "metrics.accuracy.ClassMetric.hits",
    "optimizers.choices.VariableChoices._forget_plans",
    "optimizers.passes.StepPasses.second_pass",
    "optimizers.passes.StepPasses.zero_grad",
    "optimizers.schedules.base.KernelSchedule.numbers",
    "sklearn.dense_estimator.DenseEstimator._as_y",
    "sklearn.dense_estimator.DenseEstimator._check_own_parameters",
    "sklearn.dense_estimator.DenseEstimator._targets",
    "sklearn.dense_estimator.DenseEstimator._task_of",
    "sklearn.model_estimator.ModelEstimator.scorer",
]


@pytest.mark.parametrize("path", UNWRITTEN)
def test_what_a_subclass_has_to_write(path):
    if path.startswith("sklearn"):
        pytest.importorskip("sklearn")
    module, kind, name = path.rsplit(".", 2)
    kind = getattr(importlib.import_module(f"corereg.{module}"), kind)
    function = getattr(kind, name)
    taken = [
        p for p in inspect.signature(function).parameters.values() if p.kind < p.VAR_POSITIONAL
    ]
    given = [None] * len(taken)
    if not isinstance(inspect.getattr_static(kind, name), staticmethod):
        given[0] = SimpleNamespace(who="own")
    with pytest.raises(NotImplementedError):
        function(*given)


def test_a_pass_in_order_after_one_that_was_shuffled():
    rows = np.arange(40, dtype="float32").reshape(20, 2)
    data = ArrayDataset((rows,))
    found = []
    for order in (RowOrder(3), None):
        data.start_epoch(order)
        found.append(np.array(data.next_batch(20).arrays[0]))
    assert not np.array_equal(found[0], rows)
    assert np.array_equal(found[1], rows)


def test_between_which_numbers_solarization_draws(monkeypatch):
    """As Keras does: what is added and what is compared with, of 255 at most."""
    layer, drawn = layers.Solarization((0.1, 0.2), (0.3, 0.5)), []
    numbers = layer._numbers

    def noted(x, low, high, draw=0):
        drawn.append((low, high, draw))
        return numbers(x, low, high, draw)

    monkeypatch.setattr(layer, "_numbers", noted)
    layer(np.full((2, 2, 2, 3), 100.0, "float32"), training=True)
    assert drawn == [(0.1, 0.2 * 255, 0), (0.3, 0.5 * 255, 1)]


def test_classes_along_an_axis_that_there_is_not(fails):
    labels = np.array([0, 2])
    for axis in (-1, 1):
        found = losses.SparseCategoricalCrossentropy(axis=axis).check_targets(labels, (None, 3))
        assert found.tolist() == [0, 2]
    for axis in (2, -3):
        loss = losses.SparseCategoricalCrossentropy(axis=axis)
        fails(lambda: loss.check_targets(labels, (None, 3)), ValueError, "axis")  # noqa: B023


@pytest.mark.parametrize("piece", [8, 12, 1 << 20])
def test_a_large_parameter_is_copied_in_pieces(piece, monkeypatch):
    monkeypatch.setattr(parameter, "_PIECE", piece)
    weight = corereg.Parameter(np.arange(7, dtype="float32").reshape(7, 1), "w")
    for again in (pickle.loads(pickle.dumps(weight)), copy.deepcopy(weight), copy.copy(weight)):
        assert again.data.tolist() == weight.data.tolist()
    made = weight._copied()
    assert made.tolist() == weight.data.tolist()
    assert not np.shares_memory(made, weight.data)


def test_the_rest_of_an_index_is_whole():
    whole = lowering_places.whole_index
    assert whole((0, ..., 1), 4) == [0, slice(None), slice(None), 1]
    assert whole((..., None, 1), 2) == [slice(None), None, 1]
    assert whole(..., 2) == [slice(None), slice(None)]
    assert whole((0, ...), 1) == [0]
    assert whole(0, 3) == [0]


@pytest.mark.parametrize(
    ("start", "stop"), [(1.0, np.inf), (-np.inf, -1.0), (0.0, 1.0), (1.0, -1.0), (np.nan, 1.0)]
)
def test_ends_between_which_there_are_no_ratios(start, stop):
    with np.errstate(all="ignore"):
        found = ops.geomspace(start, stop, 5).data
    assert np.isnan(found[1:-1]).all()
    np.testing.assert_array_equal(found[[0, -1]], np.array([start, stop], found.dtype))


def test_a_table_of_other_columns_than_those_of_fit():
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("sklearn")
    from sklearn.base import BaseEstimator

    from corereg.wrappers.data import checked_table

    class Estimator(BaseEstimator):
        pass

    estimator, y = Estimator(), np.arange(3)
    table = pandas.DataFrame({"a": y, "b": y})
    assert checked_table(estimator, table, y, reset=True)[0] is table
    assert list(estimator.feature_names_in_) == ["a", "b"]
    with pytest.raises(ValueError, match="feature names"):
        checked_table(estimator, table.rename(columns={"a": "c"}), y)


def test_one_value_for_each_of_several_outputs():
    one, other = Tensor([1.0]), Tensor([2.0])
    assert by_output(None, [one]) == [None]
    assert by_output(None, [one, other]) == [None, None]
    assert by_output(3.0, [one, other]) == [3.0, 3.0]
    assert by_output([3.0, 4.0], [one, other]) == [3.0, 4.0]


def test_numbers_of_one_sequence():
    """SplitMix64 with the state 0 gives these, as its authors' program does."""
    step = 0x9E3779B97F4A7C15
    found = [corereg.random.mix(i * step % 2**64) for i in range(3)]
    assert found == [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]


def test_a_module_that_is_imported_later_has_no_words_of_pythons():
    module = later("corereg.no_such_module")
    assert not hasattr(module, "__len__")
    assert repr(copy.copy(module)) == repr(module)


def test_a_list_of_one_vector_is_one_row():
    model = network()
    x = np.array([1, 2], "float32")
    assert np.array_equal(model.predict([x], verbose=0), model.predict(x[None], verbose=0))


def test_labels_of_sequences_that_end_with_an_axis_of_1():
    p = np.array([[[0.5, 0.25, 0.25], [0.25, 0.5, 0.25]]], "float32")
    loss = losses.CategoricalGeneralizedCrossEntropy()
    assert loss([[[0], [1]]], p) == loss([[0, 1]], p)
    model = models.Sequential([corereg.Input((2, 3)), layers.Activation("linear")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    assert model.evaluate(p, np.array([[[0], [0]]]), verbose=0)[1] == 0.5


@pytest.mark.parametrize(("groups", "axis", "size"), [("inputs", 1, 5), ("outputs", 0, 3)])
def test_groups_of_a_penalty_by_hand(groups, axis, size, rng):
    w = rng.normal(size=(3, 5))
    norms = np.sqrt((w * w).sum(axis=axis))
    found = regularizers.ProximalGroupLasso(0.1, groups)(w)
    assert found.item() == pytest.approx(0.1 * size**0.5 * norms.sum(), rel=1e-12)


def test_the_dtype_of_a_map_of_policies():
    assert corereg.dtype_policies.DTypePolicyMap("float64").dtype == np.float64


def test_numbers_in_c_are_rounded_to_their_kind():
    value = np.array([0.1])
    assert float.fromhex(numbers.table(value, "double").strip()) == 0.1
    assert float.fromhex(numbers.table(value, "float").strip("f ")) == float(np.float32(0.1))


def test_a_row_of_a_list_that_is_no_array():
    assert [_rows_of(x) for x in (1.0, np.float32(1), np.ones(3), [np.ones((2, 4))])] == [
        1,
        1,
        3,
        2,
    ]


def test_strengths_that_are_searched():
    found = tuning.default_space(["step__l2", "dropout", "label_smoothing", "other"], True)
    strengths = [0, 3.16e-5, 1e-4, 3.16e-4, 1e-3, 3.16e-3, 0.01, 0.0316, 0.1, 0.316]
    assert found == {
        "step__l2": strengths,
        "dropout": [0, 0.2, 0.5],
        "label_smoothing": [0, 0.1],
    }


def test_a_tensor_that_a_metric_holds_is_of_its_state():
    class Holds(metrics.Mean):
        def __init__(self):
            super().__init__()
            self.held = Tensor([1.0, 2.0])

    found = state_of(Holds())["attributes"]["held"]
    assert found["array"].tolist() == [1, 2]


@pytest.mark.parametrize("kinds", [("softmax", "softmax"), ("sigmoid", "sigmoid")], ids=str)
def test_probabilities_of_probabilities_have_no_logits(kinds):
    ends = [layers.Activation(kind) for kind in kinds]
    model = models.Sequential([corereg.Input((2,)), layers.Dense(2), *ends])
    assert folding._find(model) is None
    assert folding._find(models.Sequential(model.layers[:-1])) is model.layers[0]


@pytest.mark.parametrize(
    ("rankdir", "leaves", "reached"),
    [
        ("TB", (5, 26), (5, 20)),
        ("BT", (5, 20), (5, 26)),
        ("LR", (8, 23), (2, 23)),
        ("RL", (2, 23), (8, 23)),
    ],
)
def test_arrows_leave_and_reach_the_middle_of_a_side(rankdir, leaves, reached):
    box = diagram_layout.Placed(2, 20, 6, 6)
    assert diagram_layout._side(box, rankdir, True) == leaves
    assert diagram_layout._side(box, rankdir, False) == reached


def test_a_list_of_one_vector_in_a_stream_is_what_a_loader_gives():
    model = models.Sequential([corereg.Input((1,)), layers.Dense(1)])
    x = np.arange(3, dtype="float32")
    found = model.predict(iter([[x]]), verbose=0)
    assert np.array_equal(found, model.predict(x[:, None], verbose=0))


@pytest.mark.parametrize("kind", [layers.Dot, layers.Subtract])
def test_a_built_layer_that_takes_two_inputs_refuses_others(kind):
    layer = kind(1) if kind is layers.Dot else kind()
    layer([X, X])
    for count in (1, 3):
        with pytest.raises(ValueError, match=f"expected 2 tensors, received {count}"):
            layer([X] * count)
