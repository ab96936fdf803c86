"""Seeds belong to the thread that set them and, from then on, to the model."""

from __future__ import annotations

import json
import random as python_random
import threading

import numpy as np
import pytest
from small import bits

import corereg
from corereg.layers import Dense, Dropout
from corereg.models import Sequential


def seeded_training(epochs=3):
    """The bits after training a fresh network of this thread's seed."""
    corereg.set_random_seed(7)
    x = np.random.default_rng(1).normal(size=(70, 5)).astype("float32")
    model = Sequential([corereg.Input((5,)), Dense(8, "relu"), Dropout(0.3), Dense(1)])
    model.compile("adam", "mse")
    losses = model.fit(x, x[:, :1], epochs=epochs, verbose=0).history["loss"]
    return bits(model), losses


def in_threads(count, function):
    results, barrier = [None] * count, threading.Barrier(count)

    def run(i):
        barrier.wait()
        results[i] = function()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_threads_that_set_the_same_seed_get_the_same_bits():
    alone = seeded_training()
    for _ in range(5):
        assert in_threads(3, seeded_training) == [alone] * 3


def test_a_thread_without_a_seed_shares_the_process_s():
    corereg.set_random_seed(3)
    mine = [corereg.rand(2).data.tobytes() for _ in range(4)]
    corereg.set_random_seed(3)
    (theirs,) = in_threads(1, lambda: [corereg.rand(2).data.tobytes() for _ in range(4)])
    assert theirs == mine
    (before,) = in_threads(1, lambda: corereg.set_random_seed(3) or corereg.rand(2).data.tobytes())
    assert before == mine[0]
    assert corereg.rand(2).data.tobytes() not in mine  # the main thread goes on where it was


def test_a_model_keeps_its_seed_whichever_thread_trains_it():
    def make():
        corereg.set_random_seed(5)
        model = Sequential([corereg.Input((3,)), Dense(4, "tanh"), Dropout(0.5), Dense(1)])
        model.compile("sgd", "mse")
        return model

    x = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")

    def train(model):
        model.fit(x, x[:, :1], epochs=2, verbose=0)
        return bits(model)

    here, elsewhere = make(), make()
    corereg.rand(9)  # what others draw in between does not matter
    assert in_threads(1, lambda: train(elsewhere)) == [train(here)]


def test_making_a_model_does_not_change_the_weights_after_it():
    corereg.set_random_seed(1)
    alone = corereg.rand(3).data.tobytes()
    corereg.set_random_seed(1)
    Sequential()
    assert corereg.rand(3).data.tobytes() == alone


def test_the_order_of_rows_goes_on_from_pass_to_pass():
    """Two fits of three epochs are one of six, in shuffled order."""
    x = np.random.default_rng(2).normal(size=(40, 4)).astype("float32")

    def make():
        corereg.set_random_seed(9)
        model = Sequential([corereg.Input((4,)), Dense(3, "relu"), Dropout(0.2), Dense(1)])
        model.compile("adam", "mse")
        return model

    once, twice = make(), make()
    whole = once.fit(x, x[:, 0], epochs=6, verbose=0).history["loss"]
    parts = [twice.fit(x, x[:, 0], epochs=3, verbose=0).history["loss"] for _ in range(2)]
    assert parts[0] + parts[1] == whole
    assert bits(once) == bits(twice)


def test_passes_have_different_orders_of_all_rows():
    seen = []
    model = Sequential([corereg.Input((1,)), Dense(1, trainable=False)])

    def loss(y_true, y_pred):
        seen.append(y_true.data.ravel().tolist())
        return (y_true - y_pred).mean(axis=-1)

    model.compile("sgd", loss, run_eagerly=True)
    rows = np.arange(12.0)[:, None]
    model.fit(rows, rows, batch_size=12, epochs=3, verbose=0)
    assert all(sorted(order) == list(range(12)) for order in seen)
    assert len({tuple(order) for order in seen}) == 3


def test_state_is_put_back():
    corereg.set_random_seed(4)
    corereg.rand(3)
    state = json.loads(json.dumps(corereg.random.get_state()))
    first = corereg.rand(3).data.tolist()
    corereg.random.set_state(state)
    assert corereg.rand(3).data.tolist() == first


@pytest.mark.parametrize(
    "state", [None, {}, {"state": 1}, {"state": -1, "models": 2}, {"state": 1.0, "models": 2}]
)
def test_states_that_are_none(state):
    before = corereg.random.get_state()
    with pytest.raises(ValueError, match=r"^corereg\.random\.set_state: expected what get_state"):
        corereg.random.set_state(state)
    assert corereg.random.get_state() == before


def test_seeding_seeds_python_and_numpy_as_keras_does():
    found = []
    for _ in range(2):
        corereg.set_random_seed(21)
        found.append((python_random.random(), np.random.rand()))  # noqa: NPY002
    assert found[0] == found[1]
    assert corereg.utils.set_random_seed is corereg.set_random_seed
