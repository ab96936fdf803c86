"""What is read of a model while another thread trains it is all of one finished step."""

from __future__ import annotations

import copy
import io
import pickle
import threading
import time

import numpy as np
import pytest
from small import bits, data, net

import corereg
from corereg import _kernels, layers
from corereg.models import Model, Sequential, load_model
from corereg.saving import FileFormatError

X = np.ones((2, 4), "f4")
MOMENT = 0.03  # seconds after which a thread counts as waiting


class Halfway(Sequential):
    """In its step n everything becomes n; the step waits in the middle of that."""

    inside = threading.Event()
    go_on = threading.Event()

    def train_step(self, data):
        parts = [*self.weights, *self.optimizer._state]
        number = float(self.optimizer.iterations) + 1
        for i, part in enumerate(parts):
            if i in (1, len(parts) // 2):
                type(self).inside.set()
                assert type(self).go_on.wait(10)
            part.assign(np.full(part.shape, number))
        self.optimizer.iterations = int(number)
        return {"loss": 0.0}


OWN = {"Halfway": Halfway}


def halfway():
    """A model after two such steps."""
    model = Halfway([layers.Input((4,)), layers.Dense(4), layers.Dense(4)])
    model.compile("adam", "mse", run_eagerly=True)
    Halfway.go_on.set()
    for _ in range(2):
        model.train_on_batch(X, X)
    return model


class InAThread(threading.Thread):
    """Runs a function; `result` gives or raises what it does."""

    def __init__(self, function):
        super().__init__(daemon=True)
        self.function, self.found, self.error = function, None, None
        self.start()

    def run(self):
        try:
            self.found = self.function()
        except BaseException as error:
            self.error = error

    def waits(self):
        self.join(MOMENT)
        return self.is_alive()

    def result(self):
        self.join(10)
        assert not self.is_alive()
        if self.error is not None:
            raise self.error
        return self.found


def in_the_middle_of_a_step(model, function):
    """What a function gives that is called while the model is in the middle of its third step.
    The function has to wait for the end of the step."""
    Halfway.inside.clear()
    Halfway.go_on.clear()
    trainer = InAThread(lambda: model.train_on_batch(X, X))
    try:
        assert Halfway.inside.wait(10)
        reader = InAThread(function)
        assert reader.waits()
    finally:
        Halfway.go_on.set()
    trainer.result()
    return reader.result()


def numbers(model):
    """The different numbers in a model."""
    optimizer = model.optimizer
    state = [] if optimizer is None else [*optimizer.state, np.array(float(optimizer.iterations))]
    return {n for a in [*model.get_weights(), *state] for n in a.reshape(-1).tolist()}


def saved(model):
    file = io.BytesIO()
    model.save(file)
    file.seek(0)
    return numbers(load_model(file, custom_objects=OWN))


def saved_weights(model):
    file, other = io.BytesIO(), Sequential.from_config(model.get_config())
    model.save_weights(file)
    file.seek(0)
    other.load_weights(file)
    return {n for w in other.get_weights() for n in w.reshape(-1).tolist()}


def copied_optimizer(model):
    made = pickle.loads(pickle.dumps(model.optimizer))
    return numbers(model) | {n for p in made.parameters for n in p.data.reshape(-1).tolist()}


def state_alone(model):
    return {n for a in model.optimizer.state for n in a.reshape(-1).tolist()}


READERS = {
    "save": saved,
    "save_weights": saved_weights,
    "get_weights": lambda m: {n for w in m.get_weights() for n in w.reshape(-1).tolist()},
    "get_weights of a layer": lambda m: {
        n for w in m.layers[0].get_weights() for n in w.reshape(-1).tolist()
    },
    "pickle": lambda m: numbers(pickle.loads(pickle.dumps(m))),
    "pickle, protocol 2": lambda m: numbers(pickle.loads(pickle.dumps(m, 2))),
    "deepcopy": lambda m: numbers(copy.deepcopy(m)),
    "optimizer.state": state_alone,
    "pickled optimizer": copied_optimizer,
    "deepcopy of the optimizer": lambda m: {
        n for a in copy.deepcopy(m.optimizer).state for n in a.reshape(-1).tolist()
    },
}


@pytest.mark.parametrize("read", READERS)
def test_a_reader_waits_for_the_end_of_the_step(read):
    model = halfway()
    assert READERS[read](model) == {2.0}
    assert in_the_middle_of_a_step(model, lambda: READERS[read](model)) == {3.0}


@pytest.mark.parametrize("use", ["get_weights", "predict", "evaluate", "deepcopy"])
def test_so_does_who_reads_another_model_of_the_same_layers(use):
    model = halfway()
    other = Model(model.layers[0].input, model.layers[-1].output)
    other.compile("sgd", "mse")
    outputs = X @ np.full((4, 4), 3.0) + 3
    outputs = outputs @ np.full((4, 4), 3.0) + 3
    uses = {
        "get_weights": lambda: other.get_weights()[0][0, 0] == 3,
        "deepcopy": lambda: copy.deepcopy(other).get_weights()[3][0] == 3,
        "predict": lambda: (other.predict(X, verbose=0) == outputs).all(),
        "evaluate": lambda: other.evaluate(X, outputs, verbose=0) == 0,
    }
    uses[use]()  # once before, so that it has locks of its own, and recordings
    assert in_the_middle_of_a_step(model, uses[use])


def test_models_that_were_trained_apart_share_a_lock_when_they_become_one():
    first, second = halfway(), Sequential([layers.Input((4,)), layers.Dense(2)])
    second.compile("sgd", "mse")
    second.train_on_batch(np.ones((2, 4)), np.ones((2, 2)))
    locks = [first._trainer.weights_lock, second._trainer.weights_lock]
    both = Model(first.layers[0].input, second(first.layers[-1].output))
    with locks[0].reading, locks[1].reading:  # who is in when they become one is waited for
        made = InAThread(lambda: both.set_weights([w * 0 for w in both.get_weights()]))
        assert made.waits()
    made.result()
    with both._trainer.shared_lock(both).writing:
        with locks[0].writing, locks[1].reading:
            pass
        waiting = [InAThread(first.get_weights), InAThread(second.layers[-1].get_weights)]
        assert all(one.waits() for one in waiting)
    assert not any(w.any() for one in waiting for w in one.result())
    assert both.layers[1].weights[0]._weights_lock is second.weights[0]._weights_lock


def test_who_is_in_one_of_two_locks_that_become_one_may_enter_again():
    one, other = halfway(), halfway()
    other.get_weights()
    Halfway.go_on.set()
    with one._trainer.weights_lock.writing:
        lock = _kernels.shared_lock([*one.weights, *other.weights])
        with lock.writing, lock.reading:
            one.get_weights()
        waiting = InAThread(other.get_weights)
        assert waiting.waits()
    waiting.result()


def test_a_step_may_read_its_own_model():
    class Reads(Sequential):
        def train_step(self, data):
            self.found = [self.get_weights(), pickle.loads(pickle.dumps(self.layers[0]))]
            self.found += [copy.deepcopy(self.optimizer), self.optimizer.state]
            return {"loss": 0.0}

    model = Reads([layers.Input((4,)), layers.Dense(4)])
    model.compile("adam", "mse", run_eagerly=True)
    model.train_on_batch(X, X)
    assert len(model.found) == 4


def test_set_weights_gets_its_turn_between_two_steps():
    x, y = data()
    model = net()
    model.fit(x, y, verbose=0)
    zeros = [w * 0 for w in model.get_weights()]
    done = threading.Event()

    def train():
        while not done.is_set():
            model.train_on_batch(x, y)

    trainer = InAThread(train)
    try:
        for setting in (model, *model.layers[:1]):
            for _ in range(20):
                setting.set_weights(zeros[: len(setting.weights)])
    finally:
        done.set()
    trainer.result()


def test_writers_take_turns():
    lock, log, done = _kernels.ReadWriteLock(), [], threading.Event()

    def write_again_and_again():
        while not done.is_set():
            with lock.writing:
                log.append("again")
                time.sleep(0.001)

    busy = InAThread(write_again_and_again)
    for _ in range(10):
        with lock.writing:
            log.append("turn")
    done.set()
    busy.result()
    assert log.count("turn") == 10
    assert len(log) < 200


def test_a_pass_over_the_rows_begins_with_its_first_step():
    x, y = data()
    model = net(run_eagerly=True)
    model.fit(x, y, verbose=0)
    with model._trainer.weights_lock.reading:
        trainer = InAThread(lambda: model.fit(x, y, verbose=0))
        assert trainer.waits()
        assert model._trainer.row_order.passes == 1
    trainer.result()
    assert model._trainer.row_order.passes == 2


@pytest.mark.parametrize("copy_it", [pickle.dumps, copy.deepcopy])
def test_a_copy_that_fails_leaves_the_lock(copy_it):
    x, y = data()
    model = net()
    model.fit(x, y, verbose=0)
    model.layers[0].note = threading.Lock()  # nothing can copy it
    try:
        copy_it(model)
    except TypeError as error:
        kept = error
        InAThread(lambda: model.train_on_batch(x, y)).result()
    assert "lock" in str(kept)


def test_copies_keep_what_is_shared():
    x, y = data()
    model = net()
    model.fit(x, y, verbose=0)
    for other in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model), copy.copy(model)):
        for mine, parameter in zip(other.weights, other.optimizer.parameters, strict=True):
            assert mine is parameter
        assert bits(other) == bits(model)
    first, second = pickle.loads(pickle.dumps((model, [model])))
    assert first is second[0]
    again = pickle.loads(pickle.dumps(pickle.loads(pickle.dumps(model))))
    assert bits(again) == bits(model)
    shallow = copy.copy(model)
    assert shallow.weights[0] is model.weights[0]
    assert copy.copy(model.optimizer).parameters[0] is model.weights[0]


def test_buffers_that_a_pickle_hands_out_are_copies():
    model, buffers = halfway(), []
    start = pickle.dumps(model, 5, buffer_callback=buffers.append)
    model.set_weights([w * 0 for w in model.get_weights()])
    assert numbers(pickle.loads(start, buffers=buffers)) == {2.0}


WRONG = {
    "shape": (lambda m: setattr(m.weights[0], "data", np.ones((3, 3), "f4")), "as it was built"),
    "dtype": (lambda m: setattr(m.weights[1], "data", np.ones(5, "f8")), "as it was built"),
    "state": (
        lambda m: setattr(m.optimizer.variables[3], "data", np.ones(2, "f4")),
        "the optimizer's '.*' as it was built, float32 of shape .* of shape \\(2,\\); set it with",
    ),
    "rate": (lambda m: setattr(m.layers[1], "rate", 7), "loading fails: Dropout '.*': expected"),
    "amsgrad": (
        lambda m: setattr(m.optimizer, "amsgrad", True),
        "loading fails: the file lacks some of the optimizer's state; undo what was set",
    ),
    "weight": (
        lambda m: setattr(m.layers[0], "kernel", corereg.Parameter(np.ones((3, 3), "f4"))),
        "loading fails: the file does not fit the model",
    ),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_could_not_be_loaded_is_not_saved(tmp_path, what):
    x, y = data()
    model = net()
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model")
    change, message = WRONG[what]
    change(model)
    with pytest.raises(ValueError, match=message):
        model.save(tmp_path / "model")
    assert [p.name for p in tmp_path.iterdir()] == ["model"]
    assert load_model(tmp_path / "model").optimizer.iterations == 2


def test_trying_to_load_draws_no_random_numbers():
    model = net()
    before = corereg.random.get_state()
    model.save(io.BytesIO())
    assert corereg.random.get_state() == before


def test_classes_that_are_not_registered_are_saved_untried():
    model = halfway()
    model.save(io.BytesIO())
    model.layers[0].name = model.layers[1].name
    model.save(io.BytesIO())


def test_two_dtypes_in_one_optimizer_name_the_file(tmp_path):
    model = Sequential([layers.Input((3,)), layers.Dense(4), layers.Dense(2, dtype="float64")])
    model.compile("adam", "mse")
    model.save(tmp_path / "model")
    from corereg.saving import archive

    config, sections = archive.read(tmp_path / "model")
    config["iterations"] = 1
    archive.write(tmp_path / "other", config, {**sections, "optimizer": {}}, required=["weights"])
    with pytest.raises(FileFormatError, match=r"other'.*one dtype"):
        load_model(tmp_path / "other")
    assert corereg.models.load_model(tmp_path / "other", compile=False).built


def test_an_optimizer_is_built_as_a_whole(tmp_path):
    """A file written beside the begin of a training has all of the optimizer's state, or none."""
    x, y = data()
    model = net()
    build, begun, may_end = model.optimizer.build, threading.Event(), threading.Event()

    def slowly(variables):
        model.optimizer.parameters = list(variables)
        begun.set()
        assert may_end.wait(60)
        build(variables)

    model.optimizer.build = slowly
    trainer = InAThread(lambda: model.fit(x, y, verbose=0))
    assert begun.wait(60)
    saver = InAThread(lambda: model.save(tmp_path / "m.corereg"))
    assert saver.waits()
    del model.optimizer.build
    may_end.set()
    trainer.result()
    saver.result()
    assert load_model(tmp_path / "m.corereg").optimizer.state
