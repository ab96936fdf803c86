"""The graph and the backward pass: order, accumulation, ownership, lifetime, modes, errors."""

from __future__ import annotations

import gc
import inspect
import sys
import threading
import tracemalloc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from corereg import Parameter, Tensor, _kernels, enable_grad, no_grad
from corereg.autograd import Op, apply, check_grads, is_grad_enabled, ops


def leaf(*values):
    return Tensor(np.array(values, np.float64), requires_grad=True)


def equal(t, *values):
    np.testing.assert_array_equal(t.data, values)


pytestmark = pytest.mark.usefixtures("registry_as_before")


# ---- order and accumulation ----------------------------------------------------------------------


@pytest.mark.exhaustive
def test_a_chain_of_100_000_ops_runs_backward_and_dies():
    x = leaf(1.0, 2.0)
    for backward in (True, False):
        out = x
        for i in range(100_000):
            out = out + x if i % 2 else out * 1.0
        if backward:
            out.backward([1.0, 1.0])
        del out
    equal(x.grad, 50_001.0, 50_001.0)


def test_diamonds_pass_each_node_once():
    x = leaf(1.0)
    out = x
    for _ in range(200):  # 2**200 paths
        out = out * 0.5 + out * 0.5
    out.backward()
    equal(x.grad, 1.0)


def test_a_node_waits_for_all_its_users():
    x = leaf(3.0)
    shared = x * 2
    late = ((shared + 1) * shared).exp() * 0  # a long way round
    (shared + late + shared * shared).backward()
    equal(x.grad, 2 + 2 * 2 * 6)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda x: x + x, 2),
        (lambda x: x - x, 0),
        (lambda x: x * x, 6),
        (lambda x: x / x, 0),
        (lambda x: x**2 + x + x, 8),
        (lambda x: (x + x) * (x + x), 24),
        (lambda x: x * x.detach(), 3),
        (lambda x: (x.reshape(1, 1) @ x.reshape(1, 1)).sum(), 6),
    ],
)
def test_one_tensor_on_both_sides(function, expected):
    x = leaf(3.0)
    function(x).backward()
    equal(x.grad, expected)


def test_gradients_add_up_until_zero_grad():
    x, p = leaf(1.0, 2.0), Parameter(np.array([1.0, 2.0]))
    for t in (x, p):
        (t * t).sum().backward()
        (t * 3).sum().backward()
        equal(t.grad, 5.0, 7.0)
        t.zero_grad()
        assert t.grad is None
        t.sum().backward()
        equal(t.grad, 1.0, 1.0)


def test_a_gradient_that_was_set_is_added_to_but_not_written_to():
    given = np.array([10.0, 20.0])
    for t in (leaf(1.0, 2.0), Parameter(np.array([1.0, 2.0]))):
        t.grad = given
        t.sum().backward()
        equal(t.grad, 11.0, 21.0)
        np.testing.assert_array_equal(given, [10.0, 20.0])


def test_backward_of_a_leaf_and_with_a_gradient():
    x = leaf(1.0, 2.0)
    x.backward([3.0, 4.0])
    (x * 2).backward(Tensor([1.0, 10.0]))
    equal(x.grad, 5.0, 24.0)
    y = leaf(2.0)
    (y * y).backward()  # one element needs no gradient, whatever its shape
    equal(y.grad, 4.0)


# ---- ownership of gradient arrays ----------------------------------------------------------------


def both(a, b):
    """An op of one's own whose backward gives one array, not its own, to both inputs."""

    class Both(Op):
        def forward(self, a, b):
            return a + b

        def backward(self, grad, out, a, b):
            return grad, grad

    return apply(Both(), a, b)


SHARING = [
    lambda a, b: a + b,
    lambda a, b: (a + b).reshape(2, 1).T.sum(),
    lambda a, b: a - b,
    both,
    lambda a, b: both(a, b) + a,
    lambda a, b: both(a + 0, b + 0) + (a + b) * (a + 1),
]


@pytest.mark.parametrize("function", SHARING)
def test_no_two_leaves_share_a_gradient(function):
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    check_grads(function, a.data, b.data)
    out = function(a, b)
    given = np.ones(out.shape)
    out.backward(given)
    before = b.grad.data.copy()
    a.grad.data[...] = 100
    given[...] = 200
    np.testing.assert_array_equal(b.grad.data, before)
    b.grad.data[...] = 300
    equal(a.grad, 100, 100)


def test_backward_never_writes_to_the_given_gradient_or_the_inputs():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    given = np.array([1.0, 1.0])
    shared = a + b
    (shared + shared * 2 + (shared + a)).backward(given)
    np.testing.assert_array_equal(given, [1.0, 1.0])
    equal(a, 1.0, 2.0)
    equal(a.grad, 5.0, 5.0)
    equal(b.grad, 4.0, 4.0)


def test_parameter_gradients_are_written_in_place(rng):
    x = Tensor(rng.standard_normal((5, 3)))
    w, b = Parameter(rng.standard_normal((3, 4))), Parameter(rng.standard_normal(4))
    for _ in range(2):
        ops.dense(x, w, b).sum().backward()
        assert w.grad.data is w.buffer
        assert b.grad.data is b.buffer
        np.testing.assert_allclose(w.grad.data, x.data.T @ np.ones((5, 4)), rtol=1e-14)
        equal(b.grad, 5, 5, 5, 5)
        w.zero_grad()
        b.zero_grad()
    (w * 2).sum().backward()  # ops that know of no buffer
    assert w.grad.data is w.buffer
    np.testing.assert_array_equal(w.grad.data, np.full((3, 4), 2.0))


@pytest.mark.parametrize(
    "function",
    [
        lambda x, w: ops.dense(ops.dense(x, w), w),
        lambda x, w: ops.dense(w, w) @ x.T,
        lambda x, w: ops.dense(x, w * 1.0) + ops.dense(x, w),
        lambda x, w: ops.dense(x, w) @ w + w.sum(),
    ],
)
def test_weights_used_twice(function, rng):
    x, w = rng.standard_normal((5, 3)), rng.standard_normal((3, 3))
    check_grads(function, x, w)
    plain, parameter = Tensor(w, requires_grad=True), Parameter(w)
    for t in (plain, parameter):
        function(Tensor(x), t).sum().backward()
    np.testing.assert_allclose(parameter.grad.data, plain.grad.data, rtol=1e-13)
    assert parameter.grad.data is parameter.buffer


def test_frozen_parameters_get_no_gradient(rng):
    w = Parameter(rng.standard_normal((3, 3)))
    x = Tensor(rng.standard_normal((5, 3)), requires_grad=True)
    w.trainable = False
    ops.dense(x, w).sum().backward()
    assert w.grad is None
    assert x.grad is not None


# ---- freed and retained graphs -------------------------------------------------------------------


def test_a_second_backward_needs_retain_graph():
    x = leaf(3.0)
    square = x * x
    square.backward(retain_graph=True)
    square.backward()
    equal(x.grad, 12.0)
    with pytest.raises(RuntimeError, match=r"behind Multiply was freed.*retain_graph=True"):
        square.backward()
    with pytest.raises(RuntimeError, match="freed"):
        (square + x).backward()
    equal(x.grad, 12.0)


@pytest.mark.parametrize("summed", [ops.mean_loss, lambda *a: ops.loss_rows(*a).sum()])
def test_a_retained_loss_gives_the_same_gradient_again(summed, rng):
    y = rng.standard_normal((4, 3))
    x = Tensor(rng.standard_normal((4, 3)), requires_grad=True)
    for z in (x, x * 1.0):
        first, second = summed("squared_error", z, y), (z * z).sum()
        for out in (first, first + second, second + first, first + first):
            out.backward(retain_graph=True)
            once = x.grad.data.copy()
            x.grad.data[...] = 100  # as gradient clipping in place does
            x.zero_grad()
            out.backward(retain_graph=True)
            np.testing.assert_array_equal(x.grad.data, once)
            x.zero_grad()


# ---- modes ---------------------------------------------------------------------------------------


def test_no_grad_and_enable_grad():
    x = leaf(1.0)

    @no_grad()
    def double(t):
        """Twice t."""
        return t * 2

    assert (double.__name__, double.__doc__) == ("double", "Twice t.")
    assert not double(x).requires_grad
    assert (x * 2).requires_grad
    with no_grad():
        assert not is_grad_enabled()
        assert (x * 2).is_leaf
        with enable_grad():
            assert (x * 2).requires_grad
            assert not double(x).requires_grad
            assert is_grad_enabled()
        assert not is_grad_enabled()
        assert enable_grad()(lambda: x * 2)().requires_grad
    assert is_grad_enabled()
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert is_grad_enabled()


def test_one_switch_may_be_entered_again():
    off = no_grad()
    with off:
        with off:
            pass
        assert not is_grad_enabled()
    assert is_grad_enabled()


def test_modes_are_of_the_thread():
    seen, inside, checked = [], threading.Event(), threading.Event()

    def work():
        with no_grad():
            inside.set()
            checked.wait(5)
            seen.append(is_grad_enabled())

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(5)
    assert is_grad_enabled()
    checked.set()
    thread.join()
    with no_grad():
        thread = threading.Thread(target=lambda: seen.append(is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [False, True]


def test_detach_shares_data_and_stops_gradients():
    x = leaf(3.0)
    y = (x * 2).detach()
    assert y.is_leaf
    assert not y.requires_grad
    assert x.detach().data is x.data
    (x * y).backward()
    equal(x.grad, 6.0)


# ---- errors --------------------------------------------------------------------------------------


def test_errors_of_backward(fails):
    x = leaf(1.0, 2.0)
    out = x * 2
    for call, exception, message in [
        (out.backward, RuntimeError, r"one element or an explicit grad.*\(2,\).*\.sum\(\)"),
        (lambda: out.backward(np.ones(3)), ValueError, r"grad of shape \(2,\), received \(3,\)"),
        (lambda: out.backward(1.0), ValueError, r"grad of shape \(2,\), received \(\)"),
        (Tensor(1.0).backward, RuntimeError, "does not depend on any tensor that requires grad"),
        (x.detach().sum().backward, RuntimeError, "does not depend"),
    ]:
        fails(call, exception, message)
    assert x.grad is None
    out.backward(np.ones(2))
    equal(x.grad, 2.0, 2.0)


# ---- lifetime ------------------------------------------------------------------------------------


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def network(x, w, b):
    hidden = ops.dropout(ops.dense(x, w, b, "relu"), 0.5, seed=1)
    inner = (hidden * hidden).sum(axis=1, keepdims=True)
    z = (inner / (1 + inner)).exp() @ b.reshape(1, -1)
    out = ops.mean_loss("squared_error", z, np.zeros(z.shape)) + ops.l1_l2_penalty(w, 0.1, 0.1)
    return hidden, inner, out


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("backward", [False, True])
def test_graphs_have_no_cycles(backward, rng):
    w, b = Parameter(rng.standard_normal((3, 4))), Parameter(rng.standard_normal(4))
    hidden, inner, out = network(Tensor(rng.standard_normal((5, 3))), w, b)
    watched = [weakref.ref(t) for t in (hidden, inner, hidden.data, inner.data)]
    del hidden, inner
    assert all(ref() is not None for ref in watched)
    if backward:
        out.backward()  # frees the graph although its end is held
    else:
        del out
    assert all(ref() is None for ref in watched)


@pytest.mark.usefixtures("no_collector")
def test_memory_stays_flat(rng):
    x = Tensor(rng.standard_normal((5, 3)))
    w, b = Parameter(rng.standard_normal((3, 4))), Parameter(rng.standard_normal(4))

    def step(backward):
        *_, out = network(x, w, b)
        if backward:
            out.backward()
        w.zero_grad()
        b.zero_grad()

    def run(steps):
        for i in range(steps):
            step(backward=i % 3)
        return len(gc.get_objects()), tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        run(20)
        objects, memory = run(20)
        more_objects, more_memory = run(1000)
    finally:
        tracemalloc.stop()
    assert more_objects - objects < 20
    assert more_memory - memory < 20_000


# ---- random graphs -------------------------------------------------------------------------------

LEAVES = [np.array(0.7), np.array([0.3, -0.8, 0.5]), np.array([[0.4, -0.6, 0.9], [-0.2, 0.1, 0.6]])]
# each maps numbers in [-1, 1] to such
STEPS = [
    lambda a, b: (a + b) / 2,
    lambda a, b: 0.5 * (a - b),
    lambda a, b: a * b,
    lambda a, b: a / (2 + b),
    lambda a, b: (2 + a) ** b / 3,
    lambda a, b: (a @ b.T) / 3 if a.shape == b.shape == (2, 3) else a * a,
    lambda a, b: a.exp() / 3,
    lambda a, b: (2 + b).log() - a.tanh() / 9,
    lambda a, b: a.sigmoid() * b,
    lambda a, b: a.softmax() if a.ndim else b.mean(),
    lambda a, b: a.sum(axis=-1, keepdims=True) / 3 if a.ndim else a,
    lambda a, b: a.mean(axis=0) if a.ndim else -a,
    lambda a, b: a.T.reshape(a.shape),
    lambda a, b: ops.dense(a, b.T, activation="tanh") if a.shape == b.shape == (2, 3) else a * b,
]


def broadcastable(a, b):
    return all(1 in pair or pair[0] == pair[1] for pair in zip(a[::-1], b[::-1], strict=False))


@settings(max_examples=200, derandomize=True, deadline=None, database=None)
@given(st.lists(st.tuples(*[st.integers(0, 10**6)] * 3), min_size=1, max_size=8))
def test_random_expressions(program):
    def run(*leaves):
        values = list(leaves)
        for step, i, j in program:
            a, b = values[i % len(values)], values[j % len(values)]
            if not broadcastable(a.shape, b.shape):
                b = a
            values.append(STEPS[step % len(STEPS)](a, b))
        return values[-1] + values[-1] * values[len(values) // 2].sum()

    check_grads(run, *LEAVES, directions=1)


# ---- how deep a call goes ------------------------------------------------------------------------

CALLS = {
    "method": (lambda x: x.exp(), "exp"),
    "function": (ops.exp, "exp"),
    "NumPy's function": (np.exp, "exp"),
    "activation": (lambda x: x.tanh(), "activation_forward"),
    "backward": (lambda x: x.tanh().sum().backward(), "activation_backward"),
    "dense": (lambda x: ops.dense(x, x), "dense_forward"),
    "backward of dense": (lambda x: ops.dense(x, x).sum().backward(), "dense_backward_input"),
    "loss": (lambda x: ops.mean_loss("squared_error", x, x.data), "loss_forward"),
}


@pytest.mark.parametrize("name", CALLS)
def test_at_most_four_python_frames_from_a_call_to_its_kernel(name, monkeypatch):
    call, kernel = CALLS[name]
    depths, real = [], getattr(_kernels, kernel)

    def counting(*args, **kwargs):
        frame, depth = inspect.currentframe().f_back, 0
        while frame.f_code is not here.f_code:
            frame, depth = frame.f_back, depth + 1
        depths.append(depth - 1)  # without the lambda above
        return real(*args, **kwargs)

    here = inspect.currentframe()
    monkeypatch.setattr(_kernels, kernel, counting)
    call(Tensor(np.eye(3), requires_grad=True))
    assert len(depths) == 1
    assert depths[0] <= 4


@pytest.mark.parametrize("seen", ["not", "array", "tensor", "view", "part of another's"])
def test_a_gradient_is_added_to_in_place_where_nobody_sees_it(seen):
    x = Tensor(np.ones(3), requires_grad=True)
    (x * 2.0).sum().backward()
    if seen == "array":
        keep = x.grad.data
    elif seen == "tensor":
        keep = x.grad
    elif seen == "view":
        keep = x.grad.data[:]
    elif seen == "part of another's":
        keep = np.full(6, 2.0)
        x.grad = keep[:3]
    memory = x.grad.data.ctypes.data
    (x * 3.0).sum().backward()
    assert x.grad.tolist() == [5, 5, 5]
    assert (x.grad.data.ctypes.data == memory) == (seen == "not")
    assert seen == "not" or keep.tolist() == [2] * len(keep)


def test_an_operator_runs_no_python():
    called = []
    a = Tensor([1.0], requires_grad=True)
    ops.negative(a @ a)  # what is imported when it is used first

    def traced(frame, event, arg):
        if event == "call":
            called.append(frame.f_code.co_name)

    sys.setprofile(traced)
    try:
        a + 1.0
        a @ a
        2.0 * a
        ops.negative(a)
    finally:
        sys.setprofile(None)
    # a product asks for its precision
    assert called == ["__init__", "forward", "negative"]


def test_an_instance_of_an_op_is_for_one_call(fails):
    op, x = ops.arithmetic.Negative(), leaf(1.0)
    apply(op, x)
    fails(lambda: apply(op, x), RuntimeError, "instance of Negative is in a graph already")
