"""predict by sparse kernels: chosen by time, with the same bits, for weights as they are."""

from __future__ import annotations

import numpy as np
import pytest

import corereg
from corereg import layers
from corereg.training import sparse_products


@pytest.fixture(params=["float32", "float64"])
def model(request, rng, monkeypatch):
    """A model of which one layer is mostly zero, and a trial that always finds sparse faster."""
    monkeypatch.setattr(sparse_products, "LESS", 1e9)
    made = corereg.Sequential(
        [
            corereg.Input((60,), dtype=request.param),
            layers.Dense(40, "relu", name="sparse", dtype=request.param),
            layers.Dense(30, "tanh", name="dense", dtype=request.param),
            layers.Dense(3, "softmax", name="small", dtype=request.param),
        ]
    )
    thin_out(made, rng)
    return made


def thin_out(model, rng, zeros=0.9):
    kernel = model.layers[0].kernel
    kernel.assign(np.where(rng.random(kernel.shape) < zeros, 0, rng.normal(size=kernel.shape)))


def through_python(model, x):
    return model(x, training=False).data


def sparse_layers(model):
    return model.execution_report()["predict"].sparse


@pytest.mark.parametrize("rows", [16, 100, 700, 1000])
def test_same_bits(model, rng, rows):
    x = rng.normal(size=(rows, 60)).astype(model.dtype)
    for _ in range(3):
        assert np.array_equal(model.predict(x, verbose=0), through_python(model, x))
    assert sparse_layers(model) == ("sparse",)
    assert "sparse kernels for 'sparse'" in str(model.execution_report())


def test_few_rows_and_few_zeros_are_not_tried(model, rng):
    x = rng.normal(size=(8, 60)).astype(model.dtype)
    model.predict(x, verbose=0)
    assert sparse_layers(model) == ()
    assert "sparse" not in str(model.execution_report()["predict"])


def test_the_slower_way_is_not_chosen(model, rng, monkeypatch):
    monkeypatch.setattr(sparse_products, "LESS", 0.0)
    model.predict(rng.normal(size=(64, 60)).astype(model.dtype), verbose=0)
    assert sparse_layers(model) == ()


def test_weights_that_change_are_seen(model, rng):
    x = rng.normal(size=(64, 60)).astype(model.dtype)
    model.predict(x, verbose=0)
    for change in (
        lambda w: w.assign(rng.normal(size=w.shape)),
        lambda w: w.data.__setitem__((slice(3, 9), 2), 1.5),  # nobody is told
        lambda w: w.data.fill(0),
        lambda w: w.data.fill(np.nan),
    ):
        change(model.layers[0].kernel)
        found = model.predict(x, verbose=0)
        assert np.array_equal(found, through_python(model, x), equal_nan=True)
        assert sparse_layers(model) == ("sparse",)


def test_rows_that_are_not_finite(model, rng):
    x = rng.normal(size=(64, 60)).astype(model.dtype)
    x[5, 7], x[40, 0] = np.inf, np.nan
    for _ in range(2):
        found = model.predict(x, verbose=0)
        assert np.array_equal(found, through_python(model, x), equal_nan=True)


def test_choices_are_reviewed_behind_fit_and_for_many_rows(model, rng, monkeypatch):
    x = rng.normal(size=(64, 60)).astype(model.dtype)
    y = rng.integers(0, 3, 64)
    thin_out(model, rng, zeros=0)
    model.predict(x, verbose=0)
    assert sparse_layers(model) == ()
    model.compile(corereg.optimizers.SGD(1e-3), "sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0)
    model.predict(x, verbose=0)
    assert sparse_layers(model) == ()
    thin_out(model, rng)
    model.fit(x, y, verbose=0)  # opens all weights again
    thin_out(model, rng)
    monkeypatch.setattr(sparse_products, "CHANGE", 2)
    model.predict(x, verbose=0)
    assert sparse_layers(model) == ()
    monkeypatch.undo()
    monkeypatch.setattr(sparse_products, "LESS", 1e9)
    model._trainer.review_sparse_products()
    model.predict(x, verbose=0)
    assert sparse_layers(model) == ("sparse",)
    model.layers[0].trainable = False
    model.compile(corereg.optimizers.SGD(1e-3), "sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0)
    many = rng.normal(size=(4096, 60)).astype(model.dtype)
    model.predict(many, verbose=0)
    assert sparse_layers(model) == ("sparse",)
    thin_out(model, rng, zeros=0)
    model.predict(many, verbose=0)
    assert sparse_layers(model) == ()
