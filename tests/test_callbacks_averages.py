"""SwapEMAWeights: who sees the averages of the weights, and that the trained ones come back."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from small import bits, data, fit, net

import corereg
from corereg import layers
from corereg.callbacks import Callback, EarlyStopping, SwapEMAWeights
from corereg.optimizers import SGD, Adam

GOLDENS = json.loads((Path(__file__).parent / "goldens" / "callbacks.json").read_text())


def flat(weights):
    return np.concatenate([w.ravel() for w in weights])


@pytest.mark.parametrize("expected", GOLDENS["swap_ema_weights"], ids=["tests", "epochs"])
@pytest.mark.parametrize("eagerly", [False, True])
def test_weights_and_losses_are_those_of_keras(expected, eagerly):
    x = np.arange(8.0, dtype="float32").reshape(4, 2) / 8
    y = x[:, :1] * 3 - 1
    model = corereg.models.Sequential([corereg.Input((2,)), layers.Dense(1)])
    model.set_weights([np.array([[0.5], [-0.25]], "float32"), np.array([0.125], "float32")])
    optimizer = SGD(0.1, use_ema=True, ema_momentum=0.6)
    model.compile(optimizer, "mse", run_eagerly=eagerly)
    seen = []

    class Look(Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(flat(self.model.get_weights()))

    callbacks = [SwapEMAWeights(expected["swap_on_epoch"]), Look()]
    options = {"validation_data": (x, y), "shuffle": False, "callbacks": callbacks}
    history = fit(model, x, y, batch_size=2, epochs=3, **options)
    assert history["val_loss"] == pytest.approx(expected["val_loss"], rel=1e-5)
    assert np.allclose(seen, expected["seen"], rtol=1e-5)
    assert np.allclose(flat(model.get_weights()), expected["end"], rtol=1e-5)


def test_a_training_that_stops_early_ends_with_the_averages():
    x, y = data()
    model = net(optimizer=Adam(0.1, use_ema=True, ema_momentum=0.5))
    seen = []

    class Look(Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(bits(self.model))

    stop = EarlyStopping("loss", patience=1, min_delta=100)
    fit(model, x, y, epochs=9, callbacks=[stop, SwapEMAWeights(swap_on_epoch=True), Look()])
    assert len(seen) == 2
    assert bits(model) == seen[-1]


def test_evaluate_and_predict_see_the_averages_and_give_the_weights_back():
    x, y = data()
    model = net(optimizer=Adam(0.1, use_ema=True, ema_momentum=0.5))
    for _ in range(3):
        model.train_on_batch(x, y)
    before, averages = bits(model), [a.data.copy() for a in model.optimizer._averages]
    twin = net()
    twin.set_weights(averages)
    assert bits(twin) != before
    swap = SwapEMAWeights()
    for _ in range(2):
        found = model.predict(x, verbose=0, callbacks=swap)
        assert found.tobytes() == twin.predict(x, verbose=0).tobytes()
        assert bits(model) == before  # Keras leaves the averages there
        assert model.evaluate(x, y, verbose=0, callbacks=swap) == twin.evaluate(x, y, verbose=0)
        assert bits(model) == before
    assert [a.data.tobytes() for a in model.optimizer._averages] == [a.tobytes() for a in averages]


def test_without_averages_nothing_runs(fails):
    x, y = data()
    model = net()
    before = bits(model)
    message = "SwapEMAWeights: expected an optimizer with use_ema=True, received"
    fails(lambda: fit(model, x, y, callbacks=SwapEMAWeights()), ValueError, message)
    fails(lambda: model.predict(x, callbacks=SwapEMAWeights()), ValueError, message)
    assert bits(model) == before
    model = net(optimizer=Adam(use_ema=True))
    message = "received one that has not trained yet; fit the model first"
    fails(lambda: model.evaluate(x, y, callbacks=SwapEMAWeights()), ValueError, message)
