"""Recorded steps are the steps that Python would run, whatever callbacks change on the way."""

from __future__ import annotations

import numpy as np
import pytest
from small import bits, data, watched

import corereg
from corereg import layers, losses, metrics, optimizers
from corereg.callbacks import LambdaCallback
from corereg.models import Sequential
from corereg.regularizers import L1, L1L2, L2
from corereg.runtime.capture import Capture


def build(eager, optimizer=None, loss=None, classes=3, dtype="float32", **options):
    corereg.set_random_seed(31)
    model = Sequential(
        [
            layers.Input((6,), dtype=dtype),
            layers.Dense(9, "relu", kernel_regularizer=L1L2(0.01, 0.01), dtype=dtype),
            layers.Dropout(float("0.3"), dtype=dtype),  # a float that nobody else holds
            layers.Dense(8, dtype=dtype, bias_regularizer="l2"),
            layers.Activation("tanh", dtype=dtype),
            layers.Dropout(0.5, dtype=dtype),
            layers.Dense(7, "sigmoid", use_bias=False, activity_regularizer="l2", dtype=dtype),
            layers.Dense(classes, "softmax" if classes > 1 else "sigmoid", dtype=dtype),
        ]
    )
    loss = loss or losses.SparseCategoricalCrossentropy()
    model.compile(optimizer or optimizers.Adam(0.01), loss, run_eagerly=eager, **options)
    return model


def outcome(model, *args, **options):
    corereg.set_random_seed(32)
    history = model.fit(*args, batch_size=8, verbose=0, **options).history
    states = [a.tobytes() for a in model.optimizer.state]
    drawn = [str(layer.random_state) for layer in model.layers]
    return history, bits(model), states, model.optimizer.iterations, drawn


def compare(*args, make=build, **options):
    """Both ways of running a fit, which must agree bit for bit."""
    outcomes = [outcome(make(eager), *args, **options) for eager in (True, False)]
    assert outcomes[0] == outcomes[1]
    assert all(np.isfinite(values).all() for values in outcomes[0][0].values())


def test_python_runs_one_step_of_each_batch_size(monkeypatch):
    x, y = data(3)
    taken = watched(monkeypatch)
    outcome(build(False), x, y, epochs=4)
    assert taken == [8, 2]
    taken.clear()
    outcome(build(True), x, y, epochs=4)
    assert taken == [8, 8, 8, 8, 8, 8, 2] * 4


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1),
    "momentum": lambda: optimizers.SGD(0.1, momentum=0.9, clipnorm=0.5),
    "nesterov": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipvalue=0.01),
    "rmsprop": lambda: optimizers.RMSprop(0.01, centered=True, global_clipnorm=0.1),
    "adam": lambda: optimizers.Adam(0.01, amsgrad=True),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers(name, dtype):
    x, y = data(3)
    compare(x, y, epochs=4, make=lambda eager: build(eager, OPTIMIZERS[name](), dtype=dtype))


@pytest.mark.parametrize(
    ("loss", "classes", "y"),
    [
        (losses.BinaryCrossentropy(label_smoothing=0.1), 1, data(2)[1]),
        (losses.BinaryCrossentropy(from_logits=True), 3, np.eye(3)[data(3)[1]]),
        (losses.CategoricalCrossentropy(label_smoothing=0.2), 3, np.eye(3)[data(3)[1]]),
        (losses.CategoricalCrossentropy(from_logits=True), 3, np.eye(3)[data(3)[1]]),
        (losses.SparseCategoricalCrossentropy(from_logits=True), 3, data(3)[1]),
        (losses.SparseCategoricalCrossentropy(reduction="sum"), 3, data(3)[1]),
        (losses.MeanSquaredError(), 3, np.eye(3)[data(3)[1]]),
        (losses.MeanAbsoluteError(reduction="sum"), 1, data()[1]),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_losses_metrics_and_weights(loss, classes, y, weighted):
    x, _ = data()
    weight = np.linspace(0, 3, len(x)) if weighted else None
    own = {"metrics": ["accuracy"], "weighted_metrics": ["acc"]}
    own["metrics"] += [] if isinstance(loss, losses.SparseCategoricalCrossentropy) else ["mse"]

    def make(eager):
        return build(eager, loss=loss, classes=classes, **own)

    compare(x, y, epochs=4, sample_weight=weight, make=make)


@pytest.mark.parametrize("batch", [1, 7, 8, 50, 64])
@pytest.mark.parametrize("shuffle", [False, True])
def test_batch_sizes(batch, shuffle):
    x, y = data(3)
    results = []
    for eager in (True, False):
        model = build(eager)
        corereg.set_random_seed(1)
        h = model.fit(x, y, batch_size=batch, epochs=3, shuffle=shuffle, verbose=0).history
        results.append((h, bits(model)))
    assert results[0] == results[1]


def test_steps_validation_and_batch_callbacks():
    x, y = data(3)
    seen = []
    watch = LambdaCallback(
        on_train_batch_end=lambda batch, logs: seen.append((batch, logs["loss"]))
    )
    for options in (
        {"steps_per_epoch": 3},
        {"validation_split": 0.3},
        {"validation_data": (x, y), "validation_freq": 2},
        {"callbacks": watch},
        {"class_weight": {0: 2.0, 1: 0.0}},
    ):
        compare(x, y, epochs=5, **options)
    assert seen[: len(seen) // 2] == seen[len(seen) // 2 :]
    assert len(seen) == 2 * 5 * 7


def layer(model, i):
    return model.layers[i]


def set_weights(model):
    model.set_weights([w * 0.5 for w in model.get_weights()])


def new_memory(model):
    p = layer(model, 0).kernel
    p.data = p.data * 2


def dropout_rate_twice(model):
    """The second float may come to lie where the first was."""
    layer(model, 1).rate = layer(model, 1).rate + 0.05
    layer(model, 1).rate = layer(model, 1).rate + 0.05


CHANGES = {
    "dropout rate twice": dropout_rate_twice,
    "learning rate": lambda m: setattr(m.optimizer, "learning_rate", 0.2),
    "strength": lambda m: setattr(layer(m, 0).kernel_regularizer, "l1", 0.3),
    "regularizer": lambda m: setattr(layer(m, 0), "kernel_regularizer", L2(0.2)),
    "first bias regularizer": lambda m: setattr(layer(m, 0), "bias_regularizer", L1(0.2)),
    "no regularizer": lambda m: setattr(layer(m, 0), "kernel_regularizer", None),
    "own regularizer": lambda m: setattr(
        layer(m, 0), "kernel_regularizer", lambda w: (w**4).sum() * 0.1
    ),
    "activity regularizer": lambda m: setattr(layer(m, 3), "activity_regularizer", L2(0.1)),
    "no activity regularizer": lambda m: setattr(layer(m, 5), "activity_regularizer", None),
    "activity strength": lambda m: setattr(layer(m, 5).activity_regularizer, "l2", 0.3),
    "frozen": lambda m: setattr(layer(m, 0), "trainable", False),
    "one weight frozen": lambda m: setattr(layer(m, 0).kernel, "trainable", False),
    "all frozen": lambda m: setattr(m, "trainable", False),
    "dropout rate": lambda m: setattr(layer(m, 1), "rate", 0.9),
    "no dropout": lambda m: setattr(layer(m, 1), "rate", 0.0),
    "set_weights": set_weights,
    "assign": lambda m: layer(m, 0).kernel.assign(np.ones((6, 9))),
    "in place": lambda m: layer(m, 0).kernel.data.fill(0.1),
    "new memory": new_memory,
    "another loss": lambda m: setattr(
        m, "loss", losses.SparseCategoricalCrossentropy(from_logits=True)
    ),
    "another optimizer": lambda m: setattr(m, "optimizer", optimizers.SGD(0.5)),
    "weight decay": lambda m: setattr(m.optimizer, "weight_decay", 0.5),
    "clipping": lambda m: setattr(m.optimizer, "global_clipnorm", 1e-3),
    "each element clipped": lambda m: setattr(m.optimizer, "clipvalue", 1e-3),
    "first moment": lambda m: setattr(m.optimizer, "beta_1", 0.3),
    "second moment": lambda m: setattr(m.optimizer, "beta_2", 0.5),
    "epsilon": lambda m: setattr(m.optimizer, "epsilon", 0.1),
    "state restored": lambda m: m.optimizer.restore(99, [a * 0 for a in m.optimizer.state]),
    "threads": lambda m: corereg.set_num_threads(1),
    "another training call": lambda m: m.predict(np.ones((3, 6)), verbose=0),
    "evaluation": lambda m: m.evaluate(*data(3), batch_size=8, verbose=0),
    "a loop of one's own": lambda m: m(np.ones((8, 6)), training=True).sum().backward(),
    "seed": lambda m: corereg.set_random_seed(5),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("hook", ["on_epoch_begin", "on_train_batch_begin"])
def test_what_callbacks_change_takes_effect_at_the_next_step(change, hook):
    x, y = data(3)
    at = 2 if hook == "on_epoch_begin" else 4

    def act(step, logs=None):
        if step == at:
            CHANGES[change](models[-1])

    models = []

    def make(eager):
        models.append(build(eager))
        return models[-1]

    try:
        compare(x, y, epochs=4, callbacks=LambdaCallback(**{hook: act}), make=make)
    finally:
        corereg.set_num_threads(0)


UNCHANGED = ("threads", "another training call", "evaluation", "a loop of one's own", "seed")


@pytest.mark.parametrize("change", [c for c in CHANGES if c not in UNCHANGED])
def test_these_changes_do_change_the_run(change):
    x, y = data(3)
    plain, changed = build(False), build(False)
    once = LambdaCallback(
        on_epoch_begin=lambda epoch, logs: epoch == 2 and CHANGES[change](changed)
    )
    assert outcome(plain, x, y, epochs=4)[1] != outcome(changed, x, y, epochs=4, callbacks=once)[1]


class Doubling(layers.Layer):
    def call(self, x):
        return x * 2.0


class LoudDense(layers.Dense):
    calls = 0

    def call(self, x, training=False):
        LoudDense.calls += 1
        return super().call(x, training)


class Hits(metrics.Metric):
    def rows(self, y_true, y_pred):
        return (y_pred.argmax(axis=1) == y_true).astype(float)


PARTS = {
    "noise shape": lambda: {"extra": layers.Dropout(0.5, noise_shape=(None, 1))},
    "layer": lambda: {"extra": Doubling()},
    "activation": lambda: {"extra": layers.Dense(3, activation=lambda z: z * z)},
    "activity": lambda: {"extra": layers.Dense(3, activity_regularizer=lambda z: (z * z).sum())},
    "regularizer": lambda: {"extra": layers.Dense(3, kernel_regularizer="orthogonal")},
    "any rank": lambda: {"extra": layers.Flatten()},
    "metric": lambda: {"metrics": [Hits()]},
    "metric function": lambda: {"metrics": [lambda y, p: p.data.argmax(axis=1) == y.data]},
    "loss function": lambda: {"loss": lambda y, p: ((p - 1.0) ** 2).mean(axis=1)},
}


@pytest.mark.parametrize("name", PARTS)
def test_parts_that_are_not_recorded(name):
    x, y = data(3)

    def make(eager):
        corereg.set_random_seed(3)
        parts = PARTS[name]()
        extra = [parts["extra"]] if "extra" in parts else []
        last = layers.Dense(3, activation="softmax")
        model = Sequential([layers.Dense(3, input_dim=6, kernel_regularizer="l1"), *extra, last])
        loss = parts.get("loss", "sparse_categorical_crossentropy")
        model.compile("adam", loss, metrics=parts.get("metrics"), run_eagerly=eager)
        return model

    compare(x, y, epochs=3, make=make)


def test_a_layer_of_ones_own_runs_twice_and_is_replayed():
    x, y = data(3)

    def make(eager):
        corereg.set_random_seed(3)
        model = Sequential([LoudDense(3, input_dim=6), layers.Dense(3, activation="softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", run_eagerly=eager)
        return model

    LoudDense.calls = 0
    compare(x, y, epochs=3, make=make)
    assert LoudDense.calls == 3 * 7 + 2 * 2  # full batches and the rest, twice each


def test_a_threshold_changed_on_the_way():
    x, y = data(2)
    models = []

    def make(eager):
        metric = metrics.BinaryAccuracy(threshold=0.1)
        models.append(
            (build(eager, loss=losses.BinaryCrossentropy(), classes=1, metrics=[metric]), metric)
        )
        return models[-1][0]

    def act(epoch, logs):
        if epoch == 2:
            models[-1][1].threshold = 0.9

    compare(x, y, epochs=4, callbacks=LambdaCallback(on_epoch_begin=act), make=make)


def test_arrays_changed_on_the_way():
    """fit reads x and y at every step, as it does not copy them."""
    results = []
    for eager in (True, False):
        x, y = data(3)
        model = build(eager)

        def act(epoch, logs, x=x, y=y):
            if epoch == 1:
                x[:] = x[::-1].copy()
                y[:] = 0

        results.append(outcome(model, x, y, epochs=3, callbacks=LambdaCallback(on_epoch_begin=act)))
    assert results[0] == results[1]


def test_recording_ends_with_fit():
    """What a recording held on to is let go, and a model may be trained in many fits."""
    x, y = data(3)
    results = []
    for eager in (True, False):
        model = build(eager)
        for _ in range(3):
            found = outcome(model, x, y, epochs=2)
            model.train_on_batch(x[:8], y[:8])
        results.append((found, bits(model)))
    assert results[0] == results[1]


def test_steps_of_dropout_behind_relu_are_fused(monkeypatch):
    x, y = data(3)
    replay, replayed = Capture.replay, []
    monkeypatch.setattr(Capture, "replay", lambda *args: replayed.extend(args[1]) or replay(*args))
    model = Sequential([layers.Dense(9, "relu"), layers.Dropout(0.3), layers.Dense(3)])
    model.compile("sgd", losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(x, y, batch_size=8, epochs=3, verbose=0)
    steps = [p for p, _ in replayed if "dense_forward" in p.kernel_names]
    assert len(steps) >= 2
    for program in steps:
        names = [name for name, *_ in program.profile(0)]
        assert names.count("dense_forward") == 2
        assert not [name for name in names if name.startswith(("dropout", "activation"))]


@pytest.mark.parametrize("change", ["another loss", "another optimizer"])
def test_another_loss_or_optimizer_between_fits(change):
    x, y = data(3)
    outcomes = []
    for eager in (True, False):
        model = build(eager)
        first = outcome(model, x, y, epochs=2)
        CHANGES[change](model)
        outcomes.append((first, outcome(model, x, y, epochs=2)))
        outcomes[-1] += (model.evaluate(x, y, verbose=0), model.train_on_batch(x, y))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("eager", [True, False])
def test_fit_trains_also_under_no_grad(eager):
    outcomes = []
    for mode in (corereg.enable_grad, corereg.no_grad):
        with mode():
            outcomes.append(outcome(build(eager), *data(3), epochs=2))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("eager", [True, False])
def test_losses_stay_those_of_the_users_own_call(eager):
    x, y = data(3)
    model = build(eager)
    model(x[:5])
    before = model.losses[-1]
    for _ in range(3):
        model.predict(x, verbose=0)
        model.evaluate(x, y, verbose=0)
        model.fit(x, y, verbose=0)
        assert model.losses[-1] is before
