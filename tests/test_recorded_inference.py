"""predict, evaluate and single batches replay what they recorded, and see every change."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from small import ROWS, bits, data, net

import corereg
from corereg import layers, losses, optimizers
from corereg.autograd import Tensor
from corereg.callbacks import LambdaCallback
from corereg.models import Sequential
from corereg.runtime.scheduling import (
    FORWARD_ROWS,
    FORWARD_ROWS_STEP,
    SIGNATURES,
    rows_of_forward_pass,
)


def deep(dtype="float32", eager=False, **options):
    corereg.set_random_seed(21)
    model = Sequential(
        [
            layers.Input((6,), dtype=dtype),
            layers.Dense(9, "relu", True, bias_initializer="ones", dtype=dtype),
            layers.Dropout(0.3, dtype=dtype),
            layers.Dense(8, kernel_regularizer="l1_l2", dtype=dtype, bias_regularizer="l2"),
            layers.Activation("tanh", dtype=dtype),
            layers.Dense(3, "softmax", dtype=dtype),
        ]
    )
    loss = losses.SparseCategoricalCrossentropy()
    model.compile(optimizers.Adam(0.01), loss, metrics=["accuracy"], run_eagerly=eager, **options)
    return model


@pytest.fixture
def python_calls(monkeypatch):
    """Counts how often models compute through their layers."""
    calls = []
    call = Sequential.__call__

    def counted(model, x, training=False):
        calls.append((len(x), training))
        return call(model, x, training)

    monkeypatch.setattr(Sequential, "__call__", counted)
    return calls


@pytest.mark.parametrize("rows", [1, 2, 7, ROWS])
def test_predict_is_recorded_once_for_each_number_of_rows(rows, dtype, python_calls):
    x, _ = data(3, dtype)
    model, eager = deep(dtype), deep(dtype, eager=True)
    expected = eager.predict(x[:rows], verbose=0)
    python_calls.clear()
    for given in (x[:rows], x[:rows].copy(), x[:rows].tolist(), x[:rows].astype("f8")):
        assert np.array_equal(model.predict(given, verbose=0), expected)
        assert np.array_equal(model.predict_on_batch(given), expected)
    assert python_calls == [(rows, False)]


def test_a_row_gives_the_same_alone_and_among_others(dtype):
    x, _ = data(3, dtype)
    many = np.concatenate([x] * 45)  # batches for several threads, and a rest
    assert len(many) > 2 * FORWARD_ROWS
    assert len(many) % FORWARD_ROWS
    model, eager = deep(dtype), deep(dtype, eager=True)
    whole = model.predict(many, verbose=0)
    assert whole.tobytes() == eager.predict(many, verbose=0).tobytes()
    for size in (1, 3, ROWS, 4096):
        assert model.predict(many, batch_size=size, verbose=0).tobytes() == whole.tobytes()
    for first, last in ((0, 1), (5, 6), (5, 12), (0, ROWS)):
        assert model.predict(many[first:last], verbose=0).tobytes() == whole[first:last].tobytes()


def test_predictions_are_the_callers_own():
    x, _ = data(3)
    model = deep()
    first = model.predict(x, verbose=0)
    kept = first.copy()
    second = model.predict(x[::-1].copy(), verbose=0)
    assert np.array_equal(first, kept)
    assert not np.shares_memory(first, second)
    first[:] = 0
    assert np.array_equal(model.predict(x, verbose=0), kept)


@pytest.mark.parametrize(
    "form",
    [
        lambda x: x.astype("float64"),
        lambda x: x.astype(">f4"),
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=0)[::2],
        lambda x: x[::-1].copy()[::-1],
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: x.tolist(),
        Tensor,
        lambda x: np.frombuffer(b"0" + x.tobytes(), "f4", offset=1).reshape(x.shape),
        lambda x: np.frombuffer(x.tobytes(), "f4").reshape(x.shape),
    ],
)
def test_forms_of_x_reach_the_recorded_pass(form):
    x, _ = data(3)
    model = deep()
    expected = model.predict(x, verbose=0)
    for _ in range(2):
        assert np.array_equal(model.predict(form(x), verbose=0), expected)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.zeros((1, 5), "f4"), r"expected X of shape \(rows, 6\), received \(1, 5\)"),
        (np.zeros((1, 6, 1), "f4"), r"expected X of shape \(rows, 6\), received \(1, 6, 1\)"),
        (np.zeros(6, "f4"), r"expected X of shape \(rows, features\), received \(6,\)"),
        (np.zeros((0, 6), "f4"), "expected at least one row"),
    ],
)
def test_what_does_not_fit_raises_also_after_a_recording(x, message):
    model = deep()
    model.predict(np.zeros((1, 6), "f4"), verbose=0)
    with pytest.raises(ValueError, match=message):
        model.predict(x, verbose=0)


def test_nan_and_infinity_come_through():
    x, _ = data(3)
    model = deep()
    expected = model.predict(x, verbose=0)
    bad = x.copy()
    bad[3, 2], bad[4, 1] = np.nan, np.inf
    found = model.predict(bad, verbose=0)
    assert np.isnan(found[3]).all()
    others = np.arange(ROWS) > 4
    assert np.array_equal(found[others], expected[others])
    assert np.array_equal(model.predict(x, verbose=0), expected)  # nothing stays behind


def first(model):
    return model.layers[0]


def doubled(layer):
    layer.call = lambda x, training=False: Tensor(x.data * 2.0)


def new_memory(model):
    p = first(model).kernel
    p.data = p.data * 2


def shared(model):
    first(model).kernel = model.layers[0].kernel.__class__(first(model).kernel.data * 3)


CHANGES = {
    "set_weights": lambda m: m.set_weights([w * 0.5 for w in m.get_weights()]),
    "a layer's set_weights": lambda m: first(m).set_weights([np.ones((6, 9)), np.ones(9)]),
    "assign": lambda m: first(m).kernel.assign(np.ones((6, 9))),
    "in place": lambda m: first(m).kernel.data.fill(0.1),
    "new memory": new_memory,
    "another parameter": shared,
    "no bias": lambda m: setattr(first(m), "bias", None),
    "activation": lambda m: setattr(m.layers[3], "activation", corereg.activations.get("relu")),
    "own activation": lambda m: setattr(m.layers[3], "activation", lambda x: x * x),
    "a layer's own call": lambda m: doubled(m.layers[3]),
    "added layer": lambda m: m.add(layers.Dense(2, kernel_initializer="ones")),
    "own layer": lambda m: m.add(Doubling()),
    "removed layer": lambda m: m.pop(),
    "removed and added": lambda m: (m.pop(), m.add(layers.Dense(3, kernel_initializer="ones"))),
    "trained": lambda m: m.fit(*data(3), verbose=0, shuffle=False),
    "one step": lambda m: m.train_on_batch(*data(3)),
}
UNCHANGED = {
    "frozen": lambda m: setattr(m, "trainable", False),
    "regularizer": lambda m: setattr(first(m), "kernel_regularizer", "l2"),
    "rate": lambda m: setattr(m.layers[1], "rate", 0.9),
    "threads": lambda m: corereg.set_num_threads(1),
    "floatx": lambda m: corereg.config.set_floatx("float64"),
    "compile": lambda m: m.compile("sgd", "mse"),
    "eager": lambda m: setattr(m, "run_eagerly", True),
    "a call": lambda m: m(np.ones((3, 6)), training=True),
}


class Doubling(layers.Layer):
    def call(self, x):
        return x * 2.0


@pytest.mark.parametrize("change", [*CHANGES, *UNCHANGED])
def test_predict_sees_what_changes(change):
    x, _ = data(3)
    model, eager = deep(), deep(eager=True)
    before = [model.predict(part, verbose=0) for part in (x, x[:1])]
    act = (CHANGES | UNCHANGED)[change]
    try:
        for m in (model, eager):
            corereg.set_random_seed(77)
            act(m)
        after = [model.predict(part, verbose=0) for part in (x, x[:1])]
        expected = [eager.predict(part, verbose=0) for part in (x, x[:1])]
    finally:
        corereg.set_num_threads(0)
        corereg.config.set_floatx("float32")
    assert [a.tobytes() for a in after] == [a.tobytes() for a in expected]
    same = [a.tobytes() for a in after] == [a.tobytes() for a in before]
    assert same == (change in UNCHANGED)


def test_evaluate_replays_and_sees_changes(python_calls):
    x, y = data(3)
    model, eager = deep(), deep(eager=True)

    def both():
        found = [
            (
                m.evaluate(x, y, batch_size=16, verbose=0),
                m.evaluate(x, y, batch_size=16, verbose=0, sample_weight=np.arange(ROWS)),
                m.test_on_batch(x[:16], y[:16], return_dict=True),
            )
            for m in (eager, model)
        ]
        assert found[0] == found[1]
        return found[0]

    first_found = both()
    python_calls.clear()
    model.evaluate(x, y, batch_size=16, verbose=0)
    model.evaluate(x[::-1].astype("f8"), y.astype("i4"), batch_size=16, verbose=0)
    model.test_on_batch(x[:16], y[:16])
    model.test_on_batch(x[:2], y[:2])
    assert python_calls == []
    for m in (model, eager):
        m.set_weights([w * 0.5 for w in m.get_weights()])
    second = both()
    for m in (model, eager):
        m.layers[2].kernel_regularizer.l1 = 3.0
    third = both()
    for m in (model, eager):
        m.layers[2].kernel_regularizer = None
    fourth = both()
    assert len({str(f) for f in (first_found, second, third, fourth)}) == 4


@pytest.mark.parametrize("optimizer", [optimizers.SGD, optimizers.Adam, optimizers.RMSprop])
def test_train_on_batch_replays_and_sees_changes(optimizer, python_calls):
    x, y = data(3)
    models = [deep(eager=eager) for eager in (True, False)]
    results = []
    for model in models:
        model.optimizer = optimizer(0.01)
        python_calls.clear()
        seen = []
        for step in range(12):
            rows = slice(step % 3 * 16, step % 3 * 16 + 16)
            seen.append(model.train_on_batch(x[rows], y[rows]))
            if step == 5:
                first(model).trainable = False
            if step == 7:
                first(model).trainable = True
                model.optimizer.learning_rate = 0.1
        results.append((seen, bits(model), [layer.random_state is None for layer in model.layers]))
    assert results[0] == results[1]
    assert python_calls == [(16, True)] * 3  # at first, frozen, and again


def test_fit_and_single_batches_share_their_recordings(python_calls):
    x, y = data(3)
    model, twin = deep(), deep(eager=True)
    for m in (model, twin):
        python_calls.clear()
        m.fit(x, y, batch_size=25, shuffle=False, verbose=0)
        m.train_on_batch(x[:25], y[:25])
        m.fit(x, y, batch_size=25, epochs=2, shuffle=False, verbose=0)
        if m is model:
            assert python_calls == [(25, True)]
    assert bits(model) == bits(twin)


def test_a_loop_of_ones_own_between_replays():
    """Gradients elsewhere than in the recorded places do not confuse recorded steps."""
    x, y = data(3)
    results = []
    for eager in (True, False):
        model = deep(eager=eager)
        for _ in range(3):
            model.train_on_batch(x, y)
            for p in model.weights:
                p.grad = np.full(p.shape, 0.5)
            model.optimizer.step()
            model.optimizer.zero_grad()
        results.append(bits(model))
    assert results[0] == results[1]


def test_few_recordings_are_kept():
    x, y = data(3)
    model = deep()
    for rows in range(1, ROWS + 1):
        model.train_on_batch(x[:rows], y[:rows])
        model.test_on_batch(x[:rows], y[:rows])
        model.predict(x[:rows], verbose=0)
    for kind in ("train", "test"):
        assert len(model._trainer.captures[kind]) == SIGNATURES


def test_all_that_was_recorded_goes_with_the_model():
    x, y = data(3)
    gc.collect()
    gc.disable()
    try:
        model = deep()
        model.fit(x, y, validation_data=(x, y), verbose=0)
        model.evaluate(x, y, verbose=0)
        model.train_on_batch(x, y)
        model.predict(x, verbose=0)
        assert model.history.epoch == [0]
        gone = [weakref.ref(a) for a in (model, model.optimizer, first(model).kernel.data)]
        gone += [weakref.ref(found.memory.arrays[0]) for found in model._trainer.captures["train"]]
        assert len(gone) > 4
        del model
        assert [ref() for ref in gone] == [None] * len(gone)
    finally:
        gc.enable()


def test_history_and_model_do_not_hold_each_other():
    x, y = data()
    model = net()
    history = model.fit(x, y, verbose=0)
    assert history.model is model
    assert model.history is history
    losses_seen = history.history
    del history
    assert model.history.history is losses_seen
    assert model.history is model.history or model.history.model is model
    kept = net().fit(x, y, verbose=0)
    assert kept.model.predict(x, verbose=0).shape == (ROWS, 1)


def test_predict_in_callbacks_of_fit():
    x, y = data(3)
    found = []
    for eager in (True, False):
        model = deep(eager=eager)
        seen = []
        watch = LambdaCallback(
            on_train_batch_end=lambda b, logs, m=model, s=seen: s.append(
                m.predict(x[:2], verbose=0).tobytes()
            )
        )
        model.fit(x, y, batch_size=10, epochs=2, callbacks=watch, shuffle=False, verbose=0)
        found.append(seen)
    assert found[0] == found[1]
    assert len(set(found[0])) == 10


class Unrecordable(layers.Layer):
    recordable = False

    def call(self, x):
        return x + x


@pytest.mark.parametrize("part", ["a layer that says so", "an activation that reads a value"])
def test_predict_of_what_cannot_be_recorded(part, python_calls):
    x, _ = data(3)
    m = deep()
    if part == "a layer that says so":
        m.add(Unrecordable())
    else:
        m.layers[3].activation = lambda x: x * float(x.sum().item() < np.inf)
    whole = m.predict(x, verbose=0)
    assert np.array_equal(m.predict(x, batch_size=7, verbose=0), whole)
    assert len(python_calls) == 1 + -(-ROWS // 7)


class Counting(layers.Dense):
    """Counts how often Python computes it."""

    recordable = True

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.calls = []

    def call(self, x):
        self.calls.append(x.shape)
        return super().call(x)


@pytest.mark.parametrize("threads", [1, 2])
def test_predict_has_one_worker_for_each_thread(threads):
    """A forward pass is recorded for each worker, and none on top."""
    rows = 40 * FORWARD_ROWS
    first = Counting(512, "tanh", input_dim=6)
    model = Sequential([first, layers.Dense(64)])
    x = np.random.default_rng(1).standard_normal((rows, 6)).astype("float32")
    corereg.set_num_threads(threads)
    try:
        found = model.predict(x, verbose=0)
        assert first.calls == [(FORWARD_ROWS, 6)] * corereg.get_num_threads()
        again = model.predict(x, verbose=0)
        assert len(first.calls) == corereg.get_num_threads()
    finally:
        corereg.set_num_threads(0)
    assert again.tobytes() == found.tobytes()


def test_a_recording_that_fails_is_forgotten():
    """What raises in the middle of a step leaves nothing behind: the next step is recorded from its
    beginning."""

    class Fails(layers.Layer):
        recordable = True
        fail = False

        def call(self, x, training=False):
            if training and type(self).fail:
                raise OSError("no such file")
            return x * 1.0

    x, y = data(3)
    outcomes = []
    for eager in (True, False):
        model = deep(eager=eager)
        model.add(Fails())
        model.add(layers.Dense(3, "softmax"))
        Fails.fail = True
        with pytest.raises(OSError, match="no such file"):
            model.train_on_batch(x, y)
        with pytest.raises(OSError, match="no such file"):
            model.fit(x, y, batch_size=ROWS, epochs=2, verbose=0)
        Fails.fail = False
        losses_of = [model.train_on_batch(x, y) for _ in range(4)]
        history = model.fit(x, y, batch_size=ROWS, epochs=4, shuffle=False, verbose=0).history
        outcomes.append((losses_of, history, bits(model), model.optimizer.iterations))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][-1] == 8


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_pieces_of_predict_are_few_sizes_and_as_many_for_each_thread(threads):
    sizes = set()
    for rows in range(1, 3000):
        size = rows_of_forward_pass(rows, threads)
        sizes.add(size)
        assert 0 < size <= FORWARD_ROWS
        pieces = rows // size
        if FORWARD_ROWS < rows < 8 * FORWARD_ROWS and threads < 3:
            assert pieces % threads == 0 or threads == 1
    assert len(sizes) <= 1 + FORWARD_ROWS // FORWARD_ROWS_STEP
