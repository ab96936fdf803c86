"""ForwardWorkspace and ForwardPool: recorded forward passes of any number of inputs and outputs."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from corereg import _kernels

RELU = _kernels.ACTIVATIONS["relu"]


def workspace(rows=4, dtype="float32"):
    """(x (rows, 3), z (rows, 3)) -> (relu(x), relu(x) + z), recorded."""
    x, z = np.zeros((rows, 3), dtype), np.zeros((rows, 3), dtype)
    factor = np.ones((), dtype)
    program = _kernels.Program()
    with program:
        active = _kernels.activation_forward(x, RELU)
        total = _kernels.scale(active, factor)
        _kernels.add(total, z)
    return _kernels.ForwardWorkspace(program, (x, z), (active, total))


def pool(*workspaces, most=16):
    made = _kernels.ForwardPool(_kernels.Snapshot([]), _kernels.ReadWriteLock(), most)
    for one in workspaces:
        made.give(one)
    return made


def inputs(rng, rows=4, dtype="float32"):
    return tuple(rng.standard_normal((rows, 3)).astype(dtype) for _ in range(2))


def expected(x, z):
    active = np.maximum(x, 0)
    return active, active + z


def equal(found, wanted):
    assert type(found) is tuple
    assert len(found) == len(wanted)
    for a, b in zip(found, wanted, strict=True):
        np.testing.assert_array_equal(a, b)


def test_tuples_go_in_and_come_out(rng):
    made = pool(workspace())
    given = inputs(rng)
    first = made(given)
    equal(first, expected(*given))
    again = inputs(rng)
    second = made(again)
    equal(second, expected(*again))
    equal(first, expected(*given))  # results are new arrays


def test_one_input_and_one_output_are_arrays(rng):
    x = np.zeros((2, 3))
    program = _kernels.Program()
    with program:
        out = _kernels.activation_forward(x, RELU)
    made = pool(_kernels.ForwardWorkspace(program, (x,), (out,)))
    given = rng.standard_normal((2, 3))
    for x in (given, (given,)):
        found = made(x)
        assert type(found) is np.ndarray
        np.testing.assert_array_equal(found, np.maximum(given, 0))


def test_what_is_not_recorded_is_left_to_the_caller(rng):
    x, z = inputs(rng)
    made = pool(workspace())
    for other in (
        *(x, (x,), (x, z, z), [x, z], None, (x, None), (x, z[:3])),
        *((x.astype("f8"), z), (x, z.astype(">f4")), (x[:, :2], z), (x, np.ones((3, 4), "f4").T)),
        (x.view(np.ma.MaskedArray), z),
    ):
        assert made(other) is None
    equal(made((x, z)), expected(x, z))


def test_signatures(rng):
    small, large, double = workspace(2), workspace(5), workspace(2, "float64")
    made = pool(small, large, double)
    f4, f8 = np.dtype("f4"), np.dtype("f8")
    assert small.signature == (((2, 3), f4), ((2, 3), f4))
    assert made.take(double.signature) is double
    assert made.take((((2, 3), f8), ((2, 3), f8))) is None
    assert made.take(((2, 3), f4)) is None
    for rows, dtype in ((2, "float32"), (5, "float32"), (2, "float32")):
        given = inputs(rng, rows, dtype)
        equal(made(given), expected(*given))
    assert made(inputs(rng, 2, "float64")) is None
    made.give(double)
    given = inputs(rng, 2, "float64")
    equal(made(given), expected(*given))


def test_only_the_latest_signatures_are_kept(rng):
    workspaces = [workspace(rows) for rows in range(1, 6)]
    made = pool(*workspaces, most=3)
    assert [made(inputs(rng, rows)) is not None for rows in range(1, 6)] == [
        *(False, False, True, True, True)
    ]
    for _ in range(5):
        made.give(workspace(5))
    taken = [made.take(workspaces[4].signature) for _ in range(5)]
    assert [one is not None for one in taken] == [True, True, True, False, False]


def test_a_change_of_what_was_recorded_is_noticed(rng):
    class Part:
        pass

    part = Part()
    made = _kernels.ForwardPool(_kernels.Snapshot([part]), _kernels.ReadWriteLock())
    made.give(workspace())
    assert made(inputs(rng)) is not None
    part.new = 1
    assert made(inputs(rng)) is None


def test_run_writes_into_given_arrays(rng):
    one = workspace()
    made = pool()
    given, out = inputs(rng), inputs(rng)
    made.run(one, given, out)
    equal(out, expected(*given))
    for memory, a in zip(one.inputs, given, strict=True):
        memory[...] = 2 * a
    made.run(one, None, out)
    equal(out, expected(*(2 * a for a in given)))
    turned = tuple(np.asfortranarray(a) for a in given)
    made.run(one, turned, out)
    equal(out, expected(*given))


@pytest.mark.parametrize("size", [1, 3])
def test_run_many_takes_batches_side_by_side(rng, size):
    made = pool()
    given, out = inputs(rng, 28), inputs(rng, 28)
    made.run_many([workspace() for _ in range(size)], given, out)
    equal(out, expected(*given))
    made.run_many([workspace()], tuple(a[:0] for a in given), tuple(a[:0] for a in out))


@pytest.mark.parametrize("size", [1, 3])
def test_run_many_returns_when_its_time_is_over(rng, size):
    made = pool()
    given, out = inputs(rng, 28), inputs(rng, 28)
    before = [a.copy() for a in out]
    done = made.run_many([workspace() for _ in range(size)], given, out, 0.0)
    assert 1 <= done <= size
    rows = done * 4
    equal(tuple(a[:rows] for a in out), expected(*(a[:rows] for a in given)))
    for a, b in zip(out, before, strict=True):
        np.testing.assert_array_equal(a[rows:], b[rows:])
    assert made.run_many([workspace()], given, out, 60.0) == 7
    equal(out, expected(*given))


def test_errors_of_run(rng, fails):
    one, made = workspace(), pool()
    x, z = inputs(rng)
    out = inputs(rng)
    for given, found, error, message in (
        ((x, z), list(out), TypeError, r"expected outputs as a tuple of 2 arrays, received list"),
        ((x,), out, TypeError, r"expected inputs as a tuple of 2 arrays"),
        ((x, 1), out, TypeError, r"expected inputs\[1\] as a NumPy array, received int"),
        ((x, z.astype("f8")), out, TypeError, r"inputs\[1\] of dtype float32, received float64"),
        ((x, z[:2]), out, ValueError, r"inputs\[1\] of shape \(4, 3\), received \(2, 3\)"),
        ((x, z), (out[0], out[1][:3]), ValueError, r"outputs\[1\] of shape"),
        ((x, z), (out[0], out[1][:, ::-1]), TypeError, r"outputs\[1\] contiguous and writeable"),
    ):
        fails(lambda g=given, f=found: made.run(one, g, f), error, message, *out)


def test_errors_of_run_many(rng, fails):
    made = pool()
    given, out = inputs(rng, 8), inputs(rng, 8)
    x, z = given
    for workspaces, sources, targets, message in (
        ([], given, out, "a workspace at least"),
        ([workspace()], (x[:7], z[:7]), out, r"inputs\[0\] of whole batches of shape \(4, 3\)"),
        ([workspace()], (x, z[:4]), out, r"inputs\[1\] of whole batches"),
        ([workspace()], given, (out[0], out[1][:4]), r"outputs\[1\] of whole batches"),
        ([workspace(0)], given, out, r"inputs\[0\] of whole batches of shape \(0, 3\)"),
        ([workspace(), workspace(2)], given, out, "workspaces of one signature"),
    ):
        fails(
            lambda w=workspaces, s=sources, t=targets: made.run_many(w, s, t),
            *(ValueError, message, *out),
        )


def test_errors_of_a_workspace(fails):
    program, a = _kernels.Program(), np.zeros((2, 3), "f4")
    make = _kernels.ForwardWorkspace
    fails(lambda: make(program, (), (a,)), ValueError, "received 0 and 1")
    fails(lambda: make(program, (a,), ()), ValueError, "received 1 and 0")
    fails(lambda: make(program, (a[:, ::2],), (a,)), ValueError, "contiguous")
    fails(lambda: make(program, (a,), (a[:, ::2],)), ValueError, "contiguous")
    fails(lambda: make(program, ([1],), (a,)), TypeError, "arrays of numbers, received list")
    objects = np.array([None])
    fails(lambda: make(program, (a,), (objects,)), TypeError, "numbers, received object")
    fails(lambda: make(program, [a], (a,)), TypeError, "tuple")
    made = make(program, (a,), (a,))
    fails(lambda: made.__init__(program, (a,), (a,)), RuntimeError, "one call of __init__")


def test_a_call_waits_for_the_writer_and_keeps_its_workspace(rng):
    lock, done = _kernels.ReadWriteLock(), []
    made = _kernels.ForwardPool(_kernels.Snapshot([]), lock)
    made.give(workspace())
    given = inputs(rng)
    reader = threading.Thread(target=lambda: done.append(made(given)))
    with lock.writing:
        reader.start()
        while not lock.waiting:
            pass
        assert not done
        assert made.threads == _kernels.get_num_threads()
    reader.join(10)
    equal(done[0], expected(*given))
    with lock.reading:
        assert made.threads == max(1, _kernels.get_num_threads() // 2)
        equal(made(given), expected(*given))
