"""Switches of one thread: gradients, calls of models, NumPy's warnings, memory, recordings."""

from __future__ import annotations

import gc
import inspect
import threading
import warnings

import numpy as np
import pytest
from numpy._core.multiarray import get_handler_name

from corereg import Tensor, _kernels, enable_grad, no_grad
from corereg.autograd import is_grad_enabled


def in_thread(call):
    """What a call returns in another thread."""
    found = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join(10)
    return found[0]


# ---- gradients ---------------------------------------------------------------------------------


def test_switches_nest_and_go_back():
    seen = [is_grad_enabled()]
    with no_grad():
        seen.append(is_grad_enabled())
        with enable_grad():
            seen.append(is_grad_enabled())
            with no_grad(), no_grad():
                seen.append(is_grad_enabled())
            seen.append(is_grad_enabled())
        seen.append(is_grad_enabled())
    assert [*seen, is_grad_enabled()] == [True, False, True, False, True, False, True]


def test_one_switch_may_be_entered_again():
    same = no_grad()
    with same:
        with enable_grad(), same:
            assert not is_grad_enabled()
        assert not is_grad_enabled()
        with same, same:
            pass
        assert not is_grad_enabled()
    assert is_grad_enabled()
    with same:
        assert not is_grad_enabled()
    assert is_grad_enabled()
    with pytest.raises(IndexError):
        same.__exit__(None, None, None)


def test_an_error_turns_a_switch_back():
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert is_grad_enabled()


@pytest.mark.parametrize("switch", [no_grad, enable_grad])
def test_a_switch_that_dies_inside_its_block_goes_back(switch):
    outer = no_grad if switch is enable_grad else enable_grad
    with outer():
        before = is_grad_enabled()
        entered = switch()
        entered.__enter__()
        entered.__enter__()
        assert is_grad_enabled() is not before
        del entered
        assert is_grad_enabled() is before


def test_switches_are_of_one_thread():
    same = no_grad()
    with same:
        assert in_thread(is_grad_enabled)

        def enter():
            with same:
                inside = is_grad_enabled()
            return inside, is_grad_enabled()

        assert in_thread(enter) == (False, True)
        assert not is_grad_enabled()
    assert is_grad_enabled()


def test_a_switch_left_in_another_thread_turns_back_its_own():
    """As that of a generator that is closed there."""
    entered = no_grad()
    entered.__enter__()

    def leave():
        entered.__exit__(None, None, None)
        return is_grad_enabled()

    assert in_thread(leave)
    assert is_grad_enabled()


def test_a_thread_that_ends_inside_leaves_nothing_to_the_next():
    kept = []

    def enter():
        kept.append(no_grad())
        kept[-1].__enter__()

    for _ in range(20):
        in_thread(enter)
        assert in_thread(is_grad_enabled)
    kept.clear()
    assert in_thread(is_grad_enabled)
    assert is_grad_enabled()


def test_decorated_functions_keep_what_they_are():
    class Owner:
        @no_grad()
        def method(self, a, *, b=2):
            """Says."""
            return a, b, is_grad_enabled()

    @enable_grad()
    @no_grad()
    def inner(depth=2):
        return inner(depth - 1) if depth else is_grad_enabled()

    assert Owner().method(1, b=3) == (1, 3, False)
    assert Owner.method.__name__ == "method"
    assert Owner.method.__doc__ == "Says."
    assert list(inspect.signature(Owner.method).parameters) == ["self", "a", "b"]
    assert inner() is False
    assert is_grad_enabled()


def test_a_decorated_generator_runs_outside_of_the_switch():
    @no_grad()
    def numbers():
        yield is_grad_enabled()

    assert list(numbers()) == [True]


# ---- calls of models ---------------------------------------------------------------------------


def test_the_innermost_call():
    assert _kernels.current_call() is None
    with _kernels.CallContext(True) as outer:
        assert _kernels.current_call() is outer
        assert (outer.training, outer.losses, outer.outer) == (True, [], None)
        with _kernels.CallContext() as inner:
            assert _kernels.current_call() is inner
            assert inner.training is None
            assert inner.outer is outer
            inner.losses.append(1)
            assert in_thread(_kernels.current_call) is None
        assert _kernels.current_call() is outer
        assert outer.losses == []
        assert inner.losses == [1]
        assert inner.outer is None
        with pytest.raises(KeyError), _kernels.CallContext(False):
            raise KeyError
        assert _kernels.current_call() is outer
    assert _kernels.current_call() is None
    with outer:  # again, when it has been left
        assert _kernels.current_call() is outer


def test_a_call_is_entered_once_at_a_time():
    with _kernels.CallContext() as call:
        with pytest.raises(RuntimeError, match="not entered yet"):
            call.__enter__()
        assert _kernels.current_call() is call
    assert _kernels.current_call() is None


def test_calls_left_in_another_order():
    a, b, c = (_kernels.CallContext(i) for i in range(3))
    for call in (a, b, c):
        call.__enter__()
    b.__exit__(None, None, None)
    assert _kernels.current_call() is c
    assert c.outer is a
    c.__exit__(None, None, None)
    assert _kernels.current_call() is a
    in_thread(lambda: a.__exit__(None, None, None))
    assert _kernels.current_call() is None
    a.__exit__(None, None, None)


def test_a_call_that_dies_inside_its_block_is_left():
    outer = _kernels.CallContext(1)
    inner = _kernels.CallContext(2)
    outer.__enter__()
    inner.__enter__()
    del inner
    assert _kernels.current_call() is outer
    inner = _kernels.CallContext(3)
    inner.__enter__()
    del outer
    assert inner.outer.training == 1
    del inner
    assert _kernels.current_call() is None


def test_a_call_in_a_cycle_of_garbage_is_left():
    call = _kernels.CallContext()
    call.losses.append(call)
    call.__enter__()
    del call
    gc.collect()
    assert _kernels.current_call() is None


# ---- NumPy's warnings and memory -----------------------------------------------------------------


@pytest.mark.parametrize("over", ["warn", "raise", "ignore"])
def test_float_errors_are_ignored_inside(over):
    with np.errstate(over=over):
        before = np.geterr()
        with _kernels.ignore_float_errors():
            assert set(np.geterr().values()) == {"ignore"}
            with _kernels.ignore_float_errors():
                assert np.isinf(np.float32(1e38) * np.ones(3, "f4") * 1e30).all()
            assert set(np.geterr().values()) == {"ignore"}
        assert np.geterr() == before


def test_float_errors_keep_the_size_of_numpys_buffer():
    before = np.getbufsize()
    try:
        np.setbufsize(16 * 1024)
        with _kernels.ignore_float_errors():
            assert np.getbufsize() == 16 * 1024
    finally:
        np.setbufsize(before)
    with _kernels.ignore_float_errors():
        assert np.getbufsize() == before


def test_float_errors_come_back_when_the_block_is_lost():
    before = np.geterr()
    entered = _kernels.ignore_float_errors()
    entered.__enter__()
    with pytest.raises(RuntimeError, match="not entered yet"):
        entered.__enter__()
    del entered
    assert np.geterr() == before
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        np.ones(3, "f4") * np.float32(1e38) * np.float32(1e30)
    assert len(caught) == 1


def test_numpys_memory_comes_back_when_the_block_is_lost():
    before = get_handler_name()
    entered = _kernels.CacheLines()
    with entered, pytest.raises(RuntimeError, match="not entered yet"):
        entered.__enter__()
    entered.__enter__()
    assert get_handler_name() == "corereg"
    del entered
    assert get_handler_name() == before


# ---- recordings --------------------------------------------------------------------------------


def test_a_recording_ends_with_its_program():
    a = np.ones(3)
    program = _kernels.Program()
    program.__enter__()
    with pytest.raises(RuntimeError, match="another recording"):
        _kernels.Program().__enter__()
    with pytest.raises(RuntimeError, match="another recording"):
        program.__enter__()
    del program
    assert get_handler_name() == "default_allocator"
    with _kernels.Program() as program:
        _kernels.add(a, a)
    assert len(program) == 1


def test_a_program_is_recorded_once():
    program = _kernels.Program()
    with program:
        pass
    with program:  # nothing is in there yet
        _kernels.add(np.ones(2), np.ones(2))
    with pytest.raises(RuntimeError, match="recorded already"):
        program.__enter__()


def test_backward_leaves_switches_as_they_were():
    t = Tensor(np.ones(2), requires_grad=True)

    class Stop(Exception):
        pass

    def stop(grad):
        assert not is_grad_enabled()
        raise Stop

    before = np.geterr()
    t.register_hook(stop)
    with pytest.raises(Stop):
        (t * t).sum().backward()
    assert is_grad_enabled()
    assert np.geterr() == before
