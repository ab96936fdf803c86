"""Denormals are flushed while kernels run, on every thread, and nowhere else: a net whose weights
shrink under a penalty must not slow down (an operation on denormals costs a hundred cycles).

What is checked is not time but the cause: denormal operands count as 0, denormal results are 0,
and the caller's arithmetic is as it was.
"""

from __future__ import annotations

import platform
import threading

import numpy as np
import pytest
from rules import hyper

from corereg import _kernels
from corereg.layers import Dense, Input
from corereg.models import Sequential
from corereg.optimizers import SGD
from corereg.regularizers import L1

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64", "aarch64", "arm64"),
    reason="denormals are flushed on x86-64 and ARM64 only",
)
RELU = _kernels.ACTIVATIONS["relu"]


def denormal(dtype, *shape):
    a = np.full(shape, np.finfo(dtype).tiny / 8, dtype)
    assert (a > 0).all()
    return a


def numpy_keeps_denormals(dtype):
    return bool((denormal(dtype, 100) * np.array(0.5, dtype) > 0).all())


@pytest.mark.parametrize("n", [1, 20, 500_000])
def test_operands_and_results(n, dtype):
    tiny = denormal(dtype, n)
    assert not _kernels.scale(tiny, np.array(1e6, dtype)).any()
    assert not _kernels.scale(8 * tiny, np.array(0.125, dtype)).any()
    assert numpy_keeps_denormals(dtype)


def products(dtype):
    """Calls of the dense kernels on denormal weights or gradients, or on normal numbers whose
    products are denormal, and their results, which should be 0 but for the bias."""
    m, n = 40, 24  # five shares of eight rows
    ones, bias = np.ones((m, n), dtype), np.ones(n, dtype)
    low = np.full((n, n), np.sqrt(np.finfo(dtype).tiny) / 8, dtype)
    out, square, db = np.empty((m, n), dtype), np.empty((n, n), dtype), np.empty(n, dtype)
    for x, w in ((ones, denormal(dtype, n, n)), (np.repeat(low[:1], m, axis=0), low)):
        yield lambda x=x, w=w: _kernels.dense_forward(x, w, bias, RELU, out), (out, 1)
        yield lambda x=x, w=w: _kernels.dense_backward_input(x, w, out=out), (out, 0)
    tiny = denormal(dtype, m, n)
    yield lambda: _kernels.dense_backward_weights(ones, tiny, square, db), (square, 0), (db, 0)


def test_every_thread_of_a_team(dtype):
    """A share for each of 1, 2, 3 and 5 threads (as many as there are: see test_kernels_isa.py)."""
    for call, *expected in products(dtype):
        program = _kernels.Program()
        with program:
            call()
        for threads in (1, 2, 3, 5):
            for a, _ in expected:
                a[...] = np.nan
            program.replay(1, min(threads, _kernels.get_num_threads()))
            assert all((a == value).all() for a, value in expected)
            assert numpy_keeps_denormals(dtype)


def test_threads_of_python_get_their_mode_back(dtype):
    kept = []

    def work():
        call, *_ = next(iter(products(dtype)))
        call()
        kept.append(numpy_keeps_denormals(dtype))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert kept == [True]


def test_mode_after_errors(dtype):
    with pytest.raises(ValueError, match="expected out of shape"):
        _kernels.exp(denormal(dtype, 3), out=np.empty(4, dtype))
    assert numpy_keeps_denormals(dtype)


@pytest.mark.parametrize(
    ("rule", "slots"), [("sgd", 0), ("momentum", 1), ("nesterov", 1), ("rmsprop", 3), ("adam", 2)]
)
def test_weights_and_state_never_become_denormal(rule, slots, dtype):
    """Under a penalty, or without gradients, they shrink by a factor a step. Near the smallest
    normal number they stop (their steps are 0 then) or go to 0 at once."""
    tiny = np.finfo(dtype).tiny
    w, *state = (np.linspace(tiny, 40 * tiny, 50).astype(dtype) for _ in range(1 + slots))
    segments = _kernels.Segments([w], [state] if slots else None, l2=[0.0 if slots else 0.05])
    own, sums = hyper(rule, 1.0), np.zeros(1)
    for _ in range(60):
        _kernels.update(segments, own, sums)
        for a in (w, *state):
            assert ((a == 0) | (np.abs(a) >= tiny)).all()


def test_training_from_denormal_weights_is_training_from_zeros(rng):
    """Denormal weights take no part in a fit, and leave no trace in what it gives."""
    x, y = rng.standard_normal((64, 12)), rng.standard_normal((64, 3))
    results = []
    for weight in (np.finfo(np.float32).tiny / 8, 0.0):
        model = Sequential([Input((12,)), Dense(20, "tanh", kernel_regularizer=L1(0.01)), Dense(3)])
        model.set_weights([np.full_like(w, weight) for w in model.get_weights()])
        model.compile(SGD(0.1), "mse")
        history = model.fit(x, y, batch_size=16, epochs=3, shuffle=False, verbose=0)
        results.append((history.history["loss"], [w.tobytes() for w in model.get_weights()]))
    assert results[0] == results[1]
    assert numpy_keeps_denormals("float32")
