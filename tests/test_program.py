"""The recorder of kernel calls, its arrangement for threads, and the choice of their number."""

from __future__ import annotations

import operator
import os
import subprocess
import sys

import numpy as np
import pytest

import corereg
from corereg import _kernels
from corereg.callbacks import LambdaCallback
from corereg.layers import Dense
from corereg.models import Sequential
from corereg.runtime.scheduling import (
    FIRST_TRIAL,
    RETURN_SECONDS,
    TRIAL_SECONDS,
    TRIAL_STEPS,
    TRIAL_WORTH_THREADS,
    ThreadTuner,
)

RELU = _kernels.ACTIVATIONS["relu"]


def recorded(rng):
    """A net's forward and backward pass with a count and a sum, and what it writes."""
    x = rng.standard_normal((64, 40)).astype("f4")
    w = rng.standard_normal((40, 24)).astype("f4")
    total, steps = np.zeros(1), np.zeros(1, np.int64)
    out, dw, db = np.empty((64, 24), "f4"), np.empty_like(w), np.empty(24, "f4")
    program = _kernels.Program()
    with program:
        _kernels.dense_forward(x, w, None, RELU, out)
        dz = _kernels.activation_backward(out, out, RELU)
        _kernels.increment(steps)
        _kernels.accumulate_weighted_sum(total, out)
        _kernels.dense_backward_weights(x, dz, dw, db)
        _kernels.add(w, dw)
    return program, (x, w, out, dw, db, total, steps)


@pytest.mark.parametrize("threads", [1, 0])
def test_a_replay_does_what_the_calls_did(rng, threads):
    program, (x, w, out, dw, db, total, steps) = recorded(rng)
    want_w, want_total = w.copy(), total.copy()
    for _ in range(3):
        want = _kernels.dense_forward(x, want_w, None, RELU)
        _kernels.accumulate_weighted_sum(want_total, want)
        dz = _kernels.activation_backward(want, want, RELU)
        _kernels.dense_backward_weights(x, dz, dw, db)
        _kernels.add(want_w, dw)
    program.replay(3, threads or _kernels.get_num_threads())
    assert w.tobytes() == want_w.tobytes()
    assert out.tobytes() == want.tobytes()
    assert total == want_total
    assert steps == 4


def test_instructions_move_only_past_what_they_do_not_touch(rng):
    program, _ = recorded(rng)
    program.replay(1, _kernels.get_num_threads())
    names = [name for name, *_ in program.profile(1)]
    assert sorted(names) == sorted(
        [
            "dense_forward",
            "activation_backward",
            "increment",
            "accumulate_weighted_sum",
            "dense_backward_weights",
            "add",
        ]
    )
    assert names.index("dense_forward") < names.index("activation_backward")
    assert names.index("activation_backward") < names.index("dense_backward_weights")
    assert names.index("dense_forward") < names.index("accumulate_weighted_sum")
    assert names[-1] == "add"  # it writes what the first reads


def test_what_is_arranged_is_kept(rng):
    """Until it has more threads than there may be: the instructions' names are the same objects."""
    program, _ = recorded(rng)
    most = _kernels.get_num_threads()
    program.replay(1, most)
    before = names(program)
    program.replay(1)
    program.replay(1, most)
    assert all(map(operator.is_, names(program), before))


def chain(rng, act, rate, bits=None):
    """Two dense layers with a dropout between, forward and backward, every array made anew."""
    program = _kernels.Program()
    step = np.zeros((), np.int64)
    x, v = rng.standard_normal((33, 20)), rng.standard_normal((20, 30))
    w, dz = rng.standard_normal((30, 9)), rng.standard_normal((33, 9))
    kept = {}
    with program:
        kept["active"] = _kernels.dense_forward(x, v)
        kept["active"] = _kernels.activation_forward(kept["active"], act)
        kept["dropped"] = _kernels.dropout_forward(kept["active"], rate, 5, step, 0, bits)
        out = _kernels.dense_forward(kept["dropped"], w)
        kept["dx"] = _kernels.dense_backward_input(dz, w)
        kept["dy"] = _kernels.dropout_backward(kept["dx"], rate, bits, kept["dropped"])
        kept["dz"] = _kernels.activation_backward(kept["dy"], kept["active"], act)
        dv = np.empty_like(v)
        _kernels.dense_backward_weights(x, kept["dz"], dv)
        _kernels.increment(step)
    return program, kept, step, (out, dv)


def names(program):
    return [name for name, *_ in program.profile(0)]


@pytest.mark.parametrize("threads", [1, 0])
@pytest.mark.parametrize("rate", [0.0, 0.4, 1.0])
def test_neighbours_become_one_call_with_the_same_result(rng, rate, threads):
    program, kept, step, results = chain(rng, RELU, rate)
    first = [a.tobytes() for a in results]
    kept.clear()
    for a in results:
        a[...] = np.nan
    step[...] = 0
    program.replay(1, threads or _kernels.get_num_threads())
    assert [a.tobytes() for a in results] == first
    assert sorted(names(program)) == [
        "dense_backward_input",
        "dense_backward_weights",
        "dense_forward",
        "dense_forward",
        "increment",
    ]


@pytest.mark.parametrize("name", ["active", "dropped", "dx", "dy", "dz"])
def test_what_somebody_holds_is_written_as_if_nothing_were_fused(rng, name):
    program, kept, step, results = chain(rng, RELU, 0.4)
    held = kept[name][1:]  # a view holds its array
    first = [a.tobytes() for a in (held, *results)]
    kept.clear()
    for a in (held, *results):
        a[...] = np.nan
    step[...] = 0
    program.replay(1)
    assert [a.tobytes() for a in (held, *results)] == first


@pytest.mark.parametrize("act", ["relu", "sigmoid", "tanh", "linear"])
def test_a_stored_mask_keeps_dropout_a_call_of_its_own(rng, act):
    code = _kernels.ACTIVATIONS[act]
    program, kept, step, results = chain(rng, code, 0.4, np.zeros(-(-33 * 30 // 8), np.uint8))
    first = [a.tobytes() for a in results]
    kept.clear()
    step[...] = 0
    program.replay(1)
    assert [a.tobytes() for a in results] == first
    assert {"dropout_forward", "dropout_backward", "activation_backward"} <= {*names(program)}


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("shape", [(33, 20, 30), (3, 20, 1), (5, 60, 200)])  # by rows and columns
@pytest.mark.parametrize("act", sorted(_kernels.ACTIVATIONS.keys() - {"softmax", "linear"}))
def test_activations_are_made_in_the_products(rng, act, shape, threads):
    m, k, n = shape
    x, w, v = (rng.standard_normal(s) for s in ((m, k), (k, n), (n, 4)))
    dz, dx, y, code = rng.standard_normal((m, 4)), np.empty((m, n)), None, _kernels.ACTIVATIONS[act]
    program, results = _kernels.Program(), [np.empty((m, 4)), np.empty((m, n))]
    with program:
        slope = np.empty((m, n)) if act in _kernels.KEEPS_SLOPE else None
        y = _kernels.activation_forward(_kernels.dense_forward(x, w), code, slope=slope)
        _kernels.dense_forward(y, v, out=results[0])
        dx = _kernels.dense_backward_input(dz, v)
        known = y if slope is None else slope
        _kernels.activation_backward(dx, known, code, results[1])
    first = [a.tobytes() for a in results]
    del y, slope, dx, known
    for a in results:
        a[...] = np.nan
    program.replay(2, threads)
    assert [a.tobytes() for a in results] == first
    assert names(program) == ["dense_forward", "dense_forward", "dense_backward_input"]


def test_what_comes_between_is_not_overtaken(rng):
    """The counter moves between a product and the dropout of it: the product comes too early."""
    x, w = rng.standard_normal((8, 5)), rng.standard_normal((5, 6))
    step, out = np.zeros((), np.int64), np.empty((8, 6))
    program = _kernels.Program()
    with program:
        y = _kernels.dense_forward(x, w, None, RELU)
        _kernels.increment(step)
        _kernels.dropout_forward(y, 0.5, 5, step, out=out)
    first = out.copy()
    del y
    step[...] = 0
    program.replay(1)
    np.testing.assert_array_equal(out, first)
    assert names(program) == ["dense_forward", "increment", "dropout_forward"]


def test_a_replay_past_the_data_reads_zeros(rng):
    source = rng.standard_normal((10, 3))
    start, order, out = np.zeros(1, np.int64), np.arange(10)[::-1].copy(), np.empty((8, 3))
    program = _kernels.Program()
    with program:
        _kernels.gather_rows(source, out, order, start)
        _kernels.increment(start, 8)
    program.replay(1)
    np.testing.assert_array_equal(out[:2], source[1::-1])
    assert not out[2:].any()
    program.replay(1)
    assert not out.any()


def test_calls_may_be_kept_without_being_run():
    counter = np.zeros(1, np.int64)
    program = _kernels.Program(run=False)
    with program:
        _kernels.increment(counter)
    assert counter[0] == 0
    program.replay(3)
    assert counter[0] == 3


@pytest.mark.parametrize("threads", [1, 0])
def test_programs_take_turns(rng, threads):
    """Two updates of the same weights with gradients of their own, again and again."""
    w = rng.standard_normal((64, 300))
    expected, rate = w.copy(), 0.01
    segments, hyper = _kernels.Segments([w]), _kernels.Hyper("sgd", rate)
    sums, programs = np.zeros(segments.blocks), []
    x = rng.standard_normal((64, 64))
    gradients = [np.zeros_like(w), np.zeros_like(w)]
    for gradient in gradients:
        programs.append(_kernels.Program(run=False))
        with programs[-1]:
            _kernels.dense_forward(x, w, out=gradient)
            segments.set_gradient(0, gradient)
            _kernels.update(segments, hyper, sums)
    counter = np.zeros(1, np.int64)
    between = _kernels.Program(run=False)
    with between:
        _kernels.increment(counter)
    _kernels.replay([(programs[0], 2), (between, 1), (programs[1], 3)], 4, threads)
    for _ in range(4 * 5):
        expected -= rate * (x @ expected)
    np.testing.assert_allclose(w, expected, rtol=1e-10)
    assert (counter[0], hyper.step) == (4, 20)
    assert all(gradient.any() for gradient in gradients)
    _kernels.replay([], 3)
    _kernels.replay([(programs[0], 0)], 3, threads)
    assert hyper.step == 20


def test_what_cannot_be_replayed_says_so(rng):
    program = _kernels.Program()
    with program:
        _kernels.exp(np.zeros(17, np.uint8)[1:].view("f8"))  # copied by the border
    with pytest.raises(RuntimeError, match=r"cannot be replayed: exp had to copy x"):
        program.replay(1)
    copied = _kernels.Program()
    x = rng.standard_normal((4, 4))
    with copied:
        y = _kernels.exp(x.T)
    x[...] = rng.standard_normal((4, 4))
    copied.replay(1)
    assert y.tobytes() == _kernels.exp(x.T.copy()).tobytes()
    broken = _kernels.Program()
    with pytest.raises(KeyError), broken:
        raise KeyError
    assert broken.fault == "KeyError while recording"
    with pytest.raises(RuntimeError, match="another recording"), _kernels.Program():
        _kernels.Program().__enter__()
    program, _ = recorded(rng)
    with pytest.raises(ValueError, match="expected threads from 0 to"):
        program.replay(1, 10_000)
    with pytest.raises(RuntimeError, match="recorded already"):
        program.__enter__()


def test_tuner_keeps_the_faster_team(monkeypatch):
    monkeypatch.setattr(_kernels, "get_num_threads", lambda: 4)
    seconds = {1: 30e-6, 4: 10e-6}
    tuner = ThreadTuner(work=25_000)
    spent = dict.fromkeys(seconds, 0.0)
    for _ in range(200):
        threads, times = tuner.plan()
        times = min(times, 1000)
        assert times * seconds[threads] <= 1.5 * RETURN_SECONDS
        spent[threads] += times * seconds[threads]
        tuner.record_time(threads, times * seconds[threads], times)
    assert spent[1] < FIRST_TRIAL + 0.05 + 0.04 * spent[4]
    assert ThreadTuner(work=1000).plan()[0] == 1  # too little work for threads
    assert ThreadTuner(work=1e6).plan()[0] == 4  # enough for them at once
    assert TRIAL_STEPS > 1


@pytest.mark.parametrize("work", [1.0, 25_000.0, 3e5, 1e7, 1e10])
def test_trials_of_the_other_number_of_threads_are_short(work, monkeypatch):
    """A trial takes two steps or more, TRIAL_STEPS at most, and of long steps few: the time of two,
    or TRIAL_SECONDS."""
    monkeypatch.setattr(_kernels, "get_num_threads", lambda: 4)
    tuner = ThreadTuner(work)
    usual = tuner.plan()[0]
    tuner.record_time(usual, 1e9, 1e9 / (work * 1e-9))  # long enough for a trial
    threads, steps = tuner.plan()
    if work >= TRIAL_WORTH_THREADS:
        assert threads == (1 if usual == 4 else 4)
        assert steps == max(2, min(TRIAL_STEPS, int(TRIAL_SECONDS / (work * 1e-9))))
        seconds = steps * work * 1e-9
        tuner.record_time(threads, 2 * seconds, steps)  # slower: tried again after 25 such times
        tuner.record_time(usual, 24 * 2 * seconds, steps)
        if 49 * seconds > FIRST_TRIAL:
            assert tuner.plan()[0] == usual
        tuner.record_time(usual, 2 * seconds + FIRST_TRIAL, steps)
        assert tuner.plan()[0] == threads
    else:
        assert threads == usual == 1


def test_the_limit_of_threads_may_change_during_a_fit(rng):
    x, y = rng.standard_normal((600, 400)).astype("f4"), rng.standard_normal((600, 300))
    weights = []
    for limits in ([0, 0, 0], [0, 1, 0]):
        corereg.set_random_seed(3)
        model = Sequential([Dense(300, input_dim=400)])
        model.compile("sgd", "mse")
        lower = LambdaCallback(
            on_epoch_begin=lambda n, _, to=limits: corereg.set_num_threads(to[n])
        )
        try:
            model.fit(x, y, batch_size=100, epochs=3, verbose=0, callbacks=[lower])
        finally:
            corereg.set_num_threads(0)
        weights.append(model.get_weights()[0].tobytes())
    assert weights[0] == weights[1]


CHILD = """
import os
import numpy as np
from corereg import _kernels
a = np.ones((512, 512), np.float32)
_kernels.dense_forward(a, a)  # starts the threads
threads = _kernels.get_num_threads()
child = os.fork()
if not child:
    ok = _kernels.dense_forward(a, a)[0, 0] == 512 and _kernels.get_num_threads() == threads
    os._exit(0 if ok else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), _kernels.get_num_threads())
"""


def python(code, **env):
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_forked_child_computes_on_threads_of_its_own():
    done = python(CHILD, OMP_NUM_THREADS="2", COREREG_NUM_THREADS="2")
    assert done.stdout.split()[0] == "0", done.stderr


def test_number_of_threads_from_the_environment():
    ask = "from corereg import _kernels; print(_kernels.get_num_threads())"
    assert python(ask, COREREG_NUM_THREADS="1").stdout == "1\n"
    for bad in ("x", "-1", "1.5"):
        assert f"COREREG_NUM_THREADS as an integer >= 0, received '{bad}'" in (
            python(ask, COREREG_NUM_THREADS=bad).stderr
        )


def test_what_runs_while_a_recording_is_paused_is_not_recorded():
    x = np.ones((2, 3), np.float32)
    with _kernels.recording_paused():  # nothing is recorded
        pass
    program = _kernels.Program()
    with program:
        _kernels.increment(np.zeros((), np.int64))
        with _kernels.recording_paused():
            _kernels.gather_rows(x, x.copy())
            with _kernels.recording_paused():
                _kernels.gather_rows(x, x.copy())
            _kernels.fail_recording("not heard")
            _kernels.track_dependency(x)
        _kernels.increment(np.zeros((), np.int64))
    assert len(program) == 2
    assert program.fault is None
    assert program.dependencies == []
    other = _kernels.Program()
    with other:
        paused = _kernels.recording_paused()
        paused.__enter__()
    del paused  # after the recording has ended
    with _kernels.Program() as third:
        _kernels.increment(np.zeros((), np.int64))
    assert len(third) == 1


# ---- calls that are left out ---------------------------------------------------------------------


def test_calls_are_left_out_by_a_flag(fails):
    """In the recording, in replays on any number of threads, and in joined programs."""
    flag, counter, after = np.ones(1, int), np.zeros(1, int), np.zeros(1, int)
    program = _kernels.Program()
    with program:
        with _kernels.skipping(flag):
            assert _kernels.is_skipped()
            _kernels.increment(counter)
        _kernels.increment(after)
    assert (counter.item(), after.item()) == (0, 1)
    for made in (program, program.joined(_kernels.Program())):
        for threads in range(1, _kernels.get_num_threads() + 1):
            for skips in (0, 1):
                flag[0], counter[0] = skips, 0
                made.replay(3, threads)
                assert counter.item() == (0 if skips else 3)
    assert not _kernels.is_skipped()
    with _kernels.skipping(flag):
        fails(_kernels.skipping(flag).__enter__, RuntimeError, "entered already")
    fails(lambda: _kernels.skipping(np.zeros(1)), TypeError, "flag as an int64 array")
