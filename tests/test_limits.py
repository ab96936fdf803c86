"""Arguments at their limits: the last value that is taken, and the first that is not."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import (
    Tensor,
    callbacks,
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
from corereg.metrics import confusion
from corereg.models import summary
from corereg.models.features import from_frame
from corereg.pruning.judging import Judge
from corereg.tables import refusals
from corereg.training.data import feature_names


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
