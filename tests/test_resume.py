"""Training that stops and goes on equals training in one go, to the bit: in the same process, from
a file, and from a backup."""

from __future__ import annotations

import copy
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import resumable

import corereg
from corereg import layers
from corereg.callbacks import BackupAndRestore, Callback, CallbackList, SwapEMAWeights
from corereg.optimizers import SGD, Adam
from corereg.saving import FileFormatError, archive, custom_object_scope, load_model

TESTS = Path(__file__).parent


@pytest.fixture(autouse=True)
def _restored_floatx():
    before = corereg.config.floatx()
    yield
    corereg.config.set_floatx(before)


def everything(model):
    order = model._trainer.row_order
    return [
        *(w.tobytes() for w in model.get_weights()),
        *(a.tobytes() for a in model.optimizer.state),
        *(str(layer.random_state) for layer in model.layers),
        *(model.optimizer.steps, float(model.optimizer.learning_rate)),
        *(order.seed.item(), order.passes.item(), order.unfinished),
    ]


def history(*models):
    """The histories of trainings, one after the other."""
    found = {}
    for one in models:
        for name, values in one.items():
            found.setdefault(name, []).extend(values)
    return {name: np.array(values).tolist() for name, values in found.items()}


def trained(path, seed, in_file):
    """The model of a seed, trained for 8 epochs: in one go, or in two from a file or without."""
    model, options = resumable.build(seed)
    if path is None:
        return model, history(model.fit(**options).history)
    first = model.fit(**options | {"epochs": 3}).history
    if in_file:
        model.save(path)
        with custom_object_scope({"Noise": resumable.Noise}):
            model = load_model(path)
    second = model.fit(**options, initial_epoch=3).history
    return model, history(first, second)


@pytest.mark.parametrize("seed", range(9))
def test_two_fits_and_a_file_between_equal_one_fit(seed, tmp_path):
    expected, logs = trained(None, seed, False)
    for in_file in (False, True):
        model, received = trained(tmp_path / "model.corereg", seed, in_file)
        assert received == logs
        assert everything(model) == everything(expected)


def data(rows=20):
    x = np.random.default_rng(0).normal(size=(rows, 3)).astype("f4")
    return x, x.sum(axis=1, keepdims=True)


def net(optimizer=None):
    corereg.set_random_seed(3)
    model = corereg.Sequential(
        [corereg.Input((3,)), layers.Dense(4, "relu"), layers.Dropout(0.3), layers.Dense(1)]
    )
    model.compile(optimizer or Adam(0.01), "mse", metrics=["mae"])
    return model


def test_a_new_process_goes_on(tmp_path):
    expected, logs = trained(None, 6, False)
    model, options = resumable.build(6)
    first = model.fit(**options | {"epochs": 3}).history
    model.save(tmp_path / "model.corereg")
    code = f"""
import sys; sys.path.insert(0, {str(TESTS)!r})
import json, pathlib, resumable, corereg
_, options = resumable.build(6)
corereg.set_random_seed(12345)
with corereg.saving.custom_object_scope({{"Noise": resumable.Noise}}):
    model = corereg.saving.load_model({str(tmp_path / "model.corereg")!r})
logs = model.fit(**options, initial_epoch=3).history
print(json.dumps(logs))
print(json.dumps(resumable.result(model, [], pathlib.Path("missing"))))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    import json

    second, found = map(json.loads, ran.stdout.splitlines()[-2:])
    assert history(first, second) == logs
    names = ("weights", "optimizer", "rate", "passes")
    wanted = resumable.result(expected, [], tmp_path / "missing")
    assert {name: found[name] for name in names} == {name: wanted[name] for name in names}


def test_a_seed_generator_goes_on(tmp_path):
    class Keeps(layers.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.own = corereg.random.SeedGenerator(1)
            self.more = [corereg.random.SeedGenerator(2)]
            self.named = {"a": corereg.random.SeedGenerator(3)}

        def call(self, x):
            return x

    model = corereg.Sequential([corereg.Input((2,)), Keeps()])
    model.compile("sgd", "mse")
    owner = model.layers[-1]
    seeds = [owner.own, owner.more[0], owner.named["a"]]
    for n, one in enumerate(seeds, 1):
        for _ in range(n):
            one.next()
    model.save(tmp_path / "m.corereg")
    with custom_object_scope({"Keeps": Keeps}):
        loaded = load_model(tmp_path / "m.corereg").layers[-1]
    others = [loaded.own, loaded.more[0], loaded.named["a"]]
    assert [one.next() for one in others] == [one.next() for one in seeds]
    with pytest.raises(ValueError, match="expected a key and a count"):
        seeds[0].random_state = np.zeros(3)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("row_order/unfinished", np.zeros(2, np.int64)),
        ("row_order/unfinished", np.array([20, -5, 1])),
        ("row_order/unfinished", np.zeros(3)),
        ("row_order/passes", np.array([-1])),
        ("row_order/seed", np.zeros(1)),
        ("seeds/0/seeds", np.zeros(2)),
        ("unaveraged/1", np.zeros(2)),
    ],
)
def test_files_of_what_cannot_be_are_refused(name, value, tmp_path):
    path = tmp_path / "m.corereg"
    model = corereg.Sequential([corereg.Input((3,)), resumable.Noise(), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.save(path)
    config, sections = archive.read(path)
    assert [one for one in sections["training"] if one.startswith("seeds")] == ["seeds/0/seeds"]
    sections["training"][name] = value
    archive.write(path, config, sections, required=["weights"])
    with (
        custom_object_scope({"Noise": resumable.Noise}),
        pytest.raises(FileFormatError, match=r"m.corereg'"),
    ):
        load_model(path)


def test_files_of_older_versions_begin_anew_with_what_they_lack(tmp_path):
    path = tmp_path / "m.corereg"
    x, y = data()
    model = net(Adam(0.01, use_ema=True))
    model.fit(x, y, batch_size=6, steps_per_epoch=3, verbose=0)
    model.save(path)
    config, sections = archive.read(path)
    new = [one for one in sections["training"] if one.startswith(("unav", "row_order/unf"))]
    assert len(new) == 5
    for name in new:
        del sections["training"][name]
    archive.write(path, config, sections, required=["weights"])
    loaded = load_model(path)
    loaded.fit(x, y, epochs=2, initial_epoch=1, verbose=0)
    assert loaded._trainer.row_order.passes == 2


def test_a_fit_goes_on_only_where_the_data_are_as_they_were():
    x, y = data(20)
    model = net(SGD(0.01))
    model.fit(x, y, batch_size=6, steps_per_epoch=3, verbose=0)
    for options, passes in (
        ({"shuffle": False, "initial_epoch": 1, "epochs": 2}, 1),
        ({"epochs": 1}, 2),
        ({"initial_epoch": 1, "epochs": 2}, 1),  # it goes on within the pass
    ):
        one = copy.deepcopy(model)
        one.fit(x, y, batch_size=6, steps_per_epoch=1, verbose=0, **options)
        assert one._trainer.row_order.passes == passes


def test_averages_end_a_fit_and_the_trained_weights_go_on():
    x, y = data()
    model = net(Adam(0.01, use_ema=True, ema_momentum=0.9))
    model.fit(x, y, epochs=2, verbose=0)
    averages = model.get_weights()
    twin = copy.deepcopy(model)
    twin.fit(x, y, epochs=2, initial_epoch=2, verbose=0)  # no epochs
    assert [w.tobytes() for w in twin.get_weights()] == [w.tobytes() for w in averages]
    for change in (False, True):  # weights that somebody has set are those to go on from
        one = copy.deepcopy(model)
        if change:
            one.set_weights([w + 1 for w in averages])
        seen = []
        watch = corereg.callbacks.LambdaCallback(
            on_train_begin=lambda logs, one=one, seen=seen: seen.append(one.get_weights()[0])
        )
        one.fit(x, y, epochs=3, initial_epoch=2, verbose=0, callbacks=[watch])
        assert np.array_equal(seen[0], averages[0] + change) == change
    model.fit(x, y, epochs=1, verbose=0, callbacks=[seen_first := FirstWeights()])
    assert np.array_equal(seen_first.weights, averages[0])  # as in Keras, from the first epoch


class FirstWeights(Callback):
    def on_train_begin(self, logs=None):
        self.weights = self.model.get_weights()[0]


def test_averages_swapped_at_each_epoch_go_on(tmp_path):
    x, y = data()

    def swapped(**options):
        model = options.pop("model", None) or net(Adam(0.01, use_ema=True))
        model.fit(x, y, verbose=0, callbacks=[SwapEMAWeights(swap_on_epoch=True)], **options)
        return model

    expected, model = swapped(epochs=4), swapped(epochs=2)
    model.save(tmp_path / "m.corereg")
    model = swapped(model=load_model(tmp_path / "m.corereg"), epochs=4, initial_epoch=2)
    assert everything(model) == everything(expected)


def test_other_data_and_batch_sizes_go_on_with_the_next_pass():
    x, y = data(20)
    model = net(SGD(0.01))
    model.fit(x, y, batch_size=6, epochs=3, steps_per_epoch=3, verbose=0)
    assert model._trainer.row_order.unfinished == (20, 6, 1)
    assert model._trainer.row_order.passes == 3
    model.fit(x[:10], y[:10], epochs=4, initial_epoch=3, verbose=0)
    assert model._trainer.row_order.unfinished is None
    assert model._trainer.row_order.passes == 4


# ---- BackupAndRestore ----------------------------------------------------------------------------


class Crash(Exception):
    pass


class CrashAt(Callback):
    """Ends the training before its n-th batch, counted from 1."""

    def __init__(self, batches):
        self.left = batches

    def on_train_batch_begin(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            raise Crash


def crashed(seed, folder, batches, **backup):
    """The results of a training left alone, and of one that crashed twice and went on."""
    found = []
    for name, crashes in (("alone", [0]), ("crashed", [batches, batches // 2 + 1, 0])):
        own = folder / name
        own.mkdir()
        for at in crashes:
            model, options = resumable.build(seed)
            used = resumable.more_callbacks(seed, own, model)
            keeper = BackupAndRestore(own / "backup", **backup)
            given = [keeper, *used, CrashAt(at)]
            try:
                model.fit(**options, callbacks=given)
            except Crash:
                assert at
        found.append(resumable.result(model, used, own))
        assert not (own / "backup").exists()
    return found


@pytest.mark.parametrize("seed", range(100, 106))
def test_a_training_that_crashed_ends_like_one_left_alone(seed, tmp_path):
    alone, received = crashed(seed, tmp_path, 5 + seed % 9, save_freq=("epoch", 2, 5)[seed % 3])
    assert received == alone


def crash(folder, batches, **options):
    x, y = data()
    model = net()
    with pytest.raises(Crash):
        model.fit(
            *(x, y), batch_size=5, epochs=4, verbose=0,
            callbacks=[BackupAndRestore(folder, **options), CrashAt(batches)],
        )  # fmt: skip


def go_on(folder, x=None, y=None, model=None, **options):
    own_x, own_y = data()
    model = model or net()
    model.fit(
        own_x if x is None else x, own_y if y is None else y,
        batch_size=5, epochs=4, verbose=0, callbacks=[BackupAndRestore(folder, **options)],
    )  # fmt: skip
    return model


def test_a_damaged_backup_is_told_and_the_one_before_used(tmp_path):
    expected = go_on(tmp_path / "other")
    folder = tmp_path / "backup"
    crash(folder, 14, double_checkpoint=True)
    last = folder / "last.backup"
    last.write_bytes(last.read_bytes()[:-100])
    with pytest.warns(UserWarning, match=r"last backup cannot be read .* one before"):
        model = go_on(folder, double_checkpoint=True, delete_checkpoint=False)
    assert everything(model) == everything(expected)
    assert model.history.epoch == [0, 1, 2, 3]
    assert sorted(path.name for path in folder.iterdir()) == ["before.backup", "last.backup"]
    for path in folder.iterdir():
        path.write_bytes(b"x")
    with (
        pytest.warns(UserWarning, match="cannot be read"),
        pytest.raises(FileFormatError, match=r"cannot be read .* delete .* to begin anew"),
    ):
        go_on(folder)


def test_a_damaged_backup_does_not_replace_the_one_before(tmp_path):
    folder = tmp_path / "backup"
    crash(folder, 14, double_checkpoint=True)
    good = (folder / "before.backup").read_bytes()
    (folder / "last.backup").write_bytes(b"x")
    seen = []

    class Look(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append((folder / "before.backup").read_bytes())

    x, y = data()
    keep = BackupAndRestore(folder, double_checkpoint=True)
    with pytest.warns(UserWarning, match="cannot be read"):
        net().fit(x, y, batch_size=5, epochs=4, verbose=0, callbacks=[keep, Look()])
    assert seen[1] == good


def test_a_finished_training_is_not_repeated(tmp_path):
    first = go_on(tmp_path, delete_checkpoint=False)
    again = go_on(tmp_path, delete_checkpoint=False)
    assert everything(again) == everything(first)
    assert again.history.history == first.history.history


def test_a_training_that_was_stopped_stays_stopped(tmp_path):
    class Stop(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 1

    x, y = data()
    for _ in range(2):
        keep = BackupAndRestore(tmp_path, delete_checkpoint=False)
        model = net()
        model.fit(x, y, epochs=4, verbose=0, callbacks=[keep, Stop()])
        assert model.history.epoch == [0, 1]
        assert model.optimizer.iterations == 2


def test_other_models_and_data_are_refused(tmp_path):
    crash(tmp_path, 7, save_freq=1)
    x, y = data(30)
    with pytest.raises(ValueError, match="within epoch 2 after 2 batches; the rows received are"):
        go_on(tmp_path, x, y)
    other = corereg.Sequential([corereg.Input((3,)), layers.Dense(1)])
    other.compile("adam", "mse")
    with pytest.raises(FileFormatError, match=r"BackupAndRestore: .* does not fit the model"):
        go_on(tmp_path, model=other)
    model = net()
    model.save(tmp_path / "last.backup")
    with pytest.raises(FileFormatError, match="is no backup of a training"):
        go_on(tmp_path)


class Batches:
    """A data set of batches by index."""

    def __len__(self):
        return 4

    def __getitem__(self, i):
        x, y = data()
        return x[5 * i : 5 * i + 5], y[5 * i : 5 * i + 5]


def fitted(batches, folder, frequency, crash_at=0):
    """A model trained on batches with backups in a folder, up to the batch of a crash, if any."""
    model = net()
    keep = BackupAndRestore(folder, save_freq=frequency)
    try:
        model.fit(batches, epochs=3, verbose=0, callbacks=[keep, CrashAt(crash_at)])
    except Crash:
        assert crash_at
    return model


def test_a_data_set_of_batches_goes_on_within_an_epoch(tmp_path):
    expected = fitted(Batches(), tmp_path, 1)
    fitted(Batches(), tmp_path, 1, crash_at=7)
    assert everything(fitted(Batches(), tmp_path, 1)) == everything(expected)


class Augmented(Batches):
    """Adds what the global generators of corereg, NumPy and Python give."""

    def __getitem__(self, i):
        x, y = super().__getitem__(i)
        x = x + np.random.standard_normal(x.shape).astype("f4")  # noqa: NPY002
        return x + corereg.random.normal(x.shape).numpy(), y * random.random()


@pytest.mark.parametrize("frequency", ["epoch", 1, 3])
def test_augmentation_by_global_generators_goes_on(frequency, tmp_path):
    expected = fitted(Augmented(), tmp_path, frequency)
    for batches in (5, 7, 8):
        fitted(Augmented(), tmp_path, frequency, crash_at=batches)
        assert everything(fitted(Augmented(), tmp_path, frequency)) == everything(expected)


def test_what_a_callback_froze_stays_frozen(tmp_path):
    class FreezeOnce(Callback):
        def on_epoch_end(self, epoch, logs=None):
            if epoch == 0:
                self.model.layers[0].trainable = False
                self.model.layers[1].trainable = False

    def frozen():
        corereg.set_random_seed(3)
        parts = [layers.Dense(4, "relu"), layers.BatchNormalization(), layers.Dense(1)]
        model = corereg.Sequential([corereg.Input((3,)), *parts])
        model.compile("adam", "mse")
        return model

    def fit(crash_at):
        model = frozen()
        given = [BackupAndRestore(tmp_path), FreezeOnce(), CrashAt(crash_at)]
        try:
            model.fit(*data(), batch_size=5, epochs=3, verbose=0, callbacks=given)
        except Crash:
            assert crash_at
        return model

    expected = fit(0)
    fit(6)
    found = fit(0)
    assert everything(found) == everything(expected)
    assert [layer.trainable for layer in found.layers] == [False, False, True]
    assert found.trainable
    assert len(found.trainable_weights) == 2


def test_loops_of_ones_own_are_told(tmp_path):
    with pytest.raises(RuntimeError, match="expected to be called by fit"):
        CallbackList(BackupAndRestore(tmp_path), model=net()).on_train_begin()


def test_own_steps_go_on_within_an_epoch(tmp_path):
    class Own(corereg.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)
            self.total = corereg.metrics.Mean(name="total")

        def call(self, x):
            return self.dense(x)

        def train_step(self, batch):
            logs = super().train_step(batch)
            self.total.update_state(logs["loss"])
            return {**logs, "total": self.total.result()}

        @property
        def metrics(self):
            return [*super().metrics, self.total]

    x, y = data()
    found = []
    for crashes in ([0], [7, 0]):
        for at in crashes:
            corereg.set_random_seed(1)
            model = Own()
            model.compile("adam", "mse", metrics=["mae"])
            keep = BackupAndRestore(tmp_path, save_freq=2)
            try:
                model.fit(*(x, y), batch_size=5, epochs=3, verbose=0, callbacks=[keep, CrashAt(at)])
            except Crash:
                assert at
        found.append([everything(model), model.history.history])
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"backup_dir": ""}, ValueError),
        ({"backup_dir": None}, ValueError),
        ({"backup_dir": 3}, TypeError),
        ({"backup_dir": "a", "save_freq": "batch"}, ValueError),
        ({"backup_dir": "a", "save_freq": 1.5}, ValueError),
        ({"backup_dir": "a", "save_freq": 0}, ValueError),
        ({"backup_dir": "a", "save_freq": -1}, ValueError),
    ],
)
def test_arguments_that_cannot_be(options, error):
    with pytest.raises(error):
        BackupAndRestore(**options)


def test_without_a_frequency_nothing_is_written(tmp_path):
    keep = BackupAndRestore(tmp_path / "backup", save_freq=False)
    x, y = data()
    net().fit(x, y, verbose=0, callbacks=[keep])
    assert not (tmp_path / "backup").exists()
    assert not keep._observes("on_train_batch_end")
    assert BackupAndRestore(tmp_path, 2)._observes("on_train_batch_end")
