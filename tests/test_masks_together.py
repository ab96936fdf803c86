"""Masks beside what else changes weights: averages, sharpness-aware steps, smaller models."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

import corereg
from corereg import callbacks, layers, optimizers, pruning
from corereg.models import Sequential, load_model

RNG = np.random.default_rng(0)
X = RNG.normal(size=(120, 12)).astype("f4")
Y = (X[:, 0] * X[:, 4] > 0).astype("i4")
WAYS: dict[str, Any] = {
    "averages of steps": (lambda: optimizers.Adam(0.01, use_ema=True), list),
    "averages swapped in": (
        lambda: optimizers.Adam(0.01, use_ema=True),
        lambda: [callbacks.SwapEMAWeights()],
    ),
    "averages of epochs": (
        lambda: optimizers.SGD(0.1, 0.9),
        lambda: [callbacks.StochasticWeightAveraging(2, 0.05)],
    ),
    "two gradients a step": (lambda: optimizers.SAM(optimizers.Adam(0.01)), list),
}


def pruned(optimizer: Any) -> Sequential:
    corereg.set_random_seed(3)
    hidden = [layers.Dense(16, "relu"), layers.BatchNormalization()]
    model = Sequential([layers.Input((12,)), *hidden, layers.Dense(2, "softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    pruning.magnitude_prune(model, 0.7)
    return model


def kernels(model: Sequential) -> list[Any]:
    return [p for p in model.weights if p.data.ndim == 2]


@pytest.mark.parametrize("way", WAYS)
def test_zeros_stay(way: str) -> None:
    optimizer, observers = WAYS[way]
    model = pruned(optimizer())
    before = [p.data.copy() for p in kernels(model)]
    model.fit(X, Y, epochs=4, verbose=0, callbacks=observers())
    for p, old in zip(kernels(model), before, strict=True):
        assert not p.data[old == 0].any()
        assert (p.data != old).sum() > 0.5 * (old != 0).sum()  # while others were trained


def test_a_compacted_model_keeps_its_masks() -> None:
    model = pruned("adam")
    model.fit(X, Y, epochs=2, verbose=0)
    small = pruning.compact(model)
    assert small.count_params() < model.count_params()
    assert [p.mask is not None for p in kernels(small)] == [True, True]
    for p in kernels(small):
        np.testing.assert_array_equal(p.mask, p.data != 0)
    file = io.BytesIO()
    small.save(file)
    file.seek(0)
    loaded = load_model(file)
    for one in (small, loaded):
        one.compile("adam", "sparse_categorical_crossentropy")
        one.fit(X, Y, epochs=2, verbose=0)
        for p in kernels(one):
            assert not p.data[~p.mask].any()


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("run_eagerly", [False, True])
def test_the_move_of_sam_leaves_out_what_a_mask_freezes(adaptive: bool, run_eagerly: bool) -> None:
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(40, 4)), rng.normal(size=(40, 1))
    kernel = np.array([[0.5], [0.0], [-0.8], [0.0]])
    found = []
    for chosen in (slice(None), slice(None, None, 2)):
        model = corereg.Sequential(
            [corereg.Input((len(kernel[chosen]),), dtype="float64"), layers.Dense(1)]
        )
        model.set_weights([kernel[chosen], np.zeros(1)])
        pruning.freeze_zeros(model)
        base = optimizers.SGD(0.1, momentum=0.9)
        model.compile(optimizers.SAM(base, 1.0, adaptive), "mse", run_eagerly=run_eagerly)
        model.fit(x[:, chosen], y, epochs=4, shuffle=False, verbose=0)
        found.append(model.get_weights())
    (whole, bias), (small, small_bias) = found
    np.testing.assert_allclose(whole[::2], small, rtol=1e-12)
    np.testing.assert_allclose(bias, small_bias, rtol=1e-12)
    assert not whole[1::2].any()


def test_averages_of_weights_from_before_a_cut_are_cut() -> None:
    corereg.set_random_seed(3)
    model = Sequential([layers.Input((12,)), layers.Dense(16, "relu"), layers.Dense(2, "softmax")])
    model.compile(optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    observers = [callbacks.GradualPruning(0.8, end=4), callbacks.StochasticWeightAveraging(1)]
    model.fit(X, Y, epochs=6, verbose=0, callbacks=observers)
    assert model.sparsity().zeros == round(0.8 * (12 * 16 + 16 * 2))
    for p in kernels(model):
        assert not p.data[~p.mask].any()
