"""Locks of models: who waits, who is refused, and what an interrupt leaves behind."""

from __future__ import annotations

import contextlib
import dis
import os
import signal
import sys
import threading
import time

import numpy as np
import pytest

from corereg import Parameter, _kernels

GUARDS = [
    lambda lock, training: lock.reading,
    lambda lock, training: lock.writing,
    lambda lock, training: training.testing,
    lambda lock, training: training.training("test"),
]


class Attempt(threading.Thread):
    """Another thread that enters all locks at once, waits until it can, or is refused."""

    def __init__(self, lock, training):
        super().__init__(daemon=True)
        self.locks, self.entered = (lock, training), False
        self.start()

    def run(self):
        lock, training = self.locks
        with (
            contextlib.suppress(RuntimeError),
            training.training("attempt"),
            training.testing,
            lock.writing,
        ):
            self.entered = True

    def fails(self):
        """Whether it does not get in within a moment."""
        self.join(0.03)
        return not self.entered


def free(locks, *waiting):
    """Whether another thread can enter all locks, those that wait for them first."""
    for attempt in waiting:
        attempt.join(10)
    attempt = Attempt(*locks)
    attempt.join(10)
    return attempt.entered


@pytest.fixture
def locks():
    return _kernels.ReadWriteLock(), _kernels.TrainingLock()


@pytest.mark.parametrize("guard", GUARDS)
def test_a_lock_is_free_after_the_block(guard, locks):
    with guard(*locks):
        attempt = Attempt(*locks)
        assert attempt.fails()
    assert free(locks, attempt)
    with pytest.raises(KeyError), guard(*locks):
        raise KeyError
    assert free(locks)


@pytest.mark.parametrize("guard", GUARDS)
def test_a_guard_that_dies_inside_its_block_leaves(guard, locks):
    """Some releases of Python look at signals after __enter__ and before the block."""
    entered = guard(*locks)
    entered.__enter__()
    attempt = Attempt(*locks)
    assert attempt.fails()
    del entered
    assert free(locks, attempt)


@pytest.mark.parametrize("guard", GUARDS)
def test_leaving_twice_or_without_entering_changes_nothing(guard, locks):
    outer, inner = guard(*locks), guard(*locks)
    inner.__exit__(None, None, None)
    with outer:
        inner.__exit__(None, None, None)
        attempt = Attempt(*locks)
        assert attempt.fails()
    outer.__exit__(None, None, None)
    assert free(locks, attempt)


def test_one_guard_may_be_entered_again_inside_itself(locks):
    lock, _ = locks
    for guard in (lock.reading, lock.writing):
        with guard, guard:
            pass
        assert free(locks)
        with guard:
            with guard:
                pass
            attempt = Attempt(*locks)
            assert attempt.fails()
        assert free(locks, attempt)


def test_a_guard_belongs_to_the_thread_that_entered(locks):
    guard, errors = locks[0].writing, []

    def enter():
        try:
            guard.__enter__()
        except RuntimeError as error:
            errors.append(str(error))

    with guard:
        thread = threading.Thread(target=enter)
        thread.start()
        thread.join(5)
    assert len(errors) == 1
    assert "no other thread" in errors[0]


def test_the_guard_of_a_training_is_for_one_block(locks):
    guard = locks[1].training("fit")
    with guard, pytest.raises(RuntimeError, match="fit: expected a guard that is not entered yet"):
        guard.__enter__()
    assert free(locks)


def test_a_reader_that_wants_to_write_is_told_instead_of_waiting(locks):
    lock, _ = locks
    with lock.reading, pytest.raises(RuntimeError, match="would wait for itself"):
        lock.writing.__enter__()
    assert free(locks)


def test_a_thread_that_reads_reads_again_beside_a_writer_that_waits(locks):
    lock, log = locks[0], []

    def write():
        with lock.writing:
            log.append("wrote")

    writer = threading.Thread(target=write)
    with lock.reading:
        writer.start()
        time.sleep(0.02)  # the writer waits for this reader, so this reader must not wait for it
        with lock.reading:
            log.append("read")
    writer.join(5)
    assert log == ["read", "wrote"]


def test_many_threads_read_at_once(locks):
    lock, inside = locks[0], threading.Barrier(12)

    def read():
        with lock.reading:
            inside.wait(10)

    threads = [threading.Thread(target=read) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert not inside.broken
    assert free(locks)


# ---- training and testing ----------------------------------------------------------------------


def elsewhere(call):
    """What a call raises in another thread, or None."""
    raised = []

    def run():
        try:
            call()
            raised.append(None)
        except RuntimeError as error:
            raised.append(str(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(5)
    return raised[0]


def test_one_training_at_a_time(locks):
    training = locks[1]

    def again():
        with training.training("fit"):
            pass

    refusal = (
        "fit: this model is being trained by another call; train one model from one thread at a "
        "time"
    )
    with training.training("train_on_batch"):
        assert elsewhere(again) == refusal
        with pytest.raises(RuntimeError) as caught:
            again()
        assert str(caught.value) == refusal
    assert elsewhere(again) is None


def test_who_trains(locks):
    training = locks[1]
    assert training.trainer_thread is None
    assert not training.trains_elsewhere
    training.check_idle("compile")
    training.check_not_elsewhere("evaluate")
    with training.training("fit"), training.testing:
        assert training.trainer_thread == threading.get_ident()
        assert not training.trains_elsewhere
        training.check_not_elsewhere("evaluate")
        with pytest.raises(RuntimeError) as caught:
            training.check_idle("compile")
        assert str(caught.value) == (
            "compile: the model is being trained; wait until that has ended"
        )
        assert elsewhere(lambda: training.check_not_elsewhere("evaluate")) == (
            "evaluate: this model is being trained by another thread; wait until that has ended, "
            "or evaluate from a callback"
        )
        found = []
        assert elsewhere(lambda: found.append(training.trains_elsewhere)) is None
        assert found == [True]
    assert training.trainer_thread is None


def test_training_waits_for_a_test_under_way(locks):
    training, log = locks[1], []
    inside, go_on = threading.Event(), threading.Event()

    def check():
        with training.testing, training.testing:
            inside.set()
            go_on.wait(10)
            log.append("tested")

    tester = threading.Thread(target=check)
    tester.start()
    inside.wait(10)
    threading.Timer(0.05, go_on.set).start()
    with training.training("fit"):
        log.append("trains")
    tester.join(10)
    assert log == ["tested", "trains"]


@pytest.mark.parametrize("error", [None, KeyError, KeyboardInterrupt])
def test_what_is_called_at_the_end_of_training_runs_under_the_lock(locks, error):
    training = locks[1]
    seen = []

    def at_end():
        seen.append(training.trainer_thread)
        if error is not None:
            raise error

    guard = training.training("fit", at_end)
    if error is None:
        with guard:
            pass
    else:
        with pytest.raises(error), guard:
            pass
    assert seen == [threading.get_ident()]
    assert free(locks)


def test_what_is_called_at_the_end_is_not_called_for_a_refused_training(locks):
    training, seen = locks[1], []
    with (
        training.training("fit"),
        pytest.raises(RuntimeError),
        training.training("fit", lambda: seen.append(1)),
    ):
        pass
    assert not seen


def test_an_exclusive_lock_says_who_and_why():
    lock = _kernels.ExclusiveLock("it is being run by another call")
    assert lock.owner is None
    with lock.holding("step"):
        assert lock.owner == threading.get_ident()
        with pytest.raises(RuntimeError, match=r"^again: it is being run by another call$"):
            lock.holding("again").__enter__()
        assert lock.owner == threading.get_ident()
    assert lock.owner is None


# ---- signals and forks --------------------------------------------------------------------------

needs_signals = pytest.mark.skipif(os.name != "posix", reason="needs signals")


class Alarm(Exception):
    pass


@pytest.fixture
def alarm():
    """Raises Alarm in the main thread after some time."""

    def ring(number, frame):
        raise Alarm

    before = signal.signal(signal.SIGALRM, ring)
    yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@needs_signals
@pytest.mark.parametrize("held", GUARDS)
@pytest.mark.parametrize("wanted", GUARDS[:3])
def test_a_wait_ends_at_a_signal(held, wanted, locks, alarm):
    inside, go_on = threading.Event(), threading.Event()

    def hold():
        with held(*locks):
            inside.set()
            go_on.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(10)
    began = time.monotonic()
    try:
        alarm(0.03)
        with wanted(*locks):
            time.sleep(0.05)
    except Alarm:
        pass
    assert time.monotonic() - began < 5
    assert locks[0].waiting == 0
    go_on.set()
    holder.join(10)
    assert free(locks)


@needs_signals
def test_a_writer_interrupted_in_its_wait_lets_readers_in(locks, alarm):
    lock = locks[0]
    inside, go_on, log = threading.Event(), threading.Event(), []

    def hold():
        with lock.reading:
            inside.set()
            go_on.wait(20)

    def read():
        with lock.reading:
            log.append("read")

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(10)
    alarm(0.03)
    with pytest.raises(Alarm):
        lock.writing.__enter__()
    reader = threading.Thread(target=read)
    reader.start()
    reader.join(5)
    assert log == ["read"]
    go_on.set()
    holder.join(10)
    assert free(locks)


@needs_signals
def test_a_handler_that_wants_the_lock_its_thread_waits_for_is_told(locks, alarm):
    lock = locks[0]
    inside, go_on, errors = threading.Event(), threading.Event(), []

    def hold():
        with lock.reading:
            inside.set()
            go_on.wait(20)

    def write(number, frame):
        with lock.reading:  # reading is fine
            pass
        try:
            lock.writing.__enter__()
        except RuntimeError as error:
            errors.append(str(error))
        go_on.set()

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(10)
    signal.signal(signal.SIGALRM, write)
    alarm(0.03)
    with lock.writing:
        pass
    holder.join(10)
    assert len(errors) == 1
    assert "would wait for itself" in errors[0]
    assert free(locks)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("own", [False, True])
def test_a_forked_child_keeps_what_its_own_thread_holds(guard, own, locks):
    """Of all that threads held, what the forking thread itself is inside of stays held."""
    inside, go_on = threading.Event(), threading.Event()

    def hold():
        with guard(*locks):
            inside.set()
            go_on.wait(20)

    holder = threading.Thread(target=hold)
    if own:
        held = guard(*locks)
        held.__enter__()
    else:
        holder.start()
        inside.wait(10)
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        waiting = [Attempt(*locks)] if own else []
        right = all(attempt.fails() for attempt in waiting)
        if own:
            held.__exit__(None, None, None)
        os._exit(0 if right and free(locks, *waiting) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    if own:
        held.__exit__(None, None, None)
    else:
        go_on.set()
        holder.join(10)
    assert free(locks)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="`with` is compiled in another way")
def test_python_looks_at_no_signal_between_enter_and_the_block():
    """What src/thread_state.pxi relies on: nothing stands between the call of __enter__ and the
    range of bytecodes that __exit__ protects."""

    def block(lock):
        with lock:
            return 1

    code = list(dis.Bytecode(block))
    [enter] = [i for i, one in enumerate(code) if one.opname == "BEFORE_WITH"]
    protected = dis._parse_exception_table(block.__code__)
    assert code[enter + 1].offset == min(entry.start for entry in protected)


@pytest.mark.parametrize("inside", ["reading", "writing"])
@pytest.mark.parametrize("wanted", ["reading", "writing"])
def test_a_lock_in_the_place_of_others_waits_until_they_are_left(inside, wanted):
    """Readers wait for a writer alone, writers for all; who is in one of them does not wait."""
    weights = [Parameter(np.ones(1), name) for name in "ab"]
    before = [_kernels.shared_lock([weight]) for weight in weights]
    entered, own = threading.Event(), threading.Event()

    def enter():
        with getattr(lock, wanted):
            entered.set()

    with getattr(before[1], inside):
        lock = _kernels.shared_lock(weights)
        with getattr(lock, inside):
            own.set()
        other = threading.Thread(target=enter, daemon=True)
        other.start()
        waits = "writing" in (inside, wanted)
        assert entered.wait(0.05 if waits else 10) is not waits
    assert own.is_set()
    assert entered.wait(10)
    other.join()
