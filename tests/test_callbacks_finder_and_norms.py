"""LearningRateFinder and NormLogger: what they find, and that a training is the same with them."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

import corereg
from corereg import Input, callbacks, layers, losses, optimizers
from corereg.models import Sequential
from corereg.optimizers.schedules import ExponentialDecay
from corereg.warn import NotFiniteWarning

X = np.random.default_rng(0).standard_normal((40, 5)).astype("float32")
Y = (X @ np.arange(1, 6, dtype="float32"))[:, None]


def made(optimizer=None, **options):
    corereg.set_random_seed(3)
    inner = [Input((5,)), layers.Dense(8, "relu", kernel_regularizer="l2", name="first")]
    rest = [layers.Dropout(0.2), layers.BatchNormalization(name="bn"), layers.Dense(1, name="last")]
    model = Sequential([*inner, *rest])
    model.compile(optimizer or optimizers.Adam(0.01), "mse", **options)
    return model


def fit(model, epochs, *found, **options):
    return model.fit(X, Y, epochs=epochs, batch_size=16, verbose=0, callbacks=found, **options)


def same(one, other):
    weights = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in weights)


# ---- LearningRateFinder --------------------------------------------------------------------------


def test_the_finder_puts_back_what_other_callbacks_restore_at_the_end():
    model, other = made(), made()
    best = callbacks.EarlyStopping("loss", patience=50, restore_best_weights=True)
    fit(model, 50, callbacks.LearningRateFinder(steps=30), best)
    assert same(model, other)
    fixed = callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: setattr(model.optimizer, "learning_rate", 0.5)
    )
    finder = callbacks.LearningRateFinder(steps=30)
    fit(model, 50, finder, fixed)
    assert finder.rates[0] == pytest.approx(1e-6)


@pytest.mark.parametrize(
    "make",
    [
        lambda: optimizers.Adam(0.01),
        lambda: optimizers.SGD(0.01, momentum=0.9, use_ema=True, gradient_accumulation_steps=2),
        lambda: optimizers.SAM(optimizers.SGD(0.01)),
    ],
    ids=["adam", "averaged", "sam"],
)
def test_rates_grow_exponentially_and_everything_is_put_back(make):
    model, other = made(make()), made(make())
    fit(model, 1), fit(other, 1)
    finder = callbacks.LearningRateFinder(1e-4, 1e-2, steps=5, smoothing=0.0)
    history = fit(model, 10, finder)
    np.testing.assert_allclose(finder.rates, 1e-4 * 100 ** (np.arange(5) / 4), rtol=1e-12)
    assert len(history.epoch) == 2  # of three batches each
    assert model.optimizer.learning_rate == 0.01
    assert model.execution_report()["fit"].mode == "replayed"
    assert same(model, other)
    assert fit(model, 2).history == fit(other, 2).history
    assert same(model, other)


def test_losses_are_those_of_the_batches():
    class Losses(callbacks.Callback):
        def __init__(self):
            self.found = []

        def on_train_batch_end(self, batch, logs=None):
            rows = [16, 32, 40]  # the logs hold means over the rows so far
            self.found.append(logs["loss"] * rows[batch])

    noted, finder = Losses(), callbacks.LearningRateFinder(1e-5, 1e-4, steps=6, smoothing=0.5)
    fit(made(), 2, finder, noted)
    totals = np.diff(np.reshape(noted.found, (2, 3)), prepend=0).ravel()
    np.testing.assert_allclose(finder.batch_losses, totals / [16, 16, 8, 16, 16, 8], rtol=1e-12)
    weights = 0.5 ** np.arange(6)[::-1]
    expected = finder.batch_losses @ weights / weights.sum()
    np.testing.assert_allclose(finder.losses[-1], expected, rtol=1e-12)


@pytest.mark.parametrize("rate", [1e3, 1e30])
def test_it_stops_when_the_loss_diverges(rate):
    finder = callbacks.LearningRateFinder(0.01, rate, steps=30)
    model = made(optimizers.SGD(0.01))
    before = model.get_weights()
    fit(model, 100, finder)  # and nothing warns of NaN
    assert 3 < len(finder.rates) < 30
    assert np.isfinite(finder.losses).all()
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    least = finder.losses.argmin()
    assert finder.suggestion == (finder.rates[least] / 10 if least else None)


def test_too_few_batches_are_told():
    finder, model = callbacks.LearningRateFinder(1e-5, 1e-4, steps=7), made()
    with pytest.warns(UserWarning, match="fit ended after 6 of 7 batches"):
        fit(model, 2, finder)
    assert model.optimizer.learning_rate == 0.01


def test_a_second_run_begins_anew_and_nothing_is_suggested_before():
    finder, model = callbacks.LearningRateFinder(steps=4), made()
    assert finder.suggestion is None
    assert len(finder.losses) == 0
    fit(model, 9, finder)
    first = finder.losses
    fit(model, 9, finder)
    assert np.array_equal(finder.losses, first)


def test_what_an_interrupt_left_can_be_put_back():
    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    finder, model = callbacks.LearningRateFinder(), made()
    before = model.get_weights()
    with pytest.raises(KeyboardInterrupt):
        fit(model, 3, finder, Stop())
    assert not np.array_equal(before[0], model.get_weights()[0])
    finder.restore()
    finder.restore()  # nothing is left to do
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


class Own(Sequential):
    def train_step(self, data):
        x, y = data
        loss = losses.mean_squared_error(y, self(x, training=True)).mean()
        self.zero_grad()
        loss.backward()
        self.optimizer.apply([p.grad for p in self.trainable_weights], self.trainable_weights)
        return {"loss": loss}


def test_of_models_with_their_own_step():
    model = Own([Input((5,)), layers.Dense(1, name="d")])
    model.compile("sgd", "mse")
    finder, norms = callbacks.LearningRateFinder(steps=4), callbacks.NormLogger()
    fit(model, 3, finder, norms)
    assert len(finder.losses) == 4
    assert [math.isnan(value) for value in norms.gradients["d"]] == [True] * 2
    assert len(norms.weights["d"]) == 2


def test_both_are_plotted(fails):
    pytest.importorskip("matplotlib").use("Agg")
    finder, norms = callbacks.LearningRateFinder(steps=2), callbacks.NormLogger()
    fit(made(), 1, finder, norms)
    assert finder.plot().get_xscale() == "log"
    axes = norms.plot("gradients")
    assert axes.get_ylabel() == "norm of gradients"
    assert len(axes.lines) == len(norms.gradients)
    fails(lambda: norms.plot("biases"), ValueError, "expected 'weights' or 'gradients'")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_rate": 0}, "expected min_rate > 0"),
        ({"max_rate": math.inf}, "expected max_rate > 0"),
        ({"min_rate": 2, "max_rate": 1}, "expected min_rate < max_rate"),
        ({"steps": 1}, "expected steps as a whole number >= 2"),
        ({"smoothing": 1}, r"expected smoothing in \[0, 1\)"),
        ({"divergence": 1}, "expected divergence > 1"),
    ],
)
def test_arguments_are_checked(options, message, fails):
    fails(lambda: callbacks.LearningRateFinder(**options), ValueError, message)


def test_a_schedule_is_refused_and_so_is_a_loop_of_ones_own(fails):
    model = made(optimizers.SGD(ExponentialDecay(0.1, 10, 0.5)))
    finder = callbacks.LearningRateFinder()
    fails(lambda: fit(model, 1, finder), ValueError, "received one with a schedule")
    finder.set_model(made())
    fails(finder.on_train_begin, RuntimeError, "expected to be called by fit")


# ---- NormLogger ----------------------------------------------------------------------------------


def test_norms_are_those_of_weights_and_gradients():
    model, norms = made(optimizers.SGD(0.0)), callbacks.NormLogger()
    model.layers[1].rate = 0.0
    model.fit(X, Y, epochs=1, batch_size=40, verbose=0, callbacks=norms, shuffle=False)
    assert norms.epoch == [0]
    assert list(norms.weights) == list(norms.gradients) == ["first", "bn", "last"]
    for layer in (model.layers[0], model.layers[3]):
        expected = math.sqrt(sum((w.astype("float64") ** 2).sum() for w in layer.get_weights()))
        np.testing.assert_allclose(norms.weights[layer.name], [expected], rtol=1e-6)
    losses.mean_squared_error(Y, model(X, training=True)).mean().backward()
    for layer in model.layers:
        if layer.trainable_weights:
            squares = sum(
                (p.grad.data.astype("float64") ** 2).sum() for p in layer.trainable_weights
            )
            np.testing.assert_allclose(norms.gradients[layer.name], [squares**0.5], rtol=1e-5)


def test_a_training_is_the_same_with_it_replayed_and_eager():
    norms, eagerly = callbacks.NormLogger(), callbacks.NormLogger()
    model, eager, plain = made(), made(run_eagerly=True), made()
    fit(model, 3, norms), fit(eager, 3, eagerly), fit(plain, 3)
    assert same(model, plain)
    assert same(model, eager)
    assert norms.gradients == eagerly.gradients
    assert norms.weights == eagerly.weights
    assert model.execution_report()["fit"].mode == "replayed"
    assert len(norms.weights["last"]) == 3


def test_it_leaves_no_trace_also_after_an_error(fails):
    class Fails(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise RuntimeError("enough")

    model = made()
    fails(lambda: fit(model, 2, callbacks.NormLogger(), Fails()), RuntimeError, "enough")
    assert model._trainer.compilation.gradient_observer is None
    fit(model, 1, callbacks.NormLogger())
    assert model._trainer.compilation.gradient_observer is None


def test_it_goes_on_where_it_was():
    norms, model = callbacks.NormLogger(), made()
    fit(model, 2, norms)
    again = callbacks.NormLogger()
    again.set_state(norms.get_state())
    fit(model, 3, again, initial_epoch=2)
    assert again.epoch == [0, 1, 2]
    assert again.weights["last"][:2] == norms.weights["last"]


def test_a_loss_that_explodes_is_what_it_looks_for():
    """So nobody is warned of it, as one is without it."""
    model = made()
    y = np.full_like(Y, 1e30)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(X, y, verbose=0, callbacks=[callbacks.LearningRateFinder(steps=3)])
    with pytest.warns(NotFiniteWarning):
        model.fit(X, y, verbose=0)
