"""GradualPruning: the cubic schedule of Zhu and Gupta, in runs whole, replayed, and resumed."""

from __future__ import annotations

import numpy as np
import pytest
from small import bits, data, fit, net, watched

import corereg
from corereg import pruning
from corereg.callbacks import BackupAndRestore, GradualPruning, LambdaCallback


def cubic(final, initial, t):
    return final + (initial - final) * (1 - t) ** 3


def test_the_schedule():
    model, (x, y) = net(), data()
    seen = []
    look = LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.append(model.sparsity().zeros))
    prune = GradualPruning(0.8, begin=2, end=6, initial_sparsity=0.2)
    history = fit(model, x, y, epochs=8, callbacks=[prune, look])
    times = [0, 0.25, 0.5, 0.75, 1]
    shares = [0, 0, *(cubic(0.8, 0.2, t) for t in times), 0.8]
    assert history["sparsity"] == pytest.approx(shares)
    assert seen == [round(share * 35) for share in shares]
    assert model.sparsity().frozen == 28
    assert prune.sparsity == 0.8


def test_the_end_is_three_quarters_unless_it_is_said():
    history = fit(net(), *data(), epochs=8, callbacks=[GradualPruning(0.5)])["sparsity"]
    assert history[5] < 0.5
    assert history[6:] == [0.5, 0.5]
    assert fit(net(), *data(), epochs=1, callbacks=[GradualPruning(0.5)])["sparsity"] == [0.5]


def test_cuts_within_epochs():
    model, (x, y) = net(), data()
    prune = GradualPruning(0.9, end=2, frequency=2)
    seen = []
    look = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(prune.sparsity))
    fit(model, x, y, epochs=3, batch_size=10, callbacks=[prune, look])
    times = [0, 0.4, 0.4, 0.8, 0.8, 1, 1.4, 1.4, 1.8, 1.8, 2, 2, 2, 2, 2]
    assert seen == pytest.approx([cubic(0.9, 0, t / 2) for t in times])
    assert model.sparsity().zeros == round(0.9 * 35)


def test_batches_are_replayed_where_no_cut_is_among_them(monkeypatch):
    model, (x, y) = net(optimizer="sgd"), data()
    taken = watched(monkeypatch)
    fit(model, x, y, epochs=6, batch_size=10, callbacks=[GradualPruning(0.5, end=3)])
    assert taken == [10] * 4  # without masks, and for each of the three cuts
    assert not GradualPruning(0.5)._observes("on_train_batch_end")
    assert GradualPruning(0.5, frequency=3)._observes("on_train_batch_end")


@pytest.mark.parametrize("scope", ["global", "layer", "lamp", "rows"])
def test_scopes(scope):
    model, (x, y) = net(), data()
    fit(model, x, y, epochs=4, callbacks=[GradualPruning(0.5, end=2, scope=scope)])
    rows = model.sparsity()
    if scope == "rows":
        assert (rows[0].dead_inputs, rows[1].zeros) == (3, 0)
    elif scope == "layer":
        assert [row.zeros for row in rows] == [15, 2]
    else:
        assert rows.zeros == 18


def test_replayed_and_eager_are_equal():
    found = []
    for eagerly in (False, True):
        model = net(run_eagerly=eagerly)
        fit(model, *data(), epochs=5, callbacks=[GradualPruning(0.7, end=3, scope="lamp")])
        found.append(bits(model))
    assert found[0] == found[1]


@pytest.mark.parametrize("frequency", [None, 2])
def test_it_goes_on(frequency, tmp_path):
    x, y = data()

    def run(path, stop_at, *, epochs=6, model=None, initial_epoch=0):
        model = model or net()

        def begin(epoch, logs):
            if epoch == stop_at:
                raise KeyError

        prune = GradualPruning(0.8, end=4, frequency=frequency)
        steps = [prune, LambdaCallback(on_epoch_end=begin)]
        steps += [] if path is None else [BackupAndRestore(path)]
        if not initial_epoch:
            corereg.set_random_seed(12)
        model.fit(
            *(x, y, 10, epochs, 0), callbacks=steps, shuffle=False, initial_epoch=initial_epoch
        )
        assert prune.sparsity == 0.8 or epochs < 6
        return model

    whole = bits(run(None, None))
    with pytest.raises(KeyError):
        run(tmp_path, 2)
    assert bits(run(tmp_path, None)) == whole
    model = net()
    with pytest.raises(KeyError):
        run(None, 2, model=model)
    assert bits(run(None, None, model=model, initial_epoch=3)) == whole


def test_state():
    one, other = GradualPruning(0.5), GradualPruning(0.5)
    one.sparsity = 0.25
    other.set_state(one.get_state())
    other.set_params({"epochs": 4})
    other.set_model(net())
    other.on_train_begin()
    assert other.sparsity == 0.25
    other.on_train_begin()
    assert other.sparsity == 0


def test_averages_of_the_last_epoch_have_its_zeros():
    model = net(optimizer=corereg.optimizers.Adam(0.01, use_ema=True))
    fit(model, *data(), epochs=3, callbacks=[GradualPruning(0.8, end=2)])
    assert model.sparsity().zeros == 28


def test_verbose(capsys):
    fit(net(), *data(), epochs=2, callbacks=[GradualPruning(0.5, end=1, verbose=1)])
    assert "Epoch 2: GradualPruning: 50.00 % of the weights are zero" in capsys.readouterr().out


def test_bad_arguments(fails):
    for call, exception, message in (
        (lambda: GradualPruning(1.5), ValueError, "final_sparsity from 0 to 1, received 1.5"),
        (lambda: GradualPruning("x"), TypeError, "final_sparsity as a number, received 'x'"),
        (lambda: GradualPruning(0.5, initial_sparsity=0.6), ValueError, "initial_sparsity <= fin"),
        (lambda: GradualPruning(0.5, -1), ValueError, "expected begin >= 0, received -1"),
        (lambda: GradualPruning(0.5, 3, 2), ValueError, "expected end >= 3, received 2"),
        (lambda: GradualPruning(0.5, 0.5), TypeError, "begin as a whole number, received 0.5"),
        (lambda: GradualPruning(0.5, frequency=0), ValueError, "frequency >= 1, received 0"),
        (lambda: GradualPruning(0.5, scope="x"), ValueError, "scope as one of 'global'"),
        (
            lambda: fit(net(), *data(), epochs=2, callbacks=[GradualPruning(0.5, end=3)]),
            ValueError,
            "an end within the training's 2 epochs, received 3",
        ),
        (
            lambda: fit(net(), *data(), callbacks=[GradualPruning(0.5, layers="x")]),
            ValueError,
            "GradualPruning: expected layers of the model",
        ),
    ):
        fails(call, exception, message)
    assert pruning.masks(net()) == {}
    assert np.isclose(GradualPruning(0.5, end=2).sparsity_at(1), cubic(0.5, 0, 0.5))
