"""Long runs keep the process as large as it was, without the garbage collector's help."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import numpy as np
import pytest
from small import data, net

import corereg
from corereg import losses, optimizers
from corereg.autograd import Tensor
from corereg.callbacks import LambdaCallback

STATM = Path("/proc/self/statm")
ALLOWED = 1 << 20

pytestmark = pytest.mark.skipif(not STATM.exists(), reason="reads the resident size from /proc")


def resident():
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture
def stays_flat():
    """Runs `act` for a while, then again, during which the process must not grow."""

    def check(act):
        gc.collect()
        gc.disable()
        try:
            act(True)
            before = resident()
            act(False)
            assert resident() - before < ALLOWED
        finally:
            gc.enable()

    return check


@pytest.mark.parametrize("validate", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_a_thousand_epochs(stays_flat, validate):
    x, y = data(3)
    model = net(3, dropout=0.2, metrics=["accuracy"])
    options = {"validation_data": (x, y)} if validate else {}
    stays_flat(
        lambda first: model.fit(x, y, epochs=100 if first else 1000, verbose=0, **options) and None
    )


@pytest.mark.exhaustive
def test_many_fits_and_models(stays_flat):
    x, y = data(3)

    def act(first):
        for _ in range(20 if first else 200):
            model = net(3, dropout=0.2)
            model.fit(x, y, verbose=0)
            model.evaluate(x, y, verbose=0)
            model.predict(x, verbose=0)

    stays_flat(act)


def test_a_hundred_thousand_predictions(stays_flat):
    x, _ = data(3)
    model = net(3)
    row = x[:1].copy()

    def act(first):
        for _ in range(1000 if first else 100_000):
            model.predict(row, verbose=0)

    stays_flat(act)


def test_predictions_of_ever_other_sizes(stays_flat):
    x = np.zeros((700, 6), "f4")
    model = net(3)

    def act(first):
        for rows in range(500, 700):
            model.predict(x[:rows], verbose=0)

    stays_flat(act)


@pytest.mark.exhaustive
def test_single_batches_and_generators(stays_flat):
    x, y = data(3)
    model = net(3, dropout=0.2)

    def act(first):
        for _ in range(100 if first else 2000):
            model.train_on_batch(x, y)
            model.test_on_batch(x, y)
        model.fit(((x, y) for _ in range(100 if first else 2000)), verbose=0)

    stays_flat(act)


@pytest.mark.parametrize("what", ["eager", "batches"])
def test_fits_that_come_back_to_python(stays_flat, what):
    x, y = data(3)
    model = net(3, dropout=0.2, run_eagerly=what == "eager")
    watch = LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    stays_flat(
        lambda first: (
            model.fit(x, y, epochs=50 if first else 500, callbacks=watch, verbose=0) and None
        )
    )


@pytest.mark.exhaustive
def test_a_recorded_step(stays_flat):
    x, y = (Tensor(a) for a in data(3))
    model = net(3, dropout=0.2)
    optimizer, loss_function = optimizers.Adam(), losses.SparseCategoricalCrossentropy()
    optimizer.build(model.trainable_weights)

    @corereg.record
    def step(x, y):
        loss = loss_function(y, model(x, training=True)) + sum(model.losses)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    def act(first):
        for _ in range(100 if first else 20_000):
            step(x, y)

    stays_flat(act)
