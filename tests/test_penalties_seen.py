"""Penalties by name: `penalties()`, and the logs of `compile(log_penalties=True)`."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from small import bits, data, net
from test_callbacks_tensorboard import scalars

import corereg
from corereg import layers, optimizers, regularizers
from corereg.callbacks import BackupAndRestore, Callback, CSVLogger, TensorBoard
from corereg.models import Model, Sequential, load_model
from corereg.progress import ProgressBar

NAMES = [
    "wide/kernel_penalty",
    "wide/bias_penalty",
    "wide/activity_penalty",
    "block/added_penalty",
    "block/inner/kernel_penalty",
    "groups/kernel_penalty",
    "out/kernel_penalty",
]


def square(w):
    return (w * w).sum() * 0.1


class Block(layers.Layer):
    """A layer inside a layer, and a loss that its call adds."""

    recordable = True

    def __init__(self, **options):
        super().__init__(**options)
        self.inner = layers.Dense(4, kernel_regularizer="l1_l2", name="inner")

    def call(self, x):
        y = self.inner(x)
        self.add_loss((y * y).mean() * 0.01)
        return y

    def compute_output_shape(self, shape):
        return (*shape[:-1], 4)


def make(log=True, optimizer=None, kind=Sequential, **options):
    """A model with a penalty of every kind: some in the optimizer's sweep, some in the graph."""
    corereg.set_random_seed(11)
    wide = layers.Dense(
        6,
        "relu",
        name="wide",
        kernel_regularizer="l1",
        bias_regularizer=square,
        activity_regularizer=regularizers.L2(0.01),
    )
    groups = regularizers.ProximalGroupLasso(0.01)
    model = kind(
        [
            corereg.Input((6,)),
            wide,
            Block(name="block"),
            layers.Dense(5, "relu", name="groups", kernel_regularizer=groups),
            layers.Dense(1, name="out", kernel_regularizer=regularizers.ProximalL1(0.01)),
        ]
    )
    options = {"metrics": ["mae"], "log_penalties": log} | options
    model.compile(optimizer or optimizers.Adam(0.01), "mse", **options)
    return model


def train(model, **options):
    x, y = data()
    corereg.set_random_seed(12)
    options = {"epochs": 6, "batch_size": 16, "verbose": 0, "validation_data": (x[:20], y[:20])}
    return model.fit(x, y, **options | options).history


class Looks(Callback):
    """Has every epoch and batch run by itself; stops with an error after so many batches."""

    def __init__(self, stop_after=0):
        self.left = stop_after

    def on_train_batch_end(self, batch, logs=None):
        self.left -= 1
        if self.left == 0:
            raise RuntimeError("stopped")


# ---- the logs ------------------------------------------------------------------------------------


def test_history_has_the_penalty_of_each_layer_and_all_else_as_before():
    plain, model = make(log=False), make()
    before, found = train(plain), train(model)
    assert list(before) == ["loss", "mae", "penalty", "val_loss", "val_mae", "val_penalty"]
    own = {*NAMES, *(f"val_{name}" for name in NAMES)}
    assert {*found} == {*before} | own
    assert {name: found[name] for name in before} == before
    assert bits(model) == bits(plain)
    for prefix in ("", "val_"):
        parts = np.array([found[prefix + name] for name in NAMES])
        assert (parts > 0).all()
        np.testing.assert_allclose(parts.sum(axis=0), found[f"{prefix}penalty"], rtol=1e-12)
    assert model.execution_report()["fit"].mode == "replayed"
    assert model.execution_report()["evaluate"].mode == "replayed"
    # those of weights in a validation are those of the weights as they are then
    for name, value in model.penalties().items():
        assert found[f"val_{name}"][-1] == pytest.approx(value.item(), rel=1e-6)


@pytest.mark.parametrize("change", ["eager", "step by step", "two threads"])
def test_every_way_to_run_gives_the_same_bits(change):
    wanted = train(make())
    corereg.set_num_threads(2 if change == "two threads" else 1)
    try:
        model = make(run_eagerly=change == "eager")
        corereg.set_random_seed(12)
        x, y = data()
        looks = [Looks()] if change == "step by step" else []
        options = {"epochs": 6, "batch_size": 16, "verbose": 0, "callbacks": looks}
        found = model.fit(x, y, validation_data=(x[:20], y[:20]), **options).history
    finally:
        corereg.set_num_threads(0)
    assert found == wanted


def test_the_first_values_are_the_formulas():
    model, (x, y) = make(), data()
    kernel, bias = (w.numpy().astype(np.float64) for w in model.layers[0].weights)
    hidden = np.maximum(x @ kernel + bias, 0)
    inner = model.layers[1].inner.kernel.numpy().astype(np.float64)
    groups = model.layers[2].kernel.numpy().astype(np.float64)
    wanted = {
        "wide/kernel_penalty": 0.01 * abs(kernel).sum(),
        "wide/bias_penalty": 0.0,
        "wide/activity_penalty": 0.01 * (hidden**2).sum() / len(x),
        "block/added_penalty": 0.01 * ((hidden @ inner) ** 2).mean(),
        "block/inner/kernel_penalty": 0.01 * abs(inner).sum() + 0.01 * (inner**2).sum(),
        "groups/kernel_penalty": 0.01 * 5**0.5 * np.linalg.norm(groups, axis=1).sum(),
        "out/kernel_penalty": 0.01 * abs(model.layers[3].kernel.numpy()).sum(),
    }
    tested = model.evaluate(x, y, verbose=0, batch_size=len(x), return_dict=True)
    trained = model.train_on_batch(x, y, return_dict=True)
    for found in (tested, trained):
        assert [name for name in found if "/" in name] == NAMES
        assert {name: found[name] for name in NAMES} == pytest.approx(wanted, rel=1e-5)


def test_lists_that_are_returned_stay_keras():
    x, y = data()
    plain, model = make(log=False), make()
    for one in (plain, model):
        one.evaluate(x, y, verbose=0)
    assert model.evaluate(x, y, verbose=0) == plain.evaluate(x, y, verbose=0)
    assert model.test_on_batch(x, y) == plain.test_on_batch(x, y)
    for _ in range(3):  # the third one is repeated without checks of the form
        assert model.train_on_batch(x, y) == plain.train_on_batch(x, y)
    assert {*model.train_on_batch(x, y, return_dict=True)} == {"loss", "penalty", "mae", *NAMES}
    assert {*model.test_on_batch(x, y, return_dict=True)} == {"loss", "penalty", "mae", *NAMES}


def test_it_is_asked_for_and_not_at_any_time():
    model, (x, y) = make(log=False), data()
    options = {"epochs": 3, "verbose": 0}
    assert not any("/" in name for name in model.fit(x, y, **options).history)
    model.log_penalties = True
    assert {*NAMES} <= {*model.fit(x, y, **options).history}
    model.layers[3].kernel_regularizer = None
    model.layers[0].trainable = False
    left = ["wide/activity_penalty", *NAMES[3:6]]
    found = model.fit(x, y, **options, validation_data=(x, y)).history
    assert [name for name in NAMES if name in found] == left
    assert [name for name in NAMES if f"val_{name}" in found] == left
    model.log_penalties = False
    assert not any("/" in name for name in model.fit(x, y, **options).history)
    assert not any("/" in name for name in model.evaluate(x, y, verbose=0, return_dict=True))


def test_a_model_without_penalties_logs_none():
    model, (x, y) = Sequential([layers.Dense(1)]), data()
    model.compile("sgd", "mse", log_penalties=True)
    assert list(model.fit(x, y, epochs=2, verbose=0).history) == ["loss"]


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: optimizers.SGD(0.01, gradient_accumulation_steps=2),
        lambda: optimizers.Adam(0.01, global_clipnorm=0.1, use_ema=True),
        lambda: optimizers.RMSprop(0.01, loss_scale_factor=8.0),
    ],
)
def test_whatever_stands_around_a_step_they_add_up(optimizer):
    found = train(make(optimizer=optimizer()))
    np.testing.assert_allclose(sum(np.array(found[n]) for n in NAMES), found["penalty"], rtol=1e-12)


def test_weights_of_many_blocks_have_their_own_parts():
    corereg.set_random_seed(0)
    penalties = [None, regularizers.L1(0.1), regularizers.L2(0.1)]
    model = Sequential([corereg.Input((6,))])
    for i, penalty in enumerate(penalties):
        model.add(layers.Dense(1500, kernel_regularizer=penalty, name=f"d{i}"))
        model.add(layers.Dense(6, bias_regularizer=penalty, name=f"e{i}"))
    model.add(layers.Dense(1))
    model.compile("sgd", "mse", log_penalties=True)
    wanted = {name: value.item() for name, value in model.penalties().items()}
    names = ("d1/kernel", "e1/bias", "d2/kernel", "e2/bias")
    assert list(wanted) == [f"{name}_penalty" for name in names]
    found = model.train_on_batch(*data(), return_dict=True)
    assert {name: found[name] for name in wanted} == pytest.approx(wanted, rel=1e-5)


class Own(Sequential):
    """Steps of the general form."""

    recordable = True

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return super().compute_loss(x, y, y_pred, sample_weight, training)


def test_steps_of_ones_own_have_those_of_compute_loss():
    plain = train(make())
    model = make(kind=Own, optimizer=optimizers.Adam(0.01))
    found = train(model)
    assert model.execution_report()["fit"].mode == "replayed"
    for name in NAMES:
        assert found[name] == pytest.approx(plain[name], rel=1e-4)
        assert found[f"val_{name}"] == pytest.approx(plain[f"val_{name}"], rel=1e-4)
    x, y = data()
    assert len(model.evaluate(x, y, verbose=0)) == 2
    model.log_penalties = False
    assert not any("/" in name for name in train(model))


def test_several_outputs_and_models_inside():
    corereg.set_random_seed(3)
    x = corereg.Input((6,))
    part = Sequential([layers.Dense(3, kernel_regularizer="l2", name="in")], name="part")
    outputs = {"a": layers.Dense(1, name="a", kernel_regularizer="l1")(part(x)), "b": part(x)}
    model = Model(x, outputs)
    model.compile("adam", "mse", log_penalties=True)
    x, y = data()
    targets = {"a": y, "b": np.repeat(y, 3, axis=1)}
    found = model.fit(x, targets, epochs=3, verbose=0).history
    names = ["part/in/kernel_penalty", "a/kernel_penalty"]
    assert list(model.penalties()) == names
    assert [name for name in names if name in found] == names
    assert len(model.evaluate(x, targets, verbose=0)) == 3  # loss, a_loss, b_loss


# ---- who gets them -------------------------------------------------------------------------------


def test_files_of_logs_have_them(tmp_path):
    model = make()
    x, y = data()
    path = tmp_path / "log.csv"
    history = model.fit(x, y, epochs=2, verbose=0, callbacks=[CSVLogger(path)]).history
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file))
    for name in NAMES:
        assert [float(row[name]) for row in rows] == history[name]


def test_tensorboard_has_them(tmp_path):
    pytest.importorskip("tensorboard")
    model = make()
    x, y = data()
    history = model.fit(x, y, epochs=2, verbose=0, callbacks=[TensorBoard(tmp_path)]).history
    found = scalars(tmp_path / "train")
    for name in NAMES:
        assert [value for _, value in found[f"epoch_{name}"]] == pytest.approx(history[name])


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_the_progress_bar_shows_them_last_and_drops_them_first(monkeypatch):
    monkeypatch.setenv("COLUMNS", "96")
    logs = {"loss": 0.5, "penalty": 0.1, "dense/kernel_penalty": 0.04, "mae": 0.3}
    logs |= {f"val_{name}": value for name, value in logs.items()}
    stream = Terminal()
    bar = ProgressBar(2, 4, 1, stream)
    bar.begin_epoch(0)
    bar._next_draw = 0.0
    bar.update(2, logs)
    running = stream.getvalue()
    assert "mae: 0.3000" in running
    assert "dense" not in running
    bar.end_epoch(logs)
    last = stream.getvalue()[len(running) :]
    assert max(map(len, last.strip("\r").splitlines())) < 96
    assert last.count("dense/kernel_penalty: 0.0400") == 1  # that of validation is near it
    assert "val_dense" not in last
    assert last.index("val_mae") < last.index("dense/")
    monkeypatch.setenv("COLUMNS", "200")
    stream.truncate(0)
    bar = ProgressBar(None, 4, 1, stream)
    bar.end_epoch({"loss": 0.5, "late_penalty": 2.0, "val_late_penalty": 3.0})  # a metric's name
    assert "val_late_penalty: 3.0000" in stream.getvalue()


@pytest.mark.parametrize("kind", [Sequential, Own])
def test_a_test_within_an_epoch_leaves_its_sums_alone(kind):
    class Tests(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.evaluate(*data(), verbose=0)

    x, y = data()
    histories = []
    for callback in (Tests(), Looks()):
        model = make(kind=kind)
        corereg.set_random_seed(12)
        options = {"epochs": 3, "batch_size": 16, "verbose": 0}
        histories.append(model.fit(x, y, callbacks=[callback], **options).history)
    assert histories[0] == histories[1]


def test_a_training_that_crashed_goes_on_within_an_epoch(tmp_path):
    x, y = data()
    options = {"epochs": 3, "batch_size": 16, "verbose": 0}
    backup = BackupAndRestore(tmp_path, save_freq=3)

    def run(*callbacks):
        model = make()
        corereg.set_random_seed(12)
        return model.fit(x, y, callbacks=[*callbacks], **options).history

    wanted = run(Looks())
    with pytest.raises(RuntimeError, match="stopped"):
        run(backup, Looks(stop_after=7))
    assert run(backup, Looks()) == wanted


def test_a_saved_model_goes_on_logging(tmp_path):
    x, y = data()
    for log in (True, False):
        model = net(log_penalties=log)
        model.fit(x, y, epochs=1, verbose=0)
        model.save(tmp_path / "m.corereg")
        loaded = load_model(tmp_path / "m.corereg")
        assert loaded.log_penalties is log
        found = loaded.evaluate(x, y, verbose=0, return_dict=True)
        assert any("/kernel_penalty" in name for name in found) == log


# ---- penalties() ---------------------------------------------------------------------------------


def test_penalties_are_the_losses_by_name():
    model, (x, _) = make(log=False), data()
    assert list(model.penalties()) == [n for n in NAMES if "activity" not in n and "add" not in n]
    model(x)
    found = model.penalties()
    assert list(found) == NAMES
    assert [v.item() for v in found.values()] == [v.item() for v in model.losses]
    assert isinstance(model.losses, list)
    assert list(model.layers[1].penalties()) == ["added_penalty", "inner/kernel_penalty"]
    sum(found.values()).backward()
    assert model.layers[0].kernel.grad is not None


def test_penalties_of_one_name_are_added_up_and_of_two_layers_are_not():
    class Twice(layers.Layer):
        def __init__(self):
            super().__init__(name="twice")
            self.parts = [layers.Dense(2, name="d", kernel_regularizer="l1") for _ in range(2)]
            self.shared = layers.ActivityRegularization(l1=0.1, name="s")

        def call(self, x):
            return self.shared(self.shared(self.parts[0](x)) + self.parts[1](x))

    one = Twice()
    one(np.ones((2, 3), np.float32))
    names = ["d/kernel_penalty", "d_1/kernel_penalty", "s/activity_penalty"]
    assert list(one.penalties()) == names
    assert len(one.losses) == 4
    total = sum(value.item() for value in one.losses)
    assert sum(v.item() for v in one.penalties().values()) == pytest.approx(total, rel=1e-6)


def test_nothing_has_no_penalties():
    assert net().layers[1].penalties() == {}


# ---- beside them ---------------------------------------------------------------------------------


def test_lazy_steps_keep_the_proximal_stage_of_other_weights():
    results = []
    for lazy in (False, True):
        corereg.set_random_seed(0)
        model = Sequential([corereg.Input((3,), dtype="int32"), layers.Embedding(9, 4)])
        model.add(layers.GlobalAveragePooling1D())
        model.add(layers.Dense(8, kernel_regularizer=regularizers.ProximalL1(0.5)))
        model.compile(optimizers.Adam(0.05, lazy=lazy), "mse", log_penalties=True)
        x = np.random.default_rng(0).integers(0, 9, (64, 3))
        found = model.fit(x, np.zeros((64, 8)), epochs=5, verbose=0).history
        assert found["penalty"] == found[f"{model.layers[2].name}/kernel_penalty"]
        results.append(((model.layers[2].kernel.numpy() == 0).mean(), found["penalty"]))
    (zeros, values), (lazy_zeros, lazy_values) = results
    assert zeros > 0.5
    assert lazy_zeros > 0.5
    assert lazy_values == pytest.approx(values, rel=0.2)
