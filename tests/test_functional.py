"""grad, value_and_grad, vjp, jvp, jacobian, hessian, hvp: values, differentiability, wrong use."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

import corereg
from corereg import Parameter, Tensor, grad, no_grad
from corereg.autograd import Op, apply, check_grads, ops, registry

X = np.array([0.5, -1.0, 2.0])
V = np.array([1.0, 3.0, -2.0])


def leaf(*values):
    return Tensor(np.array(values, np.float64), requires_grad=True)


def cubes(x):
    return (x**3).sum()


def mixed(x):
    """Its Hessian is neither diagonal nor constant."""
    return ops.exp(x[0] * x[1]) + x[1] * x[2] ** 2 + ops.tanh(x).sum()


def hessian_of_mixed(x):
    a, b, c = x
    e, t = np.exp(a * b), np.tanh(x)
    own = np.diag(-2 * t * (1 - t * t))
    ab = (1 + a * b) * e
    return own + np.array([[b * b * e, ab, 0], [ab, a * a * e, 2 * c], [0, 2 * c, 2 * b]])


def equal(t, expected, rtol=1e-12):
    np.testing.assert_allclose(t.data, expected, rtol=rtol, atol=1e-14)


# ---- grad ---------------------------------------------------------------------------------------


def test_grad_gives_what_backward_leaves_and_touches_no_grad(rng):
    x, w = leaf(*X), Parameter(rng.standard_normal((3, 2)))
    b = Parameter(rng.standard_normal(2))

    def loss():
        return (ops.dense(x.reshape(1, 3), w, b, "tanh") ** 2).sum()

    found = grad(loss(), [x, w, b])
    assert all(type(g) is Tensor and not g.requires_grad for g in found)
    assert [t.grad for t in (x, w, b)] == [None] * 3
    loss().backward()
    for g, t in zip(found, (x, w, b), strict=True):
        np.testing.assert_array_equal(g.data, t.grad.data)
        assert not np.shares_memory(g.data, t.data)
    before = found[1].data.copy()
    assert not np.shares_memory(found[1].data, w.buffer)
    (w * 7).sum().backward()
    np.testing.assert_array_equal(found[1].data, before)


def test_grad_leaves_a_gradient_that_is_there_alone():
    w = Parameter(np.ones((3, 3)))
    ops.dense(w * 1.0, w).sum().backward()
    before = w.grad.data.copy()
    grad(ops.dense(Tensor(np.eye(3)), w).sum(), w)
    np.testing.assert_array_equal(w.grad.data, before)


def test_gradients_of_several_inputs_share_no_memory():
    a, b = leaf(1.0, 2.0), leaf(3.0, 4.0)
    given = np.ones(2)
    one, other = grad(a + b, [a, b], given)
    one.data[...] = 9
    equal(other, [1, 1])
    np.testing.assert_array_equal(given, [1, 1])


def test_grad_by_results_of_ops():
    x = leaf(*X)
    middle = x * x
    top = (middle * middle * x).sum()
    by_middle, by_x = grad(top, [middle, x])
    equal(by_middle, 2 * X**3)
    equal(by_x, 5 * X**4)
    y = x * 2
    equal(*grad(y, y, [V]), V)  # by itself
    a, b = grad((y * y).sum(), [y, y])
    equal(a, 4 * X)
    equal(b, 4 * X)


def test_grad_by_a_result_whose_own_graph_was_freed():
    x = leaf(2.0)
    y = x * x
    y.sum().backward()
    equal(*grad((y * 3).sum(), y), [3])
    with pytest.raises(RuntimeError, match="freed"):
        grad((y * 3).sum(), x)


def test_grad_goes_only_where_it_must():
    seen = []

    class Watched(Op):
        def forward(self, a, b):
            return a * b

        def backward(self, grad, out, a, b):
            seen.append((self.needs_gradient(0), self.needs_gradient(1)))
            return grad * b, grad * a

    try:
        x, y, z = leaf(2.0), leaf(3.0), leaf(5.0)
        inner = apply(Watched(), x, y)
        out = apply(Watched(), inner, z).sum()
        equal(*grad(out, z, retain_graph=True), [6])
        assert seen == [(False, True)]
        equal(*grad(out, y), [10])
        assert seen[1:] == [(True, False), (False, True)]
        assert apply(Watched(), x, y).node.needs_gradient(0)
    finally:
        del registry["Watched"]


def test_what_is_needed_is_a_matter_of_the_thread():
    told = []

    class Asking(Op):
        def forward(self, a, b):
            return a * b

        def backward(self, grad, out, a, b):
            told.append((self.needs_gradient(0), self.needs_gradient(1)))
            if len(told) == 1:  # another thread asks meanwhile
                thread = threading.Thread(target=other.backward)
                thread.start()
                thread.join()
                told.append((self.needs_gradient(0), self.needs_gradient(1)))
            return grad * b, grad * a

    try:
        x, y = leaf(2.0), leaf(3.0)
        other = apply(Asking(), x, y).sum()
        grad(apply(Asking(), x, y).sum(), y)
        assert told == [(False, True), (True, True), (False, True)]
    finally:
        del registry["Asking"]


def test_several_outputs_are_summed():
    x = leaf(*X)
    first, second = x * x, (x * 3).sum()
    equal(*grad([first, second], x, [V, None], retain_graph=True), 2 * X * V + 3)
    equal(*grad([first, first], x, [V, 2 * V]), 6 * X * V)
    top = (first := x * x) * 2  # one output under another
    equal(*grad([top, first], x, [V, V]), 6 * X * V)


def test_grad_of_a_leaf_by_itself():
    x = leaf(1.0)
    equal(*grad(x, x), [1])
    assert x.grad is None


def test_graphs_are_freed_or_kept():
    x = leaf(*X)
    out = cubes(x)
    grad(out, x, retain_graph=True)
    grad(out, x, create_graph=True)
    grad(out, x)
    with pytest.raises(RuntimeError, match="freed by an earlier backward"):
        grad(out, x)


def test_third_and_fourth_derivatives():
    x = leaf(*X)
    y = (x**5).sum()
    for factor, power in ((5, 4), (20, 3), (60, 2), (120, 1)):
        (y,) = grad(y.sum(), x, create_graph=True)
        equal(y, factor * X**power)


def test_errors_of_grad(fails):
    x, other = leaf(*X), leaf(1.0)
    out = cubes(x)
    for call, exception, message in [
        (lambda: grad(out, Tensor(X)), RuntimeError, "grad: input 0 does not require grad"),
        (lambda: grad(Tensor(1.0), x), RuntimeError, "grad: output 0 does not require grad"),
        (lambda: grad(x * 2, x), RuntimeError, "one element or an explicit grad"),
        (lambda: grad(x * 2, x, np.ones(2)), ValueError, r"\(3,\), received \(2,\)"),
        (lambda: grad([out, out], x, [None]), ValueError, "gradient for each of 2 outputs.* 1"),
        (lambda: grad(out, [x, other], retain_graph=True), RuntimeError, "not depend on input 1"),
    ]:
        fails(call, exception, message)
    found = grad(out, [x, other], allow_unused=True)
    equal(found[0], 3 * X**2)
    assert found[1] is None


def test_memory_is_not_held_by_create_graph():
    gc.collect()
    gc.disable()
    try:
        x = leaf(*X)
        (g,) = grad(cubes(x), x, create_graph=True)
        (h,) = grad(g.sum(), x, create_graph=True)
        refs = [weakref.ref(t) for t in (x, g, h, x.data)]
        del x, g, h
        assert [ref() for ref in refs] == [None] * 4
    finally:
        gc.enable()


# ---- functions of functions ---------------------------------------------------------------------


def test_value_and_grad():
    value, slope = corereg.value_and_grad(cubes)(X)
    equal(value, (X**3).sum())
    equal(slope, 3 * X**2)
    assert not value.requires_grad
    assert not slope.requires_grad
    function = corereg.value_and_grad(lambda a, b, scale=1: (a * b * b).sum() * scale, (1, 0))
    value, (by_b, by_a) = function(X, V, scale=2)
    equal(value, 2 * (X * V * V).sum())
    equal(by_b, 4 * X * V)
    equal(by_a, 2 * V * V)


def test_value_and_grad_of_a_constant_and_in_no_grad():
    equal(corereg.value_and_grad(lambda x: Tensor(1.0))(X)[1], np.zeros(3))
    with no_grad():
        equal(corereg.value_and_grad(cubes)(X)[1], 3 * X**2)


def test_vjp():
    value, pull = corereg.vjp(lambda a, b: ops.exp(a) * b, X, V)
    equal(value, np.exp(X) * V)
    for v in (np.ones(3), V):
        by_a, by_b = pull(v)
        equal(by_a, v * np.exp(X) * V)
        equal(by_b, v * np.exp(X))


def test_the_same_tensor_may_be_given_twice():
    x = leaf(*X)
    by_a, by_b = corereg.vjp(lambda a, b: a * b * b, x, x)[1](np.ones(3))
    equal(by_a, X * X)
    equal(by_b, 2 * X * X)


def test_jvp():
    value, push = corereg.jvp(lambda a, b: ops.sin(a) * b, (X, V), (V, X))
    equal(value, np.sin(X) * V)
    equal(push, np.cos(X) * V * V + np.sin(X) * X)
    assert not push.requires_grad
    equal(corereg.jvp(lambda x: Tensor(V), [X], [V])[1], np.zeros(3))
    rng = np.random.default_rng(1)
    w = rng.standard_normal((3, 4))
    value, push = corereg.jvp(lambda x: ops.dense(x.reshape(1, 3), w, None, "tanh"), [X], [V])
    equal(push, (1 - value.data**2) * (V @ w))


def test_jacobian():
    matrix = np.arange(12.0).reshape(4, 3)
    equal(corereg.jacobian(lambda x: ops.matmul(matrix, x), X), matrix)
    equal(corereg.jacobian(lambda x: x * x, X), np.diag(2 * X))
    result = corereg.jacobian(lambda x: x.reshape(3, 1) * x, X)
    assert result.shape == (3, 3, 3)
    expected = np.einsum("ik,j->ijk", np.eye(3), X) + np.einsum("jk,i->ijk", np.eye(3), X)
    equal(result, expected)
    assert corereg.jacobian(lambda x: x[:0], X).shape == (0, 3)
    assert corereg.jacobian(cubes, X).shape == (3,)
    assert corereg.jacobian(lambda x: x * x, np.array(2.0)).item() == 4
    equal(corereg.jacobian(lambda x: Tensor(V), X), np.zeros((3, 3)))


def test_hessian_and_hvp():
    expected = hessian_of_mixed(X)
    equal(corereg.hessian(mixed, X), expected)
    equal(corereg.hvp(mixed, X, V), expected @ V)
    equal(corereg.hessian(lambda x: x.sum(), X), np.zeros((3, 3)))
    matrix = np.arange(6.0).reshape(2, 3)
    assert corereg.hessian(lambda x: (x**3).sum(), matrix).shape == (2, 3, 2, 3)


def test_create_graph_connects_the_results():
    tensors = {
        "value": lambda x: corereg.value_and_grad(mixed, create_graph=True)(x)[0],
        "grad": lambda x: corereg.value_and_grad(mixed, create_graph=True)(x)[1],
        "vjp": lambda x: corereg.vjp(lambda a: a**3, x)[1](V, create_graph=True)[0],
        "jvp": lambda x: corereg.jvp(lambda a: a**3, [x], [V], create_graph=True)[1],
        "jvp value": lambda x: corereg.jvp(lambda a: a**3, [x], [x * x], create_graph=True)[1],
        "jacobian": lambda x: corereg.jacobian(lambda a: a**3, x, create_graph=True),
        "hessian": lambda x: corereg.hessian(mixed, x, create_graph=True),
        "hvp": lambda x: corereg.hvp(mixed, x, x * x, create_graph=True),
    }
    for function in tensors.values():
        assert function(leaf(*X)).requires_grad
        check_grads(function, X, order=2, directions=1)


def test_parameters_inside_the_function_get_gradients_of_gradients():
    w = Parameter(np.array([2.0]))
    _, slope = corereg.value_and_grad(lambda x: (w * x**2).sum(), create_graph=True)(X)
    (slope * slope).sum().backward()  # (2 w x)**2
    equal(w.grad, [(8 * 2 * X * X).sum()])


def test_wrong_use(fails):
    for call, exception, message in [
        (lambda: corereg.value_and_grad(lambda x: x)(X), RuntimeError, "one element"),
        (lambda: corereg.value_and_grad(lambda x: 1.0)(X), TypeError, "value_and_grad: .*float"),
        (lambda: corereg.jacobian(lambda x: x.data, X), TypeError, "jacobian: .*ndarray"),
        (lambda: corereg.hessian(cubes, np.arange(3)), TypeError, "float32 or float64"),
        (lambda: corereg.jvp(cubes, [X], []), ValueError, "tangent for each primal.*1.*0"),
        (lambda: corereg.jvp(cubes, [X], [V[:2]]), ValueError, r"tangent 0 of shape \(3,\)"),
        (lambda: corereg.hvp(cubes, X, V[:2]), ValueError, r"\(3,\), received \(2,\)"),
        (lambda: corereg.vjp(lambda x: x, X)[1](V[:2]), ValueError, r"received \(2,\)"),
    ]:
        fails(call, exception, message)
