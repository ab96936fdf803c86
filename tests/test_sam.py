"""SAM: steps by the gradient at the worst point near by."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path

import numpy as np
import pytest
from small import bits, data, fit, net

import corereg
from corereg import _kernels, layers, losses, optimizers, random, regularizers
from corereg.callbacks import BackupAndRestore, Callback, ReduceLROnPlateau
from corereg.models import load_model
from corereg.optimizers import SAM, SGD, Adam, AdamW, Nadam, schedules


def plain(optimizer, dtype="float64", l2=0.0, eagerly=False):
    corereg.set_random_seed(5)
    kernel = regularizers.L2(l2) if l2 else None
    model = corereg.Sequential(
        [
            layers.Input((6,), dtype=dtype),
            layers.Dense(5, "tanh", kernel_regularizer=kernel, dtype=dtype),
            layers.Dense(1, dtype=dtype),
        ]
    )
    model.compile(optimizer, "mse", run_eagerly=eagerly)
    return model


def gradients(weights, x, y):
    """Those of the mean squared error, by hand."""
    w, b, v, c = weights
    h = np.tanh(x @ w + b)
    d = 2 * (h @ v + c - y) / len(x)
    dh = d @ v.T * (1 - h * h)
    return [x.T @ dh, dh.sum(axis=0), h.T @ d, d.sum(axis=0)]


def moved(weights, g, rho, adaptive, eta):
    scales = [np.abs(w) + eta if adaptive else np.ones_like(w) for w in weights]
    norm = np.sqrt(sum(((s * one) ** 2).sum() for s, one in zip(scales, g, strict=True)))
    moves = zip(weights, scales, g, strict=True)
    return [w + rho * s * s * one / (norm + 1e-12) for w, s, one in moves]


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("l2", [0.0, 0.1])
@pytest.mark.parametrize("eagerly", [False, True])
def test_steps_are_those_of_the_formula(adaptive, l2, eagerly):
    x, y = data(dtype="float64")
    model = plain(SAM(SGD(0.1, momentum=0.9), 0.2, adaptive, 0.03), l2=l2, eagerly=eagerly)
    weights = model.get_weights()
    momentums = [np.zeros_like(w) for w in weights]
    model.fit(x, y, batch_size=len(x), epochs=6, shuffle=False, verbose=0)
    for _ in range(6):
        first = gradients(weights, x, y)
        second = gradients(moved(weights, first, 0.2, adaptive, 0.03), x, y)
        second[0] = second[0] + 2 * l2 * weights[0]  # of the weights as they are
        momentums = [0.9 * m - 0.1 * g for m, g in zip(momentums, second, strict=True)]
        weights = [w + m for w, m in zip(weights, momentums, strict=True)]
    for w, wanted in zip(model.get_weights(), weights, strict=True):
        assert np.allclose(w, wanted, rtol=1e-9, atol=1e-12)


def test_a_radius_of_zero_is_base_alone():
    x, y = data(dtype="float64")
    one, other = plain(SAM(Adam(0.01), 0.0)), plain(Adam(0.01))
    assert fit(one, x, y, epochs=3) == fit(other, x, y, epochs=3)
    assert bits(one) == bits(other)


# ---- replayed, for any number of threads ---------------------------------------------------------


def rich(optimizer, eagerly, dtype="float32"):
    """A model with all that two passes could do twice."""
    corereg.set_random_seed(7)
    model = corereg.Sequential(
        [
            layers.Input((6,), dtype=dtype),
            layers.Dense(40, "relu", kernel_regularizer="l1_l2", dtype=dtype),
            layers.Dropout(0.3, dtype=dtype),
            layers.BatchNormalization(dtype=dtype),
            layers.GaussianNoise(0.1, dtype=dtype),
            layers.Dense(30, "tanh", activity_regularizer="l2", dtype=dtype),
            layers.BatchNormalization(renorm=True, dtype=dtype),
            layers.AlphaDropout(0.2, dtype=dtype),
            layers.Dense(4, kernel_regularizer="orthogonal", dtype=dtype),
            layers.Dense(4, "tanh", trainable=False, dtype=dtype),
            layers.Dense(3, "softmax", kernel_constraint="max_norm", dtype=dtype),
        ]
    )
    model.compile(
        optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], run_eagerly=eagerly
    )
    return model


BASES = {
    "sgd": lambda: SAM(SGD(0.05, momentum=0.9, clipnorm=0.5)),
    "adam": lambda: SAM("adam", 0.1, True),
    "adamw": lambda: SAM(AdamW(0.01, weight_decay=0.1, global_clipnorm=0.3), 0.3),
    "ema": lambda: SAM(Adam(0.01, use_ema=True, ema_overwrite_frequency=5)),
    "accumulated": lambda: SAM(Adam(0.01, gradient_accumulation_steps=2, loss_scale_factor=8.0)),
    "scheduled": lambda: SAM(Nadam(schedules.CosineDecay(0.01, 20))),
    "function": lambda: SAM(SGD(lambda step: 0.1 / (step + 1))),
}


def everything(model, history):
    states = [a.tobytes() for a in model.optimizer.state]
    drawn = [str(layer.random_state) for layer in model.layers]
    return history, bits(model), states, model.optimizer.iterations, drawn


@pytest.mark.parametrize(
    ("base", "dtype"), [*((base, "float32") for base in BASES), ("adam", "float64")]
)
def test_replayed_is_eager(base, dtype):
    x, y = data(3)
    found = []
    for eagerly in (True, False):
        model = rich(BASES[base](), eagerly, dtype)
        options = {"batch_size": 25, "epochs": 4}
        found.append(everything(model, fit(model, x, y, **options)))
        assert model.execution_report()["fit"].mode == ("eager" if eagerly else "replayed")
    assert found[0] == found[1]
    assert np.isfinite(found[0][0]["loss"]).all()


def test_any_number_of_threads():
    corereg.set_random_seed(1)
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((256, 100)).astype("float32"), rng.integers(0, 3, 256)
    found = []
    for threads in (1, 2):
        corereg.set_random_seed(7)
        stack = [layers.Input((100,)), layers.Dense(150, "relu"), layers.Dropout(0.3)]
        model = corereg.Sequential([*stack, layers.BatchNormalization(), layers.Dense(3)])
        loss = losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(SAM("adam", 0.2), loss)
        before = corereg.get_num_threads()
        corereg.set_num_threads(threads)
        try:
            history = fit(model, x, y, batch_size=64, epochs=6)
        finally:
            corereg.set_num_threads(before)
        found.append((history, bits(model)))
    assert found[0] == found[1]


# ---- what two passes do once ---------------------------------------------------------------------


class Draws(layers.Layer):
    """Keeps what its SeedGenerator gave in each call."""

    def __init__(self):
        super().__init__()
        self.seeds, self.seen = random.SeedGenerator(3), []

    def call(self, x, training=False):
        if not training:
            return x
        drawn = random.normal(x.shape, dtype=x.dtype, seed=self.seeds)
        self.seen.append(drawn.numpy().copy())
        again = random.uniform(x.shape, dtype=x.dtype, seed=self.seeds)
        self.seen.append(again.numpy().copy())
        return x + drawn * again


@pytest.mark.filterwarnings("ignore::corereg.PerformanceWarning")
def test_both_passes_draw_the_same():
    x, y = data()
    layer = Draws()
    model = corereg.Sequential([layers.Input((6,)), layer, layers.Dense(1)])
    model.compile(SAM("sgd"), "mse", run_eagerly=True)
    for _ in range(2):
        model.train_on_batch(x, y)
    seen = [a.tobytes() for a in layer.seen]
    assert seen[:2] == seen[2:4]
    assert seen[4:6] == seen[6:8]
    assert len(set(seen)) == 4
    assert layer.seeds.random_state[1] == 4


def test_layers_count_their_draws_where_steps_are_told():
    for path in Path(layers.__file__).parent.rglob("*.py"):
        told = "use count_draw(self._drawn), so that both passes of a step draw the same"
        assert "increment(self._drawn)" not in path.read_text(), f"{path}: {told}"


def test_moving_averages_move_once():
    x, y = data(3)
    still = [SAM(SGD(0.0), 0.5), SGD(0.0)]
    models = [rich(one, False) for one in still]
    histories = [fit(one, x, y, epochs=3, batch_size=25) for one in models]
    assert bits(models[0]) == bits(models[1])  # moving averages among them
    assert histories[0] == histories[1]  # of the weights as they are


def test_a_layer_called_twice_draws_twice():
    source = layers.Input((6,))
    drop = layers.Dropout(0.5, seed=1)
    model = corereg.Model(source, layers.Dense(1)(drop(source) + drop(source)))
    model.compile(SAM("sgd", 0.0), "mse")
    twin_drop = layers.Dropout(0.5, seed=1)
    twin = corereg.Model(source, layers.Dense(1)(twin_drop(source) + twin_drop(source)))
    twin.compile("sgd", "mse")
    twin.set_weights(model.get_weights())
    x, y = data()
    assert fit(model, x, y, epochs=3, shuffle=False) == fit(twin, x, y, epochs=3, shuffle=False)
    assert bits(model) == bits(twin)
    assert str(drop.random_state) == str(twin_drop.random_state)


def test_an_error_in_the_second_pass_leaves_the_weights():
    x, y = data()

    class Once(layers.Layer):
        calls = 0

        def call(self, x):
            Once.calls += 1
            if Once.calls == 2:
                raise KeyboardInterrupt
            return x * 1

        def compute_output_shape(self, input_shape):
            return input_shape

    once = Once()
    model = corereg.Sequential([layers.Input((6,)), layers.Dense(1), once])
    model.compile(SAM("sgd", 5.0), "mse", run_eagerly=True)
    before, Once.calls = bits(model), 0
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, verbose=0)
    assert bits(model) == before
    fit(model, x, y)
    assert bits(model) != before


# ---- steps of one's own --------------------------------------------------------------------------


def loop_of_ones_own(way, dtype="float64"):
    x, y = data(dtype=dtype)
    model = plain(None, dtype)
    optimizer = SAM(SGD(0.1, momentum=0.9), 0.2)
    optimizer.build(model.trainable_weights)
    loss_function = losses.MeanSquaredError()

    def closure():
        loss = loss_function(y, model(x, training=True))
        loss.backward()
        return loss

    def step():
        if way == "recorded closure":
            return optimizer.step(closure)
        loss = closure()
        optimizer.first_step(zero_grad=True)
        closure()
        optimizer.second_step(zero_grad=True)
        return loss

    run = step if way == "halves" else corereg.record(step)
    return model, [float(run().numpy()) for _ in range(5)]


@pytest.mark.parametrize("way", ["recorded closure", "halves", "recorded halves"])
def test_loops_of_ones_own(way):
    x, y = data(dtype="float64")
    model, found = loop_of_ones_own(way)
    twin = plain(SAM(SGD(0.1, momentum=0.9), 0.2))
    wanted = fit(twin, x, y, epochs=5, batch_size=len(x), shuffle=False)["loss"]
    assert found == wanted
    assert bits(model) == bits(twin)


def test_closures_draw_the_same_masks_twice():
    x, y = data()
    model, twin = net(optimizer=SAM("sgd", 0.1), dropout=0.5), net(dropout=0.5)
    twin.set_weights(model.get_weights())
    optimizer = SAM("sgd", 0.1)
    optimizer.build(twin.weights)
    for layer in (model.layers[1], twin.layers[1]):
        layer.random_state = np.array([5, 0], np.uint64)
    for layer in twin.layers[:1]:
        layer.kernel_regularizer = None
    for layer in model.layers[:1]:
        layer.kernel_regularizer = None

    def closure():
        loss = losses.MeanSquaredError()(y, twin(x, training=True))
        loss.backward()
        return loss

    for _ in range(3):
        model.train_on_batch(x, y)
        optimizer.step(closure)
    assert bits(model) == bits(twin)
    assert str(model.layers[1].random_state) == str(twin.layers[1].random_state)


class Twice(corereg.Model):
    """Doubles the loss by a `compute_loss` of its own."""

    def __init__(self):
        super().__init__()
        self.inner, self.out = layers.Dense(5, "tanh"), layers.Dense(1, name="out")

    def call(self, x):
        return self.out(self.inner(x))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return 2 * super().compute_loss(x, y, y_pred, sample_weight, training)


def test_models_with_steps_of_their_own():
    x, y = data()
    found = []
    for eagerly in (False, True):
        corereg.set_random_seed(5)
        model = Twice()
        model.compile(SAM(SGD(0.05), 0.2), "mse", metrics=["mae"], run_eagerly=eagerly)
        history = fit(model, x, y, epochs=3, batch_size=len(x), shuffle=False)
        found.append((history, bits(model)))
        assert model.execution_report()["fit"].mode == ("eager" if eagerly else "replayed")
    assert found[0] == found[1]
    corereg.set_random_seed(5)
    corereg.set_random_seed(5)
    start = Twice()
    start.build((None, 6))
    twin = plain(SAM(SGD(0.1), 0.2), "float32")
    twin.set_weights(start.get_weights())
    history = fit(twin, x, y, epochs=3, batch_size=len(x), shuffle=False)
    assert np.allclose(2 * np.array(history["loss"]), found[0][0]["loss"], rtol=1e-5)


def test_losses_of_outputs_count_the_first_pass_alone():
    class Summed(corereg.Model):
        def compute_loss(self, *args, **named):
            return super().compute_loss(*args, **named)

    x, y = data()
    histories = []
    for optimizer in (SAM(SGD(0.0), 0.5), SGD(0.0)):
        corereg.set_random_seed(5)
        source = layers.Input((6,))
        ends = [layers.Dense(1, name="a")(source), layers.Dense(1, name="b")(source)]
        model = Summed(source, ends)
        model.compile(optimizer, "mse")
        histories.append(fit(model, x, [y, y], epochs=2))
    assert histories[0] == histories[1]
    assert "a_loss" in histories[0]


def test_a_step_of_ones_own_has_to_give_a_closure(fails):
    x, y = data()

    class Own(corereg.Sequential):
        def train_step(self, data):
            loss = self.compute_loss(data[0], data[1], self(data[0], training=True))
            loss.backward()
            self.optimizer.step()
            return {"loss": loss}

    model = Own([layers.Input((6,)), layers.Dense(1)])
    model.compile(SAM("sgd"), "mse")
    before = bits(model)
    fails(lambda: model.fit(x, y, verbose=0), TypeError, "SAM.step: expected a function")
    assert bits(model) == before


# ---- what it shares with its base ----------------------------------------------------------------


def test_attributes_are_those_of_the_base():
    base = Adam(0.01, beta_1=0.8)
    sam = SAM(base, rho=0.1, name="sharp")
    assert (sam.learning_rate, sam.beta_1, sam.name) == (0.01, 0.8, "sharp")
    sam.learning_rate, sam.beta_2, sam.clipnorm = 0.5, 0.9, 1.0
    assert (base.learning_rate, base.beta_2, base.clipnorm) == (0.5, 0.9, 1.0)
    sam.learning_rate.assign(0.25)
    assert base.learning_rate == 0.25
    sam.exclude_from_weight_decay(var_names=["bias"])
    assert base._undecayed_patterns == ("bias",)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = sam.nothing
    x, y = data()
    model = net(optimizer=sam)
    fit(model, x, y, epochs=2)
    assert sam.iterations == base.iterations == 4
    assert [one.name for one in sam.variables] == [one.name for one in base.variables]
    corereg.set_random_seed(1)
    sam.rho = 0.7
    fit(model, x, y)  # counts from the next step on
    assert model.execution_report()["fit"].mode == "replayed"


def test_callbacks_change_the_rate():
    x, y = data()
    model = net(optimizer=SAM(Adam(0.01)))
    lower = ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=100)
    history = fit(model, x, y, epochs=4, callbacks=lower)
    assert history["learning_rate"][-1] < 0.01
    assert model.optimizer.learning_rate == model.optimizer.base.learning_rate < 0.01


def test_proximal_penalties_are_of_the_weights_as_they_are():
    x, y = data()
    model = net(optimizer=SAM(Adam(0.05), 0.1))
    model.layers[0].kernel_regularizer = regularizers.ProximalL1(0.5)
    fit(model, x, y, epochs=30)
    kernel = model.layers[0].kernel.numpy()
    assert (kernel == 0).mean() > 0.3
    with pytest.raises(ValueError, match="proximal stage"):
        net(optimizer=SAM("lion")).compile(SAM("lion"), "mse") or plain(
            SAM("lion")
        ).optimizer.check_regularizer(regularizers.ProximalL1(0.1), "w")


# ---- files and copies ----------------------------------------------------------------------------


def test_config_and_names():
    sam = SAM(AdamW(0.02, weight_decay=0.1), 0.3, True, 0.05, "own")
    again = SAM.from_config(sam.get_config())
    assert again.get_config() == sam.get_config()
    assert type(again.base) is AdamW
    found = optimizers.deserialize(optimizers.serialize(sam))
    assert found.get_config() == sam.get_config()
    assert type(optimizers.get("sam").base) is Adam
    assert optimizers.SAM is SAM


@pytest.mark.parametrize("way", ["file", "pickle", "copy"])
def test_a_training_goes_on(way, tmp_path):
    x, y = data(3)
    whole, model = (rich(BASES["ema"](), False) for _ in range(2))
    options = {"batch_size": 25, "verbose": 0}
    whole.fit(x, y, epochs=6, **options)
    model.fit(x, y, epochs=3, **options)
    if way == "file":
        model.save(tmp_path / "m.corereg")
        model = load_model(tmp_path / "m.corereg")
    else:
        model = pickle.loads(pickle.dumps(model)) if way == "pickle" else copy.deepcopy(model)
    model.fit(x, y, epochs=6, initial_epoch=3, **options)
    assert everything(model, None) == everything(whole, None)


def test_backups_have_the_numbers_of_the_base(tmp_path):
    x, y = data()

    class Stop(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 4:
                raise KeyboardInterrupt

    def lower():
        return ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=100)

    whole, model, again = (net(optimizer=SAM(Adam(0.01))) for _ in range(3))
    whole.fit(x, y, epochs=6, verbose=0, callbacks=lower())
    backup = BackupAndRestore(tmp_path / "backup")
    with pytest.raises(KeyboardInterrupt):
        model.fit(x, y, epochs=6, verbose=0, callbacks=[lower(), backup, Stop()])
    again.fit(x, y, epochs=6, verbose=0, callbacks=[lower(), backup])
    assert everything(again, again.optimizer.learning_rate) == everything(
        whole, whole.optimizer.learning_rate
    )


def test_files_for_keras(fails, tmp_path):
    pytest.importorskip("h5py")
    x, y = data()
    model = net(optimizer=SAM(Nadam(0.01)))
    fit(model, x, y, epochs=2)
    path = tmp_path / "m.keras"
    message = "Keras does not have the optimizer SAM; save to a .corereg file"
    fails(lambda: model.save(path), ValueError, message)
    with pytest.warns(UserWarning, match="the optimizer SAM"):
        model.save(path, portable=True)
    again = load_model(path)
    assert type(again.optimizer) is Nadam
    assert [a.tobytes() for a in again.optimizer.state] == [
        a.tobytes() for a in model.optimizer.state
    ]
    assert bits(again) == bits(model)


def test_what_cannot_be(fails):
    model = plain(None)
    sam = SAM("sgd")
    sam.build(model.weights)
    before = bits(model)
    zeros = [np.zeros(w.shape) for w in model.weights]
    for call, kind, message in (
        (lambda: SAM(None), TypeError, "base as an optimizer or its name, received None"),
        (lambda: SAM(3), TypeError, "expected a name or an Optimizer, received 3"),
        (lambda: SAM(SAM("sgd")), ValueError, "received a SAM"),
        (lambda: SAM(learning_rate=0.1), ValueError, "expected learning_rate as arguments of base"),
        (lambda: SAM(Adam(lazy=True)), ValueError, "make it with lazy=False"),
        (lambda: SAM("sgd", -1), ValueError, "expected rho >= 0, received -1"),
        (lambda: SAM("sgd", float("nan")), ValueError, "expected rho >= 0"),
        (lambda: SAM("sgd", eta="a"), TypeError, "expected eta as a number"),
        (lambda: sam.step(), TypeError, "SAM.step: expected a function that computes the loss"),
        (lambda: sam.first_step(), RuntimeError, "expected gradients, received None for every"),
        (lambda: sam.second_step(), RuntimeError, "weights that first_step.. has moved"),
        (lambda: sam.apply(zeros), RuntimeError, "expected two gradients a step"),
        (
            lambda: sam.apply_gradients(zip(zeros, model.weights, strict=True)),
            *(RuntimeError, "expected two gradients a step"),
        ),
    ):
        fails(call, kind, message)
    losses.MeanSquaredError()(np.ones((2, 1)), model(np.ones((2, 6)))).backward()
    sam.first_step()
    assert bits(model) != before
    fails(sam.first_step, RuntimeError, "the weights have been moved already")
    sam.restore_weights()
    assert bits(model) == before


def test_an_interrupt_before_the_weights_move_leaves_them_as_they_are(monkeypatch):
    """Of two steps: what was saved by the first is not what is restored."""
    model = plain(SAM(SGD(0.1)))
    x, y = np.ones((2, 6)), np.ones((2, 1))
    model.train_on_batch(x, y)
    model.train_on_batch(x, y)
    before = bits(model)

    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(_kernels, "ascend_weights", interrupt)
    losses.MeanSquaredError()(y, model(x)).backward()
    with pytest.raises(KeyboardInterrupt):
        model.optimizer.first_step()
    model.optimizer.restore_weights()
    assert bits(model) == before
