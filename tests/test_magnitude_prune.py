"""magnitude_prune, and the table of a model's zeros."""

from __future__ import annotations

import numpy as np
import pytest
from small import data, fit

from corereg import layers, pruning
from corereg.models import Sequential
from corereg.optimizers import SGD


def model_of(*kernels, optimizer=None):
    """A stack of Dense layers with these kernels, and biases of 1."""
    model = Sequential([layers.Input((kernels[0].shape[0],))])
    for i, kernel in enumerate(kernels):
        model.add(layers.Dense(kernel.shape[1], name=f"d{i}", bias_initializer="ones"))
        model.layers[-1].kernel.assign(kernel)
    model.compile(optimizer or SGD(0.1), "mse")
    return model


@pytest.fixture
def kernels(rng):
    return [rng.standard_normal((6, 5)), 3 * rng.standard_normal((5, 4)), rng.random((4, 2))]


def lamp_by_the_paper(w):
    """The score of each weight, one by one."""
    squares = w.reshape(-1) ** 2
    scores = [s / squares[squares >= s].sum() for s in squares]
    return np.reshape(scores, w.shape)


@pytest.mark.parametrize("scope", ["global", "layer", "lamp"])
@pytest.mark.parametrize("sparsity", [0, 0.37, 0.9, 1])
def test_the_smallest_go(scope, sparsity, kernels):
    model = model_of(*kernels)
    table = pruning.magnitude_prune(model, sparsity, scope)
    score = lamp_by_the_paper if scope == "lamp" else np.abs
    exact = [layer.kernel.data.astype(float) for layer in model_of(*kernels).layers]
    scores = [score(w) for w in exact]
    groups = [[s] for s in scores] if scope == "layer" else [scores]
    limits = []
    for group in groups:
        flat = np.sort(np.concatenate([s.ravel() for s in group]))
        gone = round(sparsity * flat.size)
        limits += [flat[gone] if gone < flat.size else np.inf] * len(group)
    for layer, w, s, limit in zip(model.layers, exact, scores, limits, strict=True):
        assert np.array_equal(layer.kernel.data, np.where(s >= limit, w, 0))
        assert (layer.bias.data == 1).all()
        if layer.kernel.mask is not None:
            assert np.array_equal(layer.kernel.mask, layer.kernel.data != 0)
    assert table == model.sparsity()
    if scope != "layer":
        assert table.zeros == round(sparsity * 58)
    assert table.frozen == table.zeros


def test_lamp_leaves_something_of_each_layer(kernels):
    small = [kernels[0] * 1e-3, *kernels[1:]]
    model = model_of(*small)
    pruning.magnitude_prune(model, 0.9, "lamp")
    assert all(layer.kernel.data.any() for layer in model.layers)
    pruning.magnitude_prune(model_of(*small), 0.9, "global")
    nothing = model_of(*(kernel * 0 for kernel in kernels))
    assert pruning.magnitude_prune(nothing, 0.5, "lamp").zeros == 58


def test_a_feature_of_scale_0_goes_first(kernels):
    model = model_of(*kernels)
    scale = [1, 1, 1, 0, 1, 1]
    pruning.magnitude_prune(model, 1 / 6, "rows", feature_scale=scale)
    assert np.flatnonzero(~model.layers[0].kernel.data.any(axis=1)).tolist() == [3]


def test_rows_choose_features(kernels):
    w = kernels[0]
    model = model_of(*kernels)
    pruning.magnitude_prune(model, 0.5, "rows")
    weakest = np.argsort(np.linalg.norm(w, axis=1))[:3]
    assert sorted(np.flatnonzero(~model.layers[0].kernel.data.any(axis=1))) == sorted(weakest)
    assert all(layer.kernel.data.all() for layer in model.layers[1:])
    scale = np.ones(6)
    scale[weakest] = 1e6
    model = model_of(*kernels)
    table = pruning.magnitude_prune(model, 0.5, "rows", feature_scale=scale)
    assert model.layers[0].kernel.data[weakest].all()
    assert table[0].dead_inputs == 3
    pruning.magnitude_prune(model, 0.5, "rows", layers=["d1", "d2"])
    assert [row.dead_inputs for row in model.sparsity()] == [3, 2, 2]


def test_zeros_that_are_there_count(kernels):
    model = model_of(*kernels)
    pruning.magnitude_prune(model, 0.5)
    before = [layer.kernel.data.copy() for layer in model.layers]
    assert pruning.magnitude_prune(model, 0.3).zeros == 29
    assert all(
        np.array_equal(layer.kernel.data, w) for layer, w in zip(model.layers, before, strict=True)
    )
    kernels[0][...] = 0
    assert pruning.magnitude_prune(model_of(*kernels), 0.1).frozen == 30
    same = model_of(np.ones((2, 2)))
    pruning.magnitude_prune(same, 0.5)
    assert same.layers[0].kernel.numpy().tolist() == [[0, 0], [1, 1]]


def test_what_is_cut_stays_cut_and_averages_are_cut():
    x, y = data()
    model = model_of(
        np.random.default_rng(0).standard_normal((6, 1)), optimizer=SGD(0.1, use_ema=True)
    )
    fit(model, x, y)
    pruning.magnitude_prune(model, 0.5)
    average = model.optimizer._averages[0]
    assert (average.data == 0).sum() == 3
    fit(model, x, y, epochs=2)
    assert (model.layers[0].kernel.data == 0).sum() == 3


def test_bad_arguments(kernels, fails):
    model = model_of(*kernels)
    prune = pruning.magnitude_prune
    for call, exception, message in (
        (lambda: prune(model, 90), ValueError, "sparsity from 0 to 1, received 90; it is the sh"),
        (lambda: prune(model, float("nan")), ValueError, "sparsity from 0 to 1, received nan"),
        (lambda: prune(model, "0.9"), TypeError, "expected sparsity as a number, received '0.9'"),
        (lambda: prune(model, True), TypeError, "expected sparsity as a number, received True"),
        (lambda: prune(model, 0.5, "row"), ValueError, "'lamp', 'rows', received 'row'"),
        (lambda: prune(model, 0.5, layers="x"), ValueError, "expected layers of the model"),
        (
            lambda: prune(model, 0.5, feature_scale=np.ones(6)),
            ValueError,
            "feature_scale with scope 'rows', received 'global'",
        ),
        (
            lambda: prune(model, 0.5, "rows", feature_scale=np.ones(5)),
            ValueError,
            "feature_scale as 6 numbers >= 0, for the inputs of 'd0/kernel', received float64",
        ),
        (
            lambda: prune(model, 0.5, "rows", feature_scale=["1"] * 6),
            ValueError,
            "feature_scale as 6 numbers >= 0, for the inputs of 'd0/kernel', received <U1",
        ),
        (
            lambda: prune(model, 0.5, "rows", feature_scale=np.arange(-1, 5)),
            ValueError,
            "feature_scale as 6 numbers >= 0, for the inputs of 'd0/kernel', received int64",
        ),
    ):
        fails(call, exception, message, *[w.data for w in model.weights])
    assert pruning.masks(model) == {}


# ---- the table -----------------------------------------------------------------------------------


def test_the_table():
    first, second = np.ones((3, 4)), np.ones((4, 2))
    first[:, 1] = first[2] = second[0] = 0
    model = model_of(first, second)
    model.layers[1].trainable = False
    model.layers[0].kernel.mask = first != 0
    table = model.sparsity()
    assert list(table) == [
        ("d0", "kernel", (3, 4), 6, 6, 6, 1, 1),
        ("d1", "kernel", (4, 2), 2, 6, 0, 0, 1),
    ]
    assert len(table) == 2
    assert table[1].share == 0.25
    assert table[:1] == (table[0],)
    assert (table.zeros, table.nonzeros, table.frozen) == (8, 12, 6)
    assert (table.dead_neurons, table.dead_inputs, table.share) == (1, 2, 0.4)
    assert hash(table) == hash(model.sparsity())
    assert table != list(table)
    lines = repr(table).splitlines()
    assert lines[1].split("  ")[0] == "Layer"
    assert " ".join(lines[3].split()) == "d0 kernel (3, 4) 6 50.00 6 6 1 1"
    assert " ".join(lines[-2].split()) == "Total 8 40.00 12 6 1 2"
    assert set(lines[0]) == set(lines[2]) == set(lines[-1]) == set(lines[-3]) == {"-"}
    assert len({len(line) for line in (lines[0], lines[1], lines[3], lines[-2])}) == 1
    html = table._repr_html_()
    assert "<table><thead><tr><th " in html
    assert html.count("<tr>") == 4
    assert ">40.00</th>" in html


def test_names_in_html_are_escaped():
    model = model_of(np.ones((1, 1)))
    model.layers[0].name = "<b>"
    assert "&lt;b&gt;" in model.sparsity()._repr_html_()


def test_models_without_kernels(fails):
    empty = Sequential([layers.Input((3,)), layers.Dropout(0.5)]).sparsity()
    assert len(empty) == 0
    assert empty.share == 0
    assert "Total" in repr(empty)
    fails(lambda: Sequential([layers.Dense(2)]).sparsity(), ValueError, "a model that is built")
