"""create_graph: gradients that are part of a graph; the fused ops and own ops to second order."""

from __future__ import annotations

import gc
import tracemalloc

import numpy as np
import pytest

from corereg import Parameter, Tensor, _kernels, grad, optimizers
from corereg.autograd import Op, apply, check_grads, is_grad_enabled, ops

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]])
W = np.array([[0.2, -0.5], [0.7, 0.1], [-0.3, 0.9]])
B = np.array([0.1, -0.2])
Y = np.array([[0.2, 0.4, 0.4], [0.6, 0.25, 0.15]])
KINDS = {
    "softmax_cross_entropy": Y,
    "sparse_cross_entropy": np.array([2, 0]),
    "sigmoid_cross_entropy": Y,
    "squared_error": Y,
    "absolute_error": Y,
}
SMOOTHED = ("softmax_cross_entropy", "sigmoid_cross_entropy")


pytestmark = pytest.mark.usefixtures("registry_as_before")


def leaf(*values):
    return Tensor(np.array(values, np.float64), requires_grad=True)


# ---- the engine ----------------------------------------------------------------------------------


def test_backward_twice_through_grad():
    x = leaf(1.0, 2.0)
    (x**3).sum().backward(create_graph=True)
    slope = x.grad
    assert slope.requires_grad
    np.testing.assert_allclose(slope.data, [3, 12])
    x.zero_grad()
    slope.sum().backward()
    np.testing.assert_allclose(x.grad.data, [6, 12])
    assert not x.grad.requires_grad


def test_a_graph_made_with_create_graph_is_kept():
    x = leaf(2.0)
    y = (x * x).sum()
    y.backward(create_graph=True)
    y.backward()
    np.testing.assert_allclose(x.grad.data, [8])
    y = (x * x).sum()
    y.backward(create_graph=True, retain_graph=False)
    with pytest.raises(RuntimeError, match="freed"):
        y.backward()


def test_gradients_add_up_within_the_graph():
    x = leaf(2.0)
    (x**2).sum().backward()  # 2 x, a constant
    (x**3).sum().backward(create_graph=True)
    (x**3).sum().backward(create_graph=True)
    np.testing.assert_allclose(x.grad.data, [4 + 24])
    total = x.grad
    x.zero_grad()
    np.testing.assert_allclose(grad(total.sum(), x)[0].data, [24])


def test_a_gradient_penalty_trains(rng):
    """Parameters' gradients through create_graph, into an optimizer."""
    w = Parameter(rng.standard_normal((3, 2)))
    sgd = optimizers.SGD(0.1)
    sgd.build([w])
    x = Tensor(X, requires_grad=True)
    before = w.data.copy()
    for create_graph in (True, False):
        w.data[...] = before
        sgd.zero_grad()
        (slope,) = grad(ops.tanh(x @ w).sum(), x, create_graph=True)
        (slope * slope).sum().backward(create_graph=create_graph)
        sgd.step()
        assert (w.data != before).all()
        moved = w.data.copy() if create_graph else moved  # noqa: F821
        np.testing.assert_allclose(w.data, moved, rtol=1e-14)


def test_the_mode_is_as_before(rng):
    class Seen(Op):
        def forward(self, x):
            return x * 2

        def backward(self, grad, out, x):
            modes.append((type(grad), is_grad_enabled()))
            return (grad * 2,)

    modes = []
    for create_graph in (False, True):
        apply(Seen(), leaf(1.0)).sum().backward(create_graph=create_graph)
        assert is_grad_enabled()
    assert modes == [(np.ndarray, False), (Tensor, True)]


def test_what_is_broadcast_or_cast_stays_in_the_graph():
    a, b = leaf(1.0, 2.0, 3.0), Tensor(np.ones((2, 1), np.float32) * 2, requires_grad=True)
    out = (a * b * b).sum()
    by_a, by_b = grad(out, [a, b], create_graph=True)
    assert by_b.dtype == np.float32
    assert by_b.shape == (2, 1)
    second = grad(by_b.sum(), [a, b], retain_graph=True)
    np.testing.assert_allclose(second[0].data, [8, 8, 8])
    np.testing.assert_allclose(second[1].data, [[12], [12]])
    np.testing.assert_allclose(grad(by_a.sum(), b)[0].data, [[12], [12]])


def test_constant_gradients_end_the_graph():
    x = leaf(1.0, 2.0)
    (slope,) = grad((x * 3).sum(), x, create_graph=True)
    assert not slope.requires_grad
    np.testing.assert_array_equal(slope.data, [3, 3])


def test_memory_stays_flat_with_create_graph():
    x = Tensor(X, requires_grad=True)
    w = Parameter(W)

    def step():
        (slope,) = grad(ops.dense(x, w, None, "tanh").sum(), x, create_graph=True)
        (slope * slope).sum().backward()
        w.zero_grad()
        x.zero_grad()

    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        for _ in range(20):
            step()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(200):
            step()
        assert tracemalloc.get_traced_memory()[0] - before < 10_000
    finally:
        tracemalloc.stop()
        gc.enable()


# ---- fused ops -----------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", _kernels.ACTIVATIONS)
def test_dense_and_activations(activation):
    first = activation in ("linear", "relu", "sigmoid", "tanh", "softmax")
    check_grads(lambda x, w, b: ops.dense(x, w, b, activation), X, W, B, order=2 + first)
    check_grads(lambda x, w: ops.dense(x, w, None, activation), X, W, order=2)
    check_grads(lambda x: ops.activation(x, activation), X, order=2 + first)


@pytest.mark.parametrize("activation", _kernels.ACTIVATIONS)
def test_gradients_in_a_graph_are_those_of_the_kernels(activation):
    """Also at 0, where some curves change, and far from it."""
    far = 30.0 if activation in ("gelu_tanh", "mish") else 700.0
    for function in (
        lambda x: ops.activation(x, activation),
        lambda x: ops.dense(x, np.eye(8), None, activation),
    ):
        x = Tensor(np.array([[0.0, -0.0, 1.0, -1.0, 2.5, -3.5, far, -far]]), requires_grad=True)
        upstream = np.arange(1.0, 9.0)
        (plain,) = grad((function(x) * upstream).sum(), [x])
        (made,) = grad((function(x) * upstream).sum(), [x], create_graph=True)
        np.testing.assert_allclose(made.data, plain.data, 1e-12, 1e-14)
    check_grads(lambda w: ops.dense(ops.dense(w, w, w[0]), w), np.eye(3) + 0.1, order=2)


@pytest.mark.parametrize("behind", [lambda t: t * 1.0, ops.relu])
@pytest.mark.parametrize("rate", [0.0, 0.4, 1.0])
def test_dropout(behind, rate):
    check_grads(lambda x: ops.dropout(behind(x * x * x), rate, seed=3) ** 2, X, order=3)


@pytest.mark.parametrize("weight", [None, np.array([0.5, 2.0])])
@pytest.mark.parametrize(
    ("kind", "smoothing"), [*((kind, 0.0) for kind in KINDS), *((kind, 0.2) for kind in SMOOTHED)]
)
def test_losses(kind, smoothing, weight):
    y = KINDS[kind]
    check_grads(lambda z: ops.loss_rows(kind, z, y, weight, smoothing), X, order=3)
    check_grads(lambda z: ops.mean_loss(kind, z, y, weight, smoothing) ** 2, X, order=3)
    z = Tensor(X, requires_grad=True)  # the composed slope is the kernel's
    for function in (lambda *a: ops.loss_rows(*a).sum(), ops.mean_loss):
        plain = grad(function(kind, z, y, weight, smoothing), z)[0]
        again = grad(function(kind, z, y, weight, smoothing), z, create_graph=True)[0]
        np.testing.assert_allclose(again.data, plain.data, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kind", KINDS)
def test_losses_of_nothing(kind):
    y = KINDS[kind][:0]
    z = Tensor(np.zeros((0, 3)), requires_grad=True)
    (slope,) = grad(ops.loss_rows(kind, z, y).sum(), z, create_graph=True)
    assert slope.shape == (0, 3)


def test_penalty():
    check_grads(lambda w: ops.l1_l2_penalty(w, 0.3, 0.2) ** 2, W, order=3)
    at_zero = leaf(0.0, -0.0)
    (slope,) = grad(ops.l1_l2_penalty(at_zero, 1.0, 1.0), at_zero, create_graph=True)
    np.testing.assert_array_equal(slope.data, [0, 0])


def test_relu_lets_nothing_through_where_it_is_flat():
    x = leaf(-1.0, 0.0, 2.0)
    given = Tensor(np.array([np.inf, np.nan, 3.0]))
    (slope,) = grad(ops.relu(x), x, given, create_graph=True)
    np.testing.assert_array_equal(slope.data, [0, 0, 3])


# ---- own ops -------------------------------------------------------------------------------------


def test_five_lines_are_enough_for_any_order():
    class Logistic(Op):
        def forward(self, x):
            return 1 / (1 + np.exp(-x))

        def backward(self, grad, out, x):
            return (np.where(np.isnan(x), 0, np.multiply(grad, out) * (1 - out)),)

    check_grads(lambda x: apply(Logistic(), x), X, order=4, tolerance=1e-5)


def test_derivative_is_used_where_backward_cannot_be():
    class Cube(Op):
        def forward(self, x):
            return x**3

        def backward(self, grad, out, x):
            result = np.empty_like(x)
            np.multiply(x, x, out=result)
            result *= 3 * grad
            return (result,)

    class Better(Cube):
        def derivative(self, grad, out, x):
            return (3 * x * x * grad,)

    check_grads(lambda x: apply(Cube(), x), X)
    with pytest.raises(TypeError, match=r"numpy\.empty_like: no op of this name"):
        check_grads(lambda x: apply(Cube(), x), X, order=2)
    check_grads(lambda x: apply(Better(), x), X, order=3)


def test_a_wrong_second_derivative_is_found():
    class Square(Op):
        def forward(self, x):
            self.twice = 2 * x  # kept, so it counts as a constant
            return x * x

        def backward(self, grad, out, x):
            return (self.twice * grad,)

    check_grads(lambda x: apply(Square(), x), X)
    with pytest.raises(AssertionError, match=r"input 0.*in the derivative of the gradient"):
        check_grads(lambda x: apply(Square(), x), X, order=2)


def test_the_output_given_to_derivative_is_part_of_the_graph():
    class Exponential(Op):
        def forward(self, x):
            return np.exp(x)

        def backward(self, grad, out, x):
            return (grad * out,)

    check_grads(lambda x: apply(Exponential(), x), X, order=4, tolerance=1e-5)


def test_check_grads_refuses_an_order_below_1(fails):
    fails(lambda: check_grads(lambda x: x, X, order=0), ValueError, "expected order >= 1")
