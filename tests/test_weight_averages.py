"""StochasticWeightAveraging and SnapshotEnsemble: rates, averages, and trainings that go on."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from small import bits, data, fit, net

import corereg
from corereg import layers
from corereg.callbacks import (
    BackupAndRestore,
    Callback,
    EarlyStopping,
    SnapshotEnsemble,
    StochasticWeightAveraging as SWA,
)
from corereg.optimizers import SGD, Adam, schedules


class Weights(Callback):
    """Keeps the weights at the end of each epoch."""

    def __init__(self):
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(self.model.get_weights())


def normed(seed=3, renorm=False, dropout=0.4):
    corereg.set_random_seed(seed)
    model = corereg.Sequential(
        [
            layers.Input((6,)),
            layers.Dense(5, "tanh"),
            layers.BatchNormalization(renorm=renorm),
            layers.Dropout(dropout),
            layers.Dense(4, trainable=False),
            layers.BatchNormalization(axis=1, center=False),
            layers.Dense(1),
        ]
    )
    model.compile(Adam(0.02), "mse")
    return model


def mean_of(seen):
    return [np.mean([w[i] for w in seen], axis=0, dtype=np.float64) for i in range(len(seen[0]))]


# ---- the average ---------------------------------------------------------------------------------


def test_the_model_ends_with_the_mean_of_its_weights():
    x, y = data()
    model, swa, seen = net(optimizer=Adam(0.05)), SWA(3), Weights()
    fit(model, x, y, epochs=8, callbacks=[swa, seen])
    for w, wanted in zip(model.get_weights(), mean_of(seen.seen[3:]), strict=True):
        assert np.allclose(w, wanted, rtol=1e-7, atol=0)
    assert swa.count == 5
    twin = net(optimizer=Adam(0.05))
    other = Weights()
    fit(twin, x, y, epochs=8, callbacks=[other])  # the training itself is as it was
    for one, another in zip(seen.seen, other.seen, strict=True):
        assert [w.tobytes() for w in one] == [w.tobytes() for w in another]


def test_one_epoch_is_its_own_mean():
    x, y = data()
    model, seen = net(), Weights()
    fit(model, x, y, epochs=4, callbacks=[SWA(3), seen])
    assert bits(model) == [w.tobytes() for w in seen.seen[-1]]


def test_cycles_are_averaged_at_their_ends():
    x, y = data()
    model, seen = net(optimizer=SGD(0.05)), Weights()
    swa = SWA(2, 0.01, cycle_epochs=3)
    history = fit(model, x, y, epochs=9, callbacks=[swa, seen])
    cycle = [0.05 + (0.01 - 0.05) * (i + 1) / 3 for i in range(3)]
    assert history["learning_rate"] == pytest.approx([0.05, 0.05, *cycle, *cycle, cycle[0]])
    assert history["learning_rate"][4] == 0.01
    assert swa.count == 2
    wanted = mean_of([seen.seen[4], seen.seen[7]])
    for w, mean in zip(model.get_weights(), wanted, strict=True):
        assert np.allclose(w, mean, rtol=1e-7, atol=0)


@pytest.mark.parametrize("anneal", ["cosine", "linear"])
def test_the_rate_is_annealed_to_a_constant(anneal):
    x, y = data()
    model = net(optimizer=SGD(0.1))
    history = fit(model, x, y, epochs=8, callbacks=[SWA(5, 0.02, 3, anneal)])
    shares = [0.25, 0.5, 0.75]
    if anneal == "cosine":
        shares = [(1 - math.cos(math.pi * t)) / 2 for t in shares]
    falling = [0.1 + (0.02 - 0.1) * t for t in shares]
    assert history["learning_rate"] == pytest.approx([0.1, 0.1, *falling, 0.02, 0.02, 0.02])
    assert model.optimizer.learning_rate == 0.1  # its own rate again


def test_a_training_that_stops_early():
    x, y = data()
    model, seen = net(optimizer=Adam(0.05)), Weights()
    stop = EarlyStopping("loss", patience=3, min_delta=1e9)
    fit(model, x, y, epochs=20, callbacks=[stop, SWA(2), seen])
    for w, wanted in zip(model.get_weights(), mean_of(seen.seen[2:]), strict=True):
        assert np.allclose(w, wanted, rtol=1e-7, atol=0)
    model = net()
    with pytest.warns(UserWarning, match="before there were weights to average"):
        fit(model, x, y, epochs=2, callbacks=[SWA(5)])
    twin = net()
    fit(twin, x, y, epochs=2)
    assert bits(model) == bits(twin)


def test_averages_of_the_optimizer_are_replaced():
    x, y = data()
    model, plain = net(optimizer=Adam(0.05, use_ema=True)), net(optimizer=Adam(0.05))
    for one in (model, plain):
        fit(one, x, y, epochs=5, callbacks=SWA(2))
    assert bits(model) == bits(plain)


# ---- statistics ----------------------------------------------------------------------------------


def statistics_by_hand(model, batches):
    """The means of the batches' statistics, layer by layer, by NumPy; without dropout."""
    norms = [one for one in model.layers if isinstance(one, layers.BatchNormalization)]
    found = {id(one): [] for one in norms}
    for x in batches:
        for layer in model.layers:
            if isinstance(layer, layers.BatchNormalization):
                mean, variance = x.mean(axis=0), x.var(axis=0)
                found[id(layer)].append((len(x), mean, variance))
                x = (x - mean) / np.sqrt(variance + layer.epsilon) * layer.gamma.numpy()
                x = x if layer.beta is None else x + layer.beta.numpy()
            elif isinstance(layer, layers.Dense):
                x = x @ layer.kernel.numpy().astype(float) + layer.bias.numpy()
                x = np.tanh(x) if layer.activation.__name__ == "tanh" else x
    return [
        [np.average([s[i] for s in found[id(one)]], axis=0, weights=[s[0] for s in found[id(one)]])
         for i in (1, 2)]
        for one in norms
    ]  # fmt: skip


def batches_of(x, y, size):
    return [(x[i : i + size], y[i : i + size]) for i in range(0, len(x), size)]


class ByIndex:
    """Batches of x alone that are asked for by number, and do not say where they end."""

    def __init__(self, x, size):
        self.x, self.size = x, size

    def __len__(self):
        return -(-len(self.x) // self.size)

    def __getitem__(self, i):
        return self.x[i * self.size :][: self.size]


@pytest.mark.parametrize(
    ("way", "renorm"),
    [("fit", False), ("fit", True), ("batches", False), ("data", False), ("data in batches", False),
     ("data by index", True)],
)  # fmt: skip
def test_statistics_are_those_of_the_averaged_weights(way, renorm):
    x, y = data()
    model = normed(renorm=renorm, dropout=0.0)
    given = {"data": x, "data in batches": batches_of(x, y, 16), "data by index": ByIndex(x, 16)}
    given = given.get(way)
    swa = SWA(2, data=given, batch_size=16 if way == "data" else None)
    if way == "batches":
        fit(model, batches_of(x, y, 16), epochs=5, callbacks=swa)
    else:
        fit(model, x, y, batch_size=16, epochs=5, callbacks=swa)
    norms = [one for one in model.layers if isinstance(one, layers.BatchNormalization)]
    batches = [one.astype(float) for one, _ in batches_of(x, y, 16)]
    for layer, (mean, variance) in zip(norms, statistics_by_hand(model, batches), strict=True):
        if renorm:
            mean = mean if layer is norms[0] else layer.moving_mean.numpy()
            variance = layer.moving_variance.numpy()
        assert np.allclose(layer.moving_mean.numpy(), mean, rtol=1e-4, atol=1e-5)
        assert np.allclose(layer.moving_variance.numpy(), variance, rtol=1e-4, atol=1e-5)
        assert (layer.momentum, layer.renorm_momentum) == (0.99, 0.99)


def test_frozen_statistics_stay():
    x, y = data()
    model = normed()
    model.layers[1].trainable = False
    before = model.layers[1].moving_mean.numpy().tobytes()
    fit(model, x, y, epochs=4, callbacks=SWA(2))
    assert model.layers[1].moving_mean.numpy().tobytes() == before
    assert model.layers[4].moving_mean.numpy().any()


def test_recordings_and_random_numbers_stay(monkeypatch):
    x, y = data()
    model, twin = normed(), normed()
    fit(model, x, y, epochs=4, callbacks=SWA(2))
    fit(twin, x, y, epochs=4)
    states = [[str(one.random_state) for one in net.layers] for net in (model, twin)]
    assert states[0] == states[1]
    assert model.execution_report()["fit"].mode == "replayed"


def test_data_that_are_gone(fails):
    x, y = data()
    model = normed()
    before = bits(model)
    once = iter(batches_of(x, y, 16) * 3)
    message = "StochasticWeightAveraging: expected data=, rows for the statistics"
    fails(lambda: model.fit(once, epochs=1, verbose=0, callbacks=SWA(0)), ValueError, message)
    once = iter(batches_of(x, y, 16))
    fails(
        lambda: model.fit(x, y, verbose=0, callbacks=SWA(0, data=once)),
        *(ValueError, "expected data as an array x or batches that can be read more than once"),
    )
    assert bits(model) == before
    plain = net()
    plain.fit(iter(batches_of(x, y, 16)), epochs=1, verbose=0, callbacks=SWA(0))  # needs none


# ---- going on ------------------------------------------------------------------------------------

MAKERS = {
    "constant": lambda: SWA(4, 0.005, 2),
    "cycles": lambda: SWA(2, 0.001, cycle_epochs=2),
    "snapshots": lambda: SnapshotEnsemble(3, keep=2),
}


def outcome(model, callback, *seen):
    rates = [r for one in seen for r in one["learning_rate"]]
    snapshots = [[w.tobytes() for w in one] for one in getattr(callback, "snapshots", ())]
    state = [a.tobytes() for a in model.optimizer.state]
    return bits(model), state, rates, snapshots, model.optimizer.learning_rate


@pytest.mark.parametrize("kind", MAKERS)
def test_a_training_in_two_parts_is_one(kind, tmp_path):
    x, y = data()
    whole, callback = normed(), MAKERS[kind]()
    first = whole.fit(x, y, epochs=9, verbose=0, callbacks=callback).history
    wanted = outcome(whole, callback, first)
    for cut in (3, 6):
        model, before, after = normed(), MAKERS[kind](), MAKERS[kind]()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "StochasticWeightAveraging: the training has ended")
            early = model.fit(x, y, epochs=cut, verbose=0, callbacks=before).history
        path = tmp_path / "model.corereg"
        model.save(path)
        model = corereg.models.load_model(path)
        after.set_state(before.get_state())
        options = {"epochs": 9, "initial_epoch": cut, "verbose": 0, "callbacks": after}
        late = model.fit(x, y, **options).history
        assert outcome(model, after, early, late) == wanted


def test_a_training_in_two_parts_whose_optimizer_averages_too():
    x, y = data()
    nets = [net(optimizer=Adam(0.05, use_ema=True)) for _ in range(2)]
    nets[0].fit(x, y, epochs=8, verbose=0, callbacks=SWA(2))
    swa = SWA(2)
    nets[1].fit(x, y, epochs=4, verbose=0, callbacks=swa)
    swa.set_state(swa.get_state())
    nets[1].fit(x, y, epochs=8, initial_epoch=4, verbose=0, callbacks=swa)
    assert bits(nets[0]) == bits(nets[1])


@pytest.mark.parametrize("kind", MAKERS)
def test_backups(kind, tmp_path):
    x, y = data()
    whole, callback = normed(), MAKERS[kind]()
    first = whole.fit(x, y, epochs=9, verbose=0, callbacks=callback).history

    class Killed(Exception):
        pass

    class Kill(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 6:
                raise Killed

    model, again = normed(), MAKERS[kind]()
    backup = BackupAndRestore(tmp_path / "backup")
    with pytest.raises(Killed):
        model.fit(x, y, epochs=9, verbose=0, callbacks=[backup, MAKERS[kind](), Kill()])
    model = normed(seed=8)
    history = model.fit(x, y, epochs=9, verbose=0, callbacks=[backup, again]).history
    assert outcome(model, again, history) == outcome(whole, callback, first)


# ---- snapshots -----------------------------------------------------------------------------------


def test_snapshots_of_cycles():
    x, y = data(3)
    model, seen = net(3, optimizer=Adam(0.05)), Weights()
    snapshots = SnapshotEnsemble(3)
    history = fit(model, x, y, epochs=7, callbacks=[snapshots, seen])
    cycle = [0.025 * (math.cos(math.pi * i / 3) + 1) for i in range(3)]
    assert history["learning_rate"] == pytest.approx([*cycle, *cycle, cycle[0]])
    assert model.optimizer.learning_rate == 0.05
    ensemble = snapshots.ensemble(name="cycles")
    assert [bits(one) for one in ensemble.models] == [
        [w.tobytes() for w in seen.seen[i]] for i in (2, 5)
    ]
    assert ensemble.name == "cycles"
    each = ensemble.predict_members(x)
    assert np.allclose(ensemble.predict(x, verbose=0), each.mean(axis=0), rtol=1e-5)
    model.set_weights([w * 0 for w in model.get_weights()])
    assert ensemble.predict_members(x).tobytes() == each.tobytes()  # copies
    fit(model, x, y, epochs=3, callbacks=snapshots)  # begins anew
    assert len(snapshots.snapshots) == 1


def test_a_rate_of_ones_own_and_the_last_snapshots():
    x, y = data(3)
    model, snapshots = net(3), SnapshotEnsemble(2, learning_rate=0.2, keep=2)
    history = fit(model, x, y, epochs=8, callbacks=snapshots)
    assert history["learning_rate"] == pytest.approx([0.2, 0.1] * 4)
    assert len(snapshots.snapshots) == 2
    assert [w.tobytes() for w in snapshots.snapshots[-1]] == bits(model)


def test_what_cannot_be(fails):
    x, y = data()
    model = net(optimizer=Adam(schedules.CosineDecay(0.1, 10)))
    before = bits(model)
    for call, kind, message in (
        (lambda: SWA(-1), ValueError, "start_epoch >= 0, received -1"),
        (lambda: SWA(1.5), TypeError, "start_epoch as a whole number, received 1.5"),
        (lambda: SWA(3, 0), ValueError, "learning_rate > 0, received 0"),
        (lambda: SWA(3, "x"), TypeError, "learning_rate as a number, received 'x'"),
        (lambda: SWA(3, 0.1, 4), ValueError, "anneal_epochs of at most start_epoch=3"),
        (lambda: SWA(3, 0.1, anneal="step"), ValueError, "received 'step'"),
        (lambda: SWA(3, 0.1, 2, cycle_epochs=2), ValueError, "and 0 with cycles"),
        (lambda: SWA(3, cycle_epochs=2), ValueError, "a learning_rate with cycle_epochs=2"),
        (lambda: SnapshotEnsemble(0), ValueError, "cycle_epochs >= 1, received 0"),
        (lambda: SnapshotEnsemble(2, keep=0), ValueError, "keep >= 1, received 0"),
        (lambda: SnapshotEnsemble(2).ensemble(), RuntimeError, "there are none"),
        (lambda: fit(model, x, y, callbacks=SWA(0, 0.1)), ValueError, "one with a schedule"),
        (lambda: fit(model, x, y, callbacks=SnapshotEnsemble(2)), ValueError, "with a schedule"),
    ):
        fails(call, kind, message)
    assert bits(model) == before
    fit(model, x, y, epochs=2, callbacks=SWA(0))  # leaves the rate to the schedule
