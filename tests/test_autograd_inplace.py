"""Changes in place and the versions that tell backward of them; hooks; retained gradients."""

from __future__ import annotations

import gc
import operator
import weakref

import numpy as np
import pytest

from corereg import Parameter, Tensor, enable_grad, grad, no_grad, optimizers
from corereg.autograd import ops


def leaf(*values):
    return Tensor(np.array(values, np.float64), requires_grad=True)


def equal(t, *values):
    np.testing.assert_allclose(t.data, values, rtol=1e-15)


# ---- methods that change in place ----------------------------------------------------------------

CHANGES = {
    "copy_": (lambda t: t.copy_([5, 6]), [5, 6]),
    "copy_ of a tensor": (lambda t: t.copy_(Tensor([7.0])), [7, 7]),
    "fill_": (lambda t: t.fill_(3), [3, 3]),
    "zero_": (lambda t: t.zero_(), [0, 0]),
    "add_": (lambda t: t.add_(1), [2, 3]),
    "sub_": (lambda t: t.sub_(np.array([1.0, 1.0])), [0, 1]),
    "mul_": (lambda t: t.mul_(Tensor([2.0, 3.0])), [2, 6]),
    "div_": (lambda t: t.div_(2), [0.5, 1]),
    "t[i] =": (lambda t: t.__setitem__(0, 9), [9, 2]),
    "t[mask] =": (lambda t: t.__setitem__(t > 1, Tensor(4.0)), [1, 4]),
    "t[tensor] =": (lambda t: t.__setitem__((Tensor([1]),), -1.0), [1, -1]),
    "+= on data": (lambda t: setattr(t, "data", t.data + 1), [2, 3]),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("kind", ["float32", "float64", Parameter])
def test_changes_in_place(name, kind):
    change, expected = CHANGES[name]
    t = Parameter([1.0, 2.0]) if kind is Parameter else Tensor(np.array([1.0, 2.0], kind))
    data, version = t.data, t._version
    with no_grad():
        result = change(t)
    assert result is None or result is t
    equal(t, *expected)
    assert name == "+= on data" or t.data is data
    assert t._version == version + 1


@pytest.mark.parametrize("name", [name for name in CHANGES if name != "+= on data"])
def test_no_change_goes_by_the_graph(name, fails):
    change, expected = CHANGES[name]
    x = leaf(1.0, 2.0)
    for t in (x, x * 1):
        fails(
            lambda t=t: change(t), RuntimeError, r"a change in place has no gradient.*no_grad\(\)"
        )
        equal(t, 1, 2)
        assert t._version == 0
        with no_grad():
            change(t)
        equal(t, *expected)


def test_values_that_require_grad_are_refused(fails):
    t, x = Tensor([1.0, 2.0]), Tensor([1.0, 1.0], requires_grad=True)
    for call in (lambda: t.add_(x), lambda: t.copy_(x), lambda: t.__setitem__(0, x[0])):
        fails(call, RuntimeError, "a change in place has no gradient", t.data)


def test_wrong_values_are_refused(fails):
    t, n = Tensor([1.0, 2.0]), Tensor([1, 2])
    shape = (
        r"Tensor.add_: expected values .* shape \(2,\) and dtype float32 .*received shape \(3,\)"
    )
    fails(lambda: t.add_([1, 2, 3]), ValueError, shape, t.data)
    fails(lambda: n.add_(0.5), TypeError, "shape .* dtype int64 .*dtype float64", n.data)
    assert t._version == n._version == 0


# ---- versions ------------------------------------------------------------------------------------


def change(t):
    with no_grad():
        t.add_(1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x, y: x * y, r"Multiply needs input 1 as it was .*version 0.*\(version 1\)"),
        (lambda x, y: y * x, "Multiply needs input 0"),
        (lambda x, y: x / y, "Divide needs input 1"),
        (lambda x, y: ops.dense(x.reshape(1, 2), y.reshape(2, 1)).sum(), "Dense needs input 1"),
        (lambda x, y: x @ y, "Matmul needs input 1"),
        (lambda x, y: (x + y.detach()) * y.detach(), "Multiply needs input 1"),
        (lambda x, y: x * y[1:], "Multiply needs input 1"),
        (lambda x, y: x * y.reshape(1, 2).T, "Multiply needs input 1"),
    ],
)
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_changed_value_is_found_and_named(make, message, create_graph):
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    out = make(x, y).sum()
    change(y)
    with pytest.raises(RuntimeError, match=message):
        out.backward(create_graph=create_graph)


def test_a_changed_output_is_found():
    for view in (lambda t: t, lambda t: t.reshape(-1), lambda t: t[:1], lambda t: t.detach()):
        x = leaf(1.0, 2.0)
        y = x.exp()
        change(view(y))
        with pytest.raises(RuntimeError, match="Exp needs its output as it was"):
            y.sum().backward()


def test_a_changed_view_changes_its_base():
    x, y = leaf(1.0, 2.0), Tensor(np.array([3.0, 4.0]))
    for view in (lambda: y.reshape(2, 1), lambda: y[1:], lambda: y.detach(), lambda: Tensor(y)):
        out = (x * y).sum()
        change(view())
        with pytest.raises(RuntimeError, match="Multiply needs input 1"):
            out.backward()


def test_changes_before_count_and_after_do_not():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    change(y)
    change(y)
    out = (x * y).sum()
    out.backward(retain_graph=True)
    equal(x.grad, 5, 6)
    change(y)
    with pytest.raises(RuntimeError, match=r"version 2\).*version 3"):
        out.backward()


def test_what_backward_does_not_look_at_may_change():
    x, y = leaf(1.0, 2.0), leaf(3.0, 4.0)
    out = ((x + y).reshape(2, 1).sum(axis=1) - y).mean()
    change(x)
    change(y)
    out.backward()
    equal(x.grad, 0.5, 0.5)
    equal(y.grad, 0, 0)


@pytest.mark.parametrize(
    "update",
    [
        lambda w, step: step(),
        lambda w, step: w.assign(w.data * 2),
        lambda w, step: change(w),
        lambda w, step: setattr(w, "data", w.data * 2),
    ],
)
def test_an_update_between_forward_and_backward_is_found(update):
    w = Parameter(np.ones((2, 2)))
    sgd = optimizers.SGD(0.1)
    sgd.build([w])
    out = ops.dense(ops.dense(Tensor(np.ones((1, 2))), w), w).sum()
    out.backward(retain_graph=True)
    update(w, sgd.step)
    with pytest.raises(RuntimeError, match="Dense needs input 1 as it was when it ran"):
        out.backward()
    w.zero_grad()
    for _ in range(3):
        ops.dense(ops.dense(Tensor(np.ones((1, 2))), w), w).sum().backward()
        sgd.step()
        sgd.zero_grad()


# ---- hooks ---------------------------------------------------------------------------------------


def test_hooks_see_the_whole_gradient_and_may_replace_it():
    x = leaf(1.0, 2.0)
    middle = x * 3
    seen = []
    middle.register_hook(lambda g: seen.append(g.data.tolist()))
    middle.register_hook(lambda g: g * 10)
    middle.register_hook(lambda g: seen.append(g.data.tolist()))
    x.register_hook(lambda g: seen.append(g.data.tolist()))
    x.register_hook(lambda g: np.array([1, 2]))  # cast to the tensor's dtype
    (middle + middle * middle + x).sum().backward()
    equal(x.grad, 1, 2)
    assert x.grad.dtype == np.float64
    assert seen == [[7, 13], [70, 130], [211, 391]]


@pytest.mark.parametrize("make", [lambda: leaf(1.0, 2.0), lambda: Parameter([1.0, 2.0])])
def test_hooks_of_leaves(make):
    x, seen = make(), []
    handle = x.register_hook(lambda g: seen.append(g.data.copy()))
    for _ in range(2):
        ops.dense(x.reshape(1, 2), x.reshape(2, 1)).sum().backward()
    x.backward([1.0, 1.0])
    np.testing.assert_array_equal(seen, [[2, 4], [2, 4], [1, 1]])  # of each pass, not the sum
    equal(x.grad, 5, 9)
    handle.remove()
    handle.remove()
    (x * x).sum().backward()
    assert len(seen) == 3


def test_a_hooked_parameter_of_a_layer_still_gets_its_gradient(rng):
    w, plain = (Parameter(np.arange(6.0).reshape(3, 2)) for _ in range(2))
    w.register_hook(lambda g: g * 2)
    x = Tensor(rng.standard_normal((4, 3)))
    for _ in range(2):
        for p in (w, plain):
            (ops.dense(x, p) + ops.dense(x * 2, p)).sum().backward()
    np.testing.assert_allclose(w.grad.data, 2 * plain.grad.data, rtol=1e-14)


def test_hooks_and_create_graph():
    x = leaf(3.0)
    x.register_hook(lambda g: g * g)
    (slope,) = grad((x * x).sum(), x, create_graph=True)  # (2 x)**2
    equal(slope, 36)
    equal(*grad(slope.sum(), x), 24 * 24)  # hooked again


def test_hooks_of_targets_run_in_grad():
    x = leaf(3.0)
    middle = x * 2
    handles = [t.register_hook(lambda g: g * 5) for t in (x, middle)]
    by_x, by_middle = grad((middle * 1.0).sum(), [x, middle])
    equal(by_middle, 5)
    equal(by_x, 50)
    assert len(handles) == 2


def test_what_a_hook_keeps_stays_as_it_was():
    x, kept = leaf(1.0, 2.0), []
    x.register_hook(kept.append)
    x.sum().backward()
    x.sum().backward()
    x.grad.data[...] = 100
    assert [g.data.tolist() for g in kept] == [[1, 1], [1, 1]]


def test_wrong_hooks(fails):
    fails(lambda: Tensor([1.0]).register_hook(print), RuntimeError, "register_hook: expected")
    fails(Tensor([1.0]).retain_grad, RuntimeError, "retain_grad: expected a tensor that requires")
    for make in (lambda x: x, lambda x: x * 2):
        x = leaf(1.0, 2.0)
        t = make(x)
        t.register_hook(lambda g: g[:1])
        message = r"hook: expected a gradient of shape \(2,\) as the tensor's, received \(1,\)"
        fails((t * 1).sum().backward, ValueError, message)
        assert x.grad is None


def test_a_hook_may_run_a_backward_of_its_own():
    x, y = leaf(2.0), leaf(3.0)
    x.register_hook(enable_grad()(lambda g: grad((y * y).sum(), y)[0]))
    (x * y).sum().backward()
    equal(x.grad, 6)
    equal(y.grad, 2)
    assert x._version == y._version == 0


def test_a_hook_that_frees_the_graph_is_an_error_not_a_crash():
    x = leaf(2.0)
    below = x * x
    top = (below * below).sum()
    other = below.sum()
    handle = below.register_hook(lambda g: (handle.remove(), other.backward())[1])
    with pytest.raises(RuntimeError, match="Multiply was freed by an earlier backward"):
        top.backward()


# ---- retained gradients --------------------------------------------------------------------------


def test_retain_grad():
    x = leaf(1.0, 2.0)
    middle = x * 3
    other = middle * 2
    middle.retain_grad()
    middle.retain_grad()
    x.retain_grad()  # leaves do anyway
    out = (middle * other).sum()
    out.backward(retain_graph=True)
    equal(middle.grad, 12, 24)
    assert other.grad is None
    out.backward()
    equal(middle.grad, 24, 48)
    equal(x.grad, 72, 144)


def test_retained_gradients_are_after_the_hooks_and_not_by_grad():
    x = leaf(1.0)
    middle = x * 3
    middle.retain_grad()
    middle.register_hook(lambda g: g * 2)
    out = (middle * middle).sum()
    grad(out, x, retain_graph=True)
    assert middle.grad is None
    out.backward(create_graph=True)
    equal(middle.grad, 12)
    assert middle.grad.requires_grad


def test_neither_hooks_nor_retained_gradients_make_cycles():
    gc.collect()
    gc.disable()
    try:
        for backward in (True, False):
            x = leaf(1.0)
            middle = x * 3
            middle.retain_grad()
            middle.register_hook(lambda g: g * 2)
            out = (middle * middle).sum()
            refs = [weakref.ref(t) for t in (x, middle, out)]
            if backward:
                out.backward()
            del x, middle, out
            assert [ref() for ref in refs] == [None] * 3
        x = leaf(1.0)
        middle = x * 3
        middle.retain_grad()
        out = middle * 2
        del middle  # nobody can ask for its gradient any more
        out.backward()
        equal(x.grad, 6)
    finally:
        gc.enable()


# ---- requires_grad_ ------------------------------------------------------------------------------


def test_requires_grad_(fails):
    t = Tensor([1.0])
    assert t.requires_grad_() is t
    assert t.requires_grad
    assert not t.requires_grad_(False).requires_grad
    fails(Tensor([1]).requires_grad_, TypeError, "float32 or float64.*received int64")
    result = leaf(1.0) * 2
    assert result.requires_grad_() is result
    fails(
        lambda: result.requires_grad_(False), RuntimeError, r"result of Multiply; use .detach\(\)"
    )


UPDATES = {
    "+=": (operator.iadd, 5),
    "-=": (operator.isub, 1),
    "*=": (operator.imul, 6),
    "/=": (operator.itruediv, 1.5),
}


@pytest.mark.parametrize("name", UPDATES)
def test_operators_change_a_weight_where_it_is_and_make_other_tensors_new(name, fails):
    update, expected = UPDATES[name]
    w = Tensor(np.array([3.0]), requires_grad=True)
    data = w.data
    with no_grad():
        assert update(w, 2.0) is w
    assert w.data is data
    assert (w.tolist(), w.requires_grad, w._version) == ([expected], True, 1)
    fails(lambda: update(w, 2.0), RuntimeError, "a change in place has no gradient.*no_grad", data)
    made = w * 1.0
    assert update(made, 2.0) is not made
    assert update(made, w).requires_grad
    constant = Tensor(np.array([3.0]))
    assert update(constant, w).requires_grad
    assert constant.tolist() == [3]


def test_a_loop_of_ones_own_with_operators():
    w = Tensor(np.array([1.0, -2.0]), requires_grad=True)
    weights = [w]
    for _ in range(60):
        ((w - 3.0) ** 2).sum().backward()
        with no_grad():
            for p in weights:
                p -= 0.25 * p.grad
                p.zero_grad()
    np.testing.assert_allclose(w.data, 3)
