"""Masks of weights: zeros that stay zero whatever trains, in files and in copies."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from small import bits, data, fit, net, watched

import corereg
from corereg import Parameter, _kernels, constraints, layers, optimizers, pruning
from corereg.callbacks import BackupAndRestore, LambdaCallback, SwapEMAWeights
from corereg.models import Sequential, clone_model, load_model
from corereg.optimizers import SGD, Adam, AdamW, Lion, Optimizer
from corereg.saving import FileFormatError, archive


class Descent(Optimizer):
    """A rule in Python."""

    def update_step(self, gradient, variable, learning_rate):
        variable.assign_sub((gradient + 0.01) * learning_rate)


class Grown(constraints.Constraint):
    """Lets no weight be zero."""

    recordable = True

    def __call__(self, w):
        return w + 0.5


AVERAGED = {"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 3}
KINDS = {
    **{
        name: lambda name=name: optimizers.get(name)
        for name in ("adam", "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "ftrl", "lion")
    },
    "adafactor of Python": lambda: Descent(0.1),
    "sgd": lambda: SGD(0.1, momentum=0.9, nesterov=True),
    "amsgrad": lambda: Adam(0.01, amsgrad=True),
    "centered": lambda: optimizers.RMSprop(0.01, momentum=0.9, centered=True),
    "decay, clipped": lambda: AdamW(0.01, weight_decay=0.1, clipnorm=0.1),
    "clipped together": lambda: SGD(0.1, momentum=0.9, global_clipnorm=0.1),
    "clipped values": lambda: SGD(0.1, momentum=0.9, clipvalue=0.1),
    "averages": lambda: SGD(0.1, momentum=0.9, **AVERAGED),
    "accumulated": lambda: Adam(0.01, gradient_accumulation_steps=2, **AVERAGED),
    "scaled": lambda: Lion(0.01, loss_scale_factor=4.0, clipnorm=1.0),
}


def model_for(kind, **options):
    model = net(optimizer=KINDS[kind](), **options)
    first, _, last = model.layers
    x, _ = data()
    model.build(x.shape)
    first.kernel_constraint, last.kernel_constraint = constraints.MaxNorm(0.7), Grown()
    return model


def halve(model):
    """Sets every other weight of each kernel to zero, and freezes that; where that is."""
    places = []
    for layer in model.layers[::2]:
        w = layer.kernel
        zero = (np.arange(w.data.size) % 2 == 0).reshape(w.shape)
        w.assign(np.where(zero, 0, w.data))
        places.append(zero)
    assert pruning.freeze_zeros(model) == sum(int(zero.sum()) for zero in places)
    return places


def frozen_zeros(model, places):
    return [layer.kernel.data[zero] for layer, zero in zip(model.layers[::2], places, strict=True)]


@pytest.mark.parametrize("kind", KINDS)
def test_zeros_stay_zero(kind):
    """Though momentum and averages of before would move them; eager and replayed, to the bit, on 1
    and 2 threads."""
    x, y = data()
    found, most = [], _kernels.get_num_threads()
    try:
        for threads, eagerly in ((1, False), (1, True), (2, False)):
            _kernels.set_num_threads(threads)
            model = model_for(kind, run_eagerly=eagerly)
            fit(model, x, y, epochs=2, batch_size=10)
            before = halve(model)
            kernels = [layer.kernel.data.copy() for layer in model.layers[::2]]
            seen = []
            look = LambdaCallback(
                on_train_batch_end=lambda batch, logs, m=model, s=seen, b=before: s.append(
                    any(zeros.any() for zeros in frozen_zeros(m, b))
                )
            )
            fit(model, x, y, epochs=1, batch_size=10, callbacks=[look])
            fit(model, x, y, epochs=2, batch_size=10)
            assert seen == [False] * 5
            for zeros in frozen_zeros(model, before):
                assert zeros.tobytes() == np.zeros_like(zeros).tobytes()
            for layer, old, zero in zip(model.layers[::2], kernels, before, strict=True):
                assert (layer.kernel.data != old)[~zero].mean() > 0.7
            assert model.layers[0].bias.data.any()
            found.append(bits(model))
    finally:
        _kernels.set_num_threads(most)
    assert found[0] == found[1] == found[2]


def test_loops_of_ones_own():
    """optimizer.step, apply and apply_gradients, with gradients that stay as the user gave them."""
    rng = np.random.default_rng(0)
    w, free = Parameter(rng.standard_normal((4, 3)), "w"), Parameter(np.ones(3), "free")
    keep = rng.random((4, 3)) < 0.5
    w.mask = keep
    optimizer = SGD(0.1, momentum=0.9)
    optimizer.build([w, free])
    for way in range(3):
        gradient = rng.standard_normal((4, 3))
        given = gradient.copy()
        before = w.data.copy()
        if way == 0:
            w.grad, free.grad = corereg.tensor(given), corereg.tensor(np.ones(3))
            optimizer.step()
            assert np.array_equal(w.grad.data, gradient)
        elif way == 1:
            optimizer.apply([given], [w])
        else:
            optimizer.apply_gradients([(given, w), (np.ones(3), free)])
        assert np.array_equal(given, gradient)
        assert not w.data[~keep].any()
        assert (w.data != before)[keep].all()
    assert not optimizer.slots[0][0][~keep].any()  # nothing waits there for the mask to go


def test_an_average_is_masked_of_what_a_step_leaves_out():
    """Averages of all weights go on when only some are stepped."""
    a, b = (Parameter(np.ones((2, 2)), name) for name in "ab")
    optimizer = SGD(0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=1)
    optimizer.build([a, b])
    optimizer.apply([np.ones((2, 2))] * 2, [a, b])
    b.mask = np.array([[True, False]] * 2)
    b.assign(np.where(b.mask, b.data, 0))
    optimizer.apply([np.ones((2, 2))], [a])
    assert b.data.tolist() == [[0.9, 0], [0.9, 0]]


@pytest.mark.parametrize("by", ["clipnorm", "global_clipnorm"])
def test_norms_count_what_is_kept(by):
    """A masked gradient clips as one that is zero there."""
    results = []
    keep = np.array([[True, False, True]])
    for mask, gradient in ((keep, [[3.0, 100.0, 4.0]]), (None, [[3.0, 0.0, 4.0]])):
        w = Parameter(np.zeros((1, 3)), "w")
        w.mask = mask
        optimizer = SGD(1.0, **{by: 1.0})
        optimizer.build([w])
        optimizer.apply([np.array(gradient)], [w])
        results.append(w.data.tolist())
    assert results[0] == results[1]
    assert results[0] == [pytest.approx([-0.6, 0.0, -0.8])]


def test_steps_are_recorded_anew_when_a_mask_changes(monkeypatch):
    x, y = data()
    model = net(optimizer=SGD(0.1))
    model.fit(x, y, batch_size=10, verbose=0)
    taken = watched(monkeypatch)
    model.fit(x, y, batch_size=10, verbose=0)
    assert not taken
    places = halve(model)
    model.fit(x, y, batch_size=10, verbose=0)
    assert taken == [10]
    assert not np.concatenate(frozen_zeros(model, places)).any()
    model.fit(x, y, batch_size=10, verbose=0)
    assert taken == [10]
    pruning.unfreeze_zeros(model)
    model.fit(x, y, batch_size=10, verbose=0)
    assert taken == [10, 10]
    assert np.concatenate(frozen_zeros(model, places)).all()
    assert pruning.masks(model) == {}


def test_train_on_batch_and_a_model_without_masks(monkeypatch):
    x, y = data()
    model = net()
    model.train_on_batch(x, y)
    assert model.optimizer._plan(True).stages is None  # nothing to do
    places = halve(model)
    for _ in range(3):
        model.train_on_batch(x, y)
    assert not np.concatenate(frozen_zeros(model, places)).any()


def test_a_lazy_table_with_a_mask():
    table = layers.Embedding(5, 3, name="table")
    model = Sequential([layers.Input((2,)), table, layers.Flatten(), layers.Dense(1)])
    model.compile(Adam(0.1, lazy=True), "mse")
    assert pruning.freeze_zeros(model) == 0  # a table counts only where it is named
    table.embeddings.assign(np.where(np.arange(5)[:, None] == 1, 0, table.embeddings.data))
    before = table.embeddings.data.copy()
    assert pruning.freeze_zeros(model, "table") == 3
    model.fit(np.array([[1, 2], [1, 3]]), np.array([1.0, 2.0]), epochs=3, verbose=0)
    changed = (table.embeddings.data != before).any(axis=1)
    assert changed.tolist() == [False, False, True, True, False]


def test_averages_in_the_model():
    """What SwapEMAWeights puts there has the zeros, too, and so has the end of fit."""
    x, y = data()
    model = net(optimizer=Adam(0.01, use_ema=True))
    fit(model, x, y, epochs=2)
    places = halve(model)
    seen = []
    look = LambdaCallback(
        on_test_batch_end=lambda batch, logs: seen.append(
            np.concatenate(frozen_zeros(model, places)).any()
        )
    )
    fit(model, x, y, epochs=2, validation_data=(x, y), callbacks=[SwapEMAWeights(), look])
    assert seen
    assert not any(seen)
    assert not np.concatenate(frozen_zeros(model, places)).any()


# ---- what users see ------------------------------------------------------------------------------


def test_masks_and_weights_are_the_users():
    model = net()
    model.build((None, 6))
    places = halve(model)
    found = pruning.masks(model)
    names = [layer.kernel.name for layer in model.layers[::2]]
    assert list(found) == names
    assert all(np.array_equal(~found[n], zero) for n, zero in zip(names, places, strict=True))
    weights = [np.ones_like(w) for w in model.get_weights()]
    model.set_weights(weights)
    assert all(w.all() for w in model.get_weights())  # until the next step
    model.train_on_batch(*data())
    assert not np.concatenate(frozen_zeros(model, places)).any()
    first = model.layers[0].kernel
    with pytest.raises(ValueError, match="read-only"):
        first.mask[0, 0] = True
    for wrong in (np.ones((6, 5)), np.ones((5, 6), bool), "x"):
        with pytest.raises(ValueError, match=r"a mask of bool and shape \(6, 5\), received"):
            first.mask = wrong
    assert first.mask is not None
    own = np.zeros((6, 5), bool)
    first.mask = own
    own[...] = True
    assert not first.mask.any()


def test_freezing_again_keeps_what_was_frozen():
    model = net()
    model.build((None, 6))
    halve(model)
    w = model.layers[0].kernel
    mask = w.mask
    w.assign(np.ones(w.shape))
    w.assign(np.where(np.arange(5) == 4, 0, w.data))
    assert pruning.freeze_zeros(model, [model.layers[0]]) == 15 + 3
    assert not (w.mask & ~mask).any()
    assert not w.mask[:, 4].any()


def test_layers_are_chosen(fails):
    inner = Sequential([layers.Input((5,)), layers.Dense(4, name="a"), layers.Dense(3, name="b")])
    norm = layers.BatchNormalization()
    model = Sequential([layers.Input((6,)), layers.Dense(5, name="c"), norm, inner])
    for w in model.weights:
        w.assign(w.data * 0)
    assert pruning.freeze_zeros(model, "b") == 12
    assert pruning.freeze_zeros(model, inner) == 12 + 20
    model.layers[0].trainable = False
    assert pruning.freeze_zeros(model) == 12 + 20
    model.layers[0].trainable = True
    assert pruning.freeze_zeros(model) == 12 + 20 + 30
    assert sorted(pruning.masks(model)) == ["a/kernel", "b/kernel", "c/kernel"]
    pruning.unfreeze_zeros(model, ["a", "c"])
    assert list(pruning.masks(model)) == ["b/kernel"]
    inner.layers[1].trainable = False
    pruning.unfreeze_zeros(model)  # of what is not trained now as well
    assert pruning.masks(model) == {}
    for call, message in (
        (lambda: pruning.freeze_zeros(model, "d"), "freeze_zeros: expected layers of the model, "),
        (lambda: pruning.freeze_zeros(model, norm), "two axes or more, found none in"),
        (lambda: pruning.unfreeze_zeros(Sequential([layers.Dense(2)])), "a model that is built"),
        (lambda: pruning.freeze_zeros(Sequential([layers.Dense(2)])), "a model that is built"),
    ):
        fails(call, ValueError, message)
    for function in (pruning.freeze_zeros, pruning.unfreeze_zeros):
        fails(
            lambda f=function: f(3), TypeError, f"{function.__name__}: expected a Model, received"
        )


# ---- files and copies ----------------------------------------------------------------------------


def copies(model, path):
    model.save(path)
    return [load_model(path), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)]


def test_files_and_copies_keep_masks(tmp_path):
    x, y = data()
    model = net(optimizer=SGD(0.1, momentum=0.9))
    fit(model, x, y)
    halve(model)
    path = tmp_path / "model.corereg"
    made = copies(model, path)
    assert list(archive.read(path)[1]["masks"]) == ["0/kernel", "2/kernel"]
    fit(model, x, y, epochs=3)
    for one in made:
        assert [m.tolist() for m in pruning.masks(one).values()] == [
            m.tolist() for m in pruning.masks(model).values()
        ]
        fit(one, x, y, epochs=3)
        assert bits(one) == bits(model)
    assert pruning.masks(clone_model(model)) == {}
    model.save_weights(path)
    assert set(archive.read(path)[1]) == {"weights"}
    made[0].load_weights(path)
    assert pruning.masks(made[0])
    pruning.unfreeze_zeros(model)
    model.save(path)
    assert "masks" not in archive.read(path)[1]
    assert pruning.masks(load_model(path)) == {}


def test_parameters_of_their_own_are_pickled_with_masks():
    w = Parameter(np.ones((2, 2)), "w")
    assert pickle.loads(pickle.dumps(w)).mask is None
    w.mask = np.eye(2, dtype=bool)
    for made in (pickle.loads(pickle.dumps(w)), copy.deepcopy(w)):
        assert np.array_equal(made.mask, np.eye(2))
        assert not made.mask.flags.writeable


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        ({"0/kernel": np.ones((6, 5), "u1")}, "mask of '0/kernel' as bool of shape"),
        ({"0/kernel": np.ones((5, 6), bool)}, r"received bool of shape \(5, 6\)"),
        ({"0/nothing": np.ones((5, 6), bool)}, "a mask for '0/nothing', which the model does not"),
        ({"0/kernel": ["texts"]}, "has texts for 'masks/0/kernel', not an array"),
    ],
)
def test_masks_of_a_hostile_file(masks, message, tmp_path, fails):
    path = tmp_path / "model.corereg"
    model = net()
    model.build((None, 6))
    model.save(path)
    config, sections = archive.read(path)
    archive.write(path, config, {**sections, "masks": masks}, required=["weights"])
    fails(lambda: load_model(path), FileFormatError, message)


def test_a_backup_has_masks(tmp_path, monkeypatch):
    """What a training that is interrupted goes on from."""
    x, y = data()

    class Stop(Exception):
        pass

    def run(path, stop_at, model=None):
        model = model or net(optimizer=SGD(0.1, momentum=0.9))

        def end(epoch, logs):
            if epoch == 1 and not pruning.masks(model):
                halve(model)
            if epoch == stop_at:
                raise Stop

        steps = [LambdaCallback(on_epoch_begin=end)]
        if path is not None:
            steps.append(BackupAndRestore(path))
        corereg.set_random_seed(12)
        model.fit(x, y, epochs=4, verbose=0, callbacks=steps)
        return model

    whole = run(None, None)
    with pytest.raises(Stop):
        run(tmp_path, 3)
    (file,) = [p for p in tmp_path.rglob("*") if p.is_file()]
    config, sections = archive.read(file)
    assert set(sections["masks"]) == {"0/kernel", "2/kernel"}
    spoiled = {**sections, "masks": {"0/kernel": np.ones(3, bool)}}
    archive.write(file, config, spoiled, required=list(spoiled))
    model = net(optimizer=SGD(0.1, momentum=0.9))
    before = bits(model)
    with pytest.raises(FileFormatError, match="mask of '0/kernel' as bool"):
        run(tmp_path, None, model)
    assert bits(model) == before
    archive.write(file, config, sections, required=list(sections))
    assert bits(run(tmp_path, None)) == bits(whole)


def test_a_file_for_keras(tmp_path):
    pytest.importorskip("h5py")
    model = net()
    model.build((None, 6))
    halve(model)
    with pytest.raises(ValueError, match="Keras does not have masks, which keep weights at zero"):
        model.save(tmp_path / "m.keras")
    with pytest.warns(UserWarning, match="without what Keras does not have: masks"):
        model.save(tmp_path / "m.keras", portable=True)
    again = load_model(tmp_path / "m.keras")
    assert bits(again) == bits(model)
    assert pruning.freeze_zeros(again) == pruning.freeze_zeros(model)
