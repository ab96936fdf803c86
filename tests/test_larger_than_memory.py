"""Data in files: shuffled in blocks, read ahead; and batches that threads make."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest

import corereg
from corereg import layers
from corereg.models import Sequential, load_model
from corereg.training.data import mapped
from corereg.training.data.arrays import ArrayDataset
from corereg.training.data.prefetch import fetched_ahead
from corereg.training.data.row_order import RowOrder, shuffle_in_blocks

X = np.random.default_rng(0).random((50, 3)).astype("float32")
Y = X.sum(1)


def net():
    corereg.set_random_seed(1)
    model = Sequential([corereg.Input((3,)), layers.Dense(4, "relu"), layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def bits(model):
    return [w.tobytes() for w in model.get_weights()]


@pytest.mark.parametrize("block", [1, 2, 7, 25, 100])
def test_blocks_come_in_order_and_their_rows_at_random(block):
    order, rows = RowOrder(3), np.zeros(50, np.int64)
    passes = []
    for number in range(3):
        shuffle_in_blocks(rows, order, block)
        assert order.passes[0] == number + 1
        for first in range(0, 50, block):
            part = rows[first : first + block]
            assert sorted(part) == list(range(first, min(first + block, 50)))
        passes.append(rows.tolist())
    if block > 2:
        assert passes[0] != passes[1] != passes[2] != passes[0]
        assert passes[0] != list(range(50))
    again = RowOrder(3)
    again.passes[0] = 1
    shuffle_in_blocks(rows, again, block)
    assert rows.tolist() == passes[1]  # the seed and the pass say it all


class Batches(Sequential):
    """Notes the rows that its steps see, by their first numbers."""

    def train_step(self, data):
        self.seen = [*self.seen, data[0].data[:, 0].tolist()]
        return {}


def rows_of_steps(shuffle, epochs=2):
    model = Batches([corereg.Input((1,)), layers.Dense(1)])
    model.seen = []
    model.compile("sgd", "mse", run_eagerly=True)
    x = np.arange(10, dtype="float32")[:, None]
    model.fit(x, x, batch_size=4, epochs=epochs, shuffle=shuffle, verbose=0)
    return model.seen


def test_batch_is_kerass_shuffle():
    seen = rows_of_steps("batch")
    assert [sorted(rows) for rows in seen] == 2 * [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert seen != rows_of_steps(False)
    found = rows_of_steps(5)
    assert sorted(np.concatenate(found[:3])[:5]) == [0, 1, 2, 3, 4]
    for wrong in ("blocks", 2.5, -1, [1]):
        with pytest.raises(ValueError, match="expected shuffle as True, False, 'batch' or a numb"):
            net().fit(X, Y, shuffle=wrong)


@pytest.mark.parametrize("shuffle", ["batch", 20])
def test_a_training_in_blocks_goes_on_where_it_stopped(shuffle, tmp_path):
    options = {"batch_size": 8, "shuffle": shuffle, "verbose": 0, "steps_per_epoch": 3}
    whole = net()
    whole.fit(X, Y, epochs=4, **options)
    half = net()
    half.fit(X, Y, epochs=2, **options)  # ends within a pass
    half.save(tmp_path / "m")
    half = load_model(tmp_path / "m")
    half.fit(X, Y, epochs=4, initial_epoch=2, **options)
    assert bits(half) == bits(whole)
    eager = net()
    eager.run_eagerly = True
    eager.fit(X, Y, epochs=4, **options)
    assert bits(eager) == bits(whole)


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.setattr(mapped, "LEAST_BYTES", 1)
    np.save(tmp_path / "x.npy", X)
    raw = np.memmap(tmp_path / "y.bin", "float32", "w+", shape=Y.shape)
    raw[:] = Y
    raw.flush()
    return np.load(tmp_path / "x.npy", mmap_mode="r"), raw


@pytest.mark.parametrize("shuffle", [True, False, "batch", 20])
def test_files_train_as_their_arrays_do(files, shuffle):
    model, other = net(), net()
    before = threading.active_count()
    model.fit(*files, epochs=3, shuffle=shuffle, batch_size=8, verbose=0, validation_split=0.2)
    assert threading.active_count() == before
    other.fit(X, Y, epochs=3, shuffle=shuffle, batch_size=8, verbose=0, validation_split=0.2)
    assert bits(model) == bits(other)
    assert (model.predict(files[0], verbose=0) == other.predict(X, verbose=0)).all()
    assert model.evaluate(*files, verbose=0) == other.evaluate(X, Y, verbose=0)


def test_pages_are_read_ahead_of_the_place(files, monkeypatch):
    assert mapped.is_mapped(files[0])
    assert mapped.is_mapped(np.asarray(files[1])[3:])
    assert not mapped.is_mapped(X)
    monkeypatch.setattr(mapped, "AHEAD_BYTES", 16 * 10)
    data = ArrayDataset((files[0],), (files[1],), (None,))
    reader = mapped.PageReader(data, [files[0], files[1]], 4)

    def reads():
        while reader.step():
            pass
        return reader.read

    data.start_epoch()
    assert reads() == 12
    data.next_batch(4)
    assert reads() == 16
    data.next_batch(44)
    assert reads() == 50
    data.start_epoch()
    assert reads() == 12
    with mapped.read_ahead(data, False, 4):
        assert not [one for one in threading.enumerate() if one.name == "corereg-read-ahead"]
    with mapped.read_ahead(data, True, 4):
        assert [one for one in threading.enumerate() if one.name == "corereg-read-ahead"]


class Parts(corereg.utils.PyDataset):
    """Batches of ten rows; notes the threads that make them."""

    def __init__(self, **options):
        super().__init__(**options)
        self.threads, self.wrong = set(), None

    def __len__(self):
        return 5

    def __getitem__(self, index):
        self.threads.add(threading.current_thread().name)
        time.sleep(0.001 * (5 - index))  # the later, the sooner
        if index == self.wrong:
            raise KeyError("no such file")
        return X[index * 10 :][:10], Y[index * 10 :][:10]


def test_threads_make_batches_in_order():
    model, other = net(), net()
    parts = Parts(workers=3, max_queue_size=4)
    before = threading.active_count()
    model.fit(parts, epochs=3, verbose=0, validation_data=Parts(workers=2))
    other.fit(Parts(), epochs=3, verbose=0)
    assert bits(model) == bits(other)
    assert all(name.startswith("corereg-batches") for name in parts.threads)
    assert (model.predict(parts, verbose=0) == model.predict(X, verbose=0)).all()
    parts.wrong = 3
    with pytest.raises(KeyError, match="no such file"):
        model.fit(parts, verbose=0)
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


def test_no_more_batches_are_made_ahead_than_wanted():
    made = []
    batches = fetched_ahead(lambda i: made.append(i) or i, 20, 2, 3)
    assert next(batches) == 0
    time.sleep(0.02)
    assert sorted(made) == [0, 1, 2]
    assert list(batches) == list(range(1, 20))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_forked_child_makes_the_rest_by_itself():
    batches = fetched_ahead(lambda i: i, 30, 2, 5)
    assert next(batches) == 0
    child = os.fork()
    if not child:
        signal.alarm(20)
        os._exit(0 if list(batches) == list(range(1, 30)) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert list(batches) == list(range(1, 30))


@pytest.mark.parametrize("method", ["fit", "validation", "both", "evaluate", "predict", "first"])
def test_no_thread_is_left_while_an_error_is_kept(method):
    class Batches(corereg.utils.PyDataset):
        def __init__(self, wrong=None):
            super().__init__(workers=2)
            self.wrong = wrong

        def __len__(self):
            return 30

        def __getitem__(self, index):
            if index == self.wrong:
                raise KeyError("no such file")
            return X[:8], Y[:8]

    model = net()
    model.fit(X, Y, verbose=0)
    calls = {
        "fit": lambda: model.fit(Batches(12), validation_data=Batches(), verbose=0),
        "validation": lambda: model.fit(Batches(), validation_data=Batches(12), verbose=0),
        "both": lambda: model.fit(Batches(), validation_data=Batches(0), verbose=0),
        "evaluate": lambda: model.evaluate(Batches(12), verbose=0),
        "predict": lambda: model.predict(Batches(12), verbose=0),
        "first": lambda: model.fit(Batches(0), verbose=0),
    }
    before = threading.active_count()
    with pytest.raises(KeyError) as kept:
        calls[method]()
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert kept.value
    assert threading.active_count() <= before  # one of an earlier test may have ended


def test_an_interrupt_between_two_threads_leaves_none(monkeypatch):
    start, before = threading.Thread.start, threading.active_count()

    def interrupted(thread):
        start(thread)
        if thread.name.endswith("-1"):
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Thread, "start", interrupted)
    with pytest.raises(KeyboardInterrupt):
        next(fetched_ahead(lambda i: i, 20, 3, 3))
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before


@pytest.mark.skipif(os.name == "nt", reason="needs signals")
def test_ctrl_c_ends_the_wait_for_a_batch():
    asleep = threading.Event()
    batches = fetched_ahead(lambda i: asleep.wait(10), 3, 2, 2)
    handler = signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job has none
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        next(batches)
    assert time.monotonic() - began < 5
    signal.signal(signal.SIGALRM, handler)
    signal.signal(signal.SIGINT, before)
    asleep.set()
