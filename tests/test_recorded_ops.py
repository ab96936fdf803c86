"""Ops in a recorded function: what users write by hand replays, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
import recorded_functions
from hypothesis import given, settings, strategies as st

import corereg
from corereg import Parameter, Tensor
from corereg.autograd import Op, apply, ops


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(0, 2**32))
def test_random_functions(seed):
    recorded_functions.check(seed)


def test_threads_do_not_matter(rng):
    def function(x, w):
        y = ops.softplus(x * 2 - 1) / (1 + ops.exp(-x)) + ops.where(x > 0, x, 0.1 * x)
        return [y, y.sum(0), y.sum(1), ops.max(y, 0), ops.argmax(y, 1), ops.cumsum(y, 1), y @ w]

    x, w = rng.standard_normal((1000, 300)), rng.standard_normal((300, 7))
    expected = [t.data.tobytes() for t in function(Tensor(x), Tensor(w))]
    try:
        for threads in (1, 0):
            corereg.set_num_threads(threads)
            recorded = corereg.record(function)
            for scale in (3.0, 2.0, 1.0, 1.0):
                got = recorded(x * scale, w)
            assert [t.data.tobytes() for t in got] == expected
    finally:
        corereg.set_num_threads(0)


def logistic(w, b, rate=0.1, strength=0.01):
    """A step of logistic regression with an L1 penalty: loss, gradients, update."""

    def step(x, y):
        z = x @ w + b
        loss = (ops.softplus(z) - y * z).mean() + strength * ops.abs(w).sum()
        loss.backward()
        with corereg.no_grad():
            w.sub_(rate * w.grad)
            b.sub_(rate * b.grad)
        w.grad = b.grad = None
        return loss

    return step


def soft_threshold(w, rate=0.1, strength=0.05):
    """A proximal gradient step: least squares, then the weights shrink towards 0."""

    def step(x, y):
        loss = ((x @ w - y) ** 2).mean()
        loss.backward()
        with corereg.no_grad():
            moved = w - rate * w.grad
            w.copy_(ops.sign(moved) * ops.maximum(ops.abs(moved) - rate * strength, 0))
        w.zero_grad()
        return {"loss": loss, "zeros": (w == 0).astype("int64").sum()}

    return step


def pinn(w, v, b, rate=0.01):
    """A network u(x) with u'' + u = 0: second derivatives in the loss."""

    def step(x, _):
        x = x[:, :1].detach().requires_grad_()
        u = ops.tanh(x * w + b) @ v
        (du,) = corereg.grad(u.sum(), x, create_graph=True)
        (d2u,) = corereg.grad(du.sum(), x, create_graph=True)
        loss = ops.mean((d2u + u) ** 2) + (u[0, 0] - 1) ** 2
        gradients = corereg.grad(loss, [w, v, b])
        with corereg.no_grad():
            for parameter, gradient in zip((w, v, b), gradients, strict=True):
                parameter -= rate * gradient
        return loss

    return step


def leaves(kind, *shapes):
    rng = np.random.default_rng(7)
    made = [(0.3 * rng.standard_normal(shape)).astype("f4") for shape in shapes]
    return [kind(a) if kind is Parameter else kind(a, requires_grad=True) for a in made]


STEPS = {
    "logistic": (logistic, (30,), (1,)),
    "soft threshold": (soft_threshold, (30,)),
    "pinn": (pinn, (1, 12), (12, 1), (1, 12)),
}


@pytest.mark.parametrize("kind", [Parameter, Tensor])
@pytest.mark.parametrize("name", STEPS)
def test_training_by_hand(name, kind, rng):
    make, *shapes = STEPS[name]
    data = [
        (rng.standard_normal((32, 30)).astype("f4"), (rng.random(32) > 0.5).astype("f4"))
        for _ in range(8)
    ]
    results = []
    for record in (lambda f: f, corereg.record):
        weights = leaves(kind, *shapes)
        step = record(make(*weights))
        outs = [step(Tensor(x), Tensor(y)) for x, y in data]
        outs = [[t.data.tobytes() for t in (o.values() if type(o) is dict else [o])] for o in outs]
        results.append((outs, [w.data.tobytes() for w in weights]))
    assert results[0] == results[1]
    assert step.python_calls == 2
    assert len({out[0] for out in results[1][0]}) == len(data)  # losses that are kept stay


def test_changes_in_place(rng):
    results = []
    for record in (lambda f: f, corereg.record):
        w, t = Parameter(np.ones(4, "f4")), Tensor(np.zeros((3, 4)))

        def step(x, w=w, t=t):
            with corereg.no_grad():
                w.assign_add(x[0])
                w.assign_sub(x[1].data * 0.5)
                w.assign(w * 0.9)
                t[1:] = x[:2]
                t[0, ::2] = 5
                t.mul_(x).fill_(0.5) if x.shape[0] > 3 else t.div_(2)
            return [w + 0, t * 1]

        step = record(step)
        rows = np.random.default_rng(2).standard_normal((5, 3, 4))
        results.append([[r.data.tobytes() for r in step(Tensor(x))] for x in rows])
    assert results[0] == results[1]
    assert step.python_calls == 2


def test_weights_exchanged_outside_are_seen():
    w = Tensor(np.ones(3, "f4"), requires_grad=True)
    step = corereg.record(lambda x: (x * w).sum())
    for _ in range(3):
        assert step(np.ones(3, "f4")).item() == 3
    w.data = np.full(3, 2, "f4")
    assert step(np.ones(3, "f4")).item() == 6
    assert step.python_calls == 3


def test_computed_indices_are_looked_up_anew_and_checked():
    step = corereg.record(lambda x, i, v: [ops.take(x, i), ops.set_at(x, i, v), x[i, None] * 2])
    for at in ([0, 1], [2, -1], [3, 3], [1, -4]):
        x, v = np.arange(4.0), np.array([8.0, 9.0])
        taken, changed, doubled = step(x, at, v)
        expected = x.copy()
        expected[at] = v
        np.testing.assert_array_equal(taken.data, x[at])
        np.testing.assert_array_equal(changed.data, expected)
        np.testing.assert_array_equal(doubled.data, x[at, None] * 2)
    assert step.python_calls == 2
    for at in ([0, 4], [-5, 0]):
        with pytest.raises(IndexError, match="an index is out of range"):
            step(x, at, v)
    np.testing.assert_array_equal(step(x, [1, 1], v)[0].data, [1, 1])


class Polynomial(Op):
    """An op of a user's own in NumPy, which writes into arrays of its own."""

    __slots__ = ()

    def forward(self, x):
        out = np.zeros(x.shape, x.dtype)
        out += 2 * x
        return out + np.power(x, 3)

    def backward(self, grad, out, x):
        dx = np.zeros(x.shape, x.dtype)
        np.add.at(dx, np.arange(len(x)), grad)
        return (dx * 2 + grad * (3 * x * x),)


def test_an_op_of_ones_own_needs_no_word(rng):
    def step(x):
        x.requires_grad_()
        y = apply(Polynomial(), x)
        y.sum().backward()
        return y, x.grad

    recorded = corereg.record(step)
    for _ in range(4):
        x = rng.standard_normal(9)
        for a, b in zip(recorded(x), step(Tensor(x)), strict=True):
            assert a.data.tobytes() == b.data.tobytes()
    assert recorded.python_calls == 2


def test_numpy_on_what_data_gives(rng):
    def function(x):
        a = x.data
        assert (a.shape, a.ndim, a.size, len(a), a.dtype) == ((6, 4), 2, 24, 6, np.float64)
        parts = [
            *(np.sin(a).mean(0), a.T @ a, np.dot(a, a[0]), np.outer(a[0], a[1]), a.mean()),
            *(np.concatenate([a, a * 2], 1), np.stack([a[0], a[1]]), np.roll(a, 1), a.take([1], 0)),
            *(np.flip(a, 0), np.moveaxis(a, 0, 1), np.clip(a, None, 0.5), np.clip(a, 0, None)),
            *(np.full_like(a, 3) + a, np.ones_like(a) * a, np.full_like(a, a[0, 0]), a.copy() + 1),
            *(np.add.accumulate(a, 1), a.ravel(), a.flatten(), a.swapaxes(0, 1), a.any(), a.all(1)),
            *(np.take_along_axis(a, a.argmax(0)[None], 0), np.squeeze(a[:1]), a.diagonal() * 1),
            *(np.diag(a[:, :4]) if False else a[0], np.repeat(a, 2, 1), np.where(a > 0, a, -1)),
        ]
        b = np.zeros_like(a)
        b[1:] = a[:-1]
        b[b > 1] = 1
        b[0] **= 2
        np.copyto(b[2], a[3])
        return [Tensor(p) for p in [*parts, b]]

    recorded = corereg.record(function)
    for _ in range(4):
        x = rng.standard_normal((6, 4))
        got, wanted = recorded(x), function(Tensor(x))
        assert [t.data.tobytes() for t in got] == [t.data.tobytes() for t in wanted]
    assert recorded.python_calls == 2


def test_what_is_changed_in_place_must_last(rng):
    def grows(x):
        made = Tensor(np.zeros(3))
        made.add_(x)
        return made * 1

    step = corereg.record(grows)
    step(np.ones(3))
    with pytest.raises(RuntimeError, match=r"changed an array of shape \(3,\) in place"):
        step(np.ones(3))

    def reuses(x):
        buffer, total = np.zeros(3), x
        for n in range(3):
            buffer[:] = n
            total = total + Tensor(x.data * buffer)
        return total

    with pytest.raises(RuntimeError, match="changed after it had been read"):
        corereg.record(reuses)(np.ones(3))


def test_large_results_are_refused_before_memory_is_asked_for():
    x = Tensor([1.0, 2.0, 3.0])
    for call in (
        lambda: ops.tile(x, (2**62,)),
        lambda: ops.repeat(x, 2**62),
        lambda: ops.repeat(x, [2**62, 1, 1]),
        lambda: ops.pad(x, 2**62),
    ):
        with pytest.raises(MemoryError, match="expected a result that fits into memory"):
            call()
    for call in (
        lambda: corereg.zeros(2**62),
        lambda: corereg.arange(2**62),
        lambda: corereg.eye(2**31),
        lambda: corereg.rand(2**62),
        lambda: ops.broadcast_to(x, (2**62, 3)),
    ):
        with pytest.raises(ValueError, match=r"too (big|large)"):
            call()


def test_clip_by_tensors(rng):
    low, high, x = (Tensor(a, requires_grad=True) for a in rng.standard_normal((3, 50)))
    for a, b in ((low, None), (None, high), (low, high), (low.data, 0.5), (-0.5, high)):
        expected = np.clip(*[v.data if isinstance(v, Tensor) else v for v in (x, a, b)])
        np.testing.assert_array_equal(ops.clip(x, a, b).data, expected)
        np.testing.assert_array_equal(np.clip(x, a, b).data, expected)
    ops.clip(x, low, None).sum().backward()
    np.testing.assert_array_equal(x.grad.data, x.data >= low.data)
    np.testing.assert_array_equal(low.grad.data, x.data < low.data)
    assert np.isnan(ops.clip(Tensor([np.nan, 1.0]), Tensor([0.0, np.nan]), None).data).all()


def test_gradients_of_extremes_of_many_numbers(rng):
    """How many elements share an extreme is counted in the loops that a recording has, for arrays
    of any size."""
    x = np.round(rng.standard_normal((40, 30, 16)), 1)

    w = Parameter(np.ones_like(x))

    def function(given):
        y = given * w
        (ops.max(y, 1).sum() - ops.min(y, (0, 2)).sum()).backward()
        found = w.grad * 1
        w.grad = None
        return found

    most, least = x == x.max(1, keepdims=True), x == x.min((0, 2), keepdims=True)
    recorded = corereg.record(function)
    for _ in range(3):
        got = recorded(x)
    shares = most / most.sum(1, keepdims=True) - least / least.sum((0, 2), keepdims=True)
    np.testing.assert_allclose(got.data, x * shares, rtol=1e-14)
    assert "replayed" in str(recorded.execution_report())


@pytest.mark.parametrize(
    ("shape", "order", "axes"),
    [
        ((6, 8, 6, 9), (0, 1, 3, 2), (1, 2, 3)),
        ((7, 9, 10, 6), (3, 2, 1, 0), (0, 1, 3)),
        ((8, 6, 4, 9), (3, 0, 2, 1), (1, 2, 3)),
        ((9, 8, 6), (2, 1, 0), (0, 1)),
    ],
)
def test_sums_over_axes_in_any_order(shape, order, axes, rng):
    """Arrays whose axes lie apart and in another order are summed in NumPy's order, to the bit."""

    def total(x):
        return x.transpose(order)[:, ::2].sum(axes)

    recorded = corereg.record(lambda x: Tensor(total(x.data)))
    for _ in range(3):
        x = rng.standard_normal(shape)
        assert recorded(x).data.tobytes() == total(x).tobytes()
    assert recorded.python_calls == 2
