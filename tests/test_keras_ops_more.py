"""Functions of corereg.ops beside what the goldens show: erfc, correlate, rearrange,
custom_gradient."""

from __future__ import annotations

import math

import numpy as np
import pytest
from small import bits, data, fit

import corereg
from corereg import Tensor, layers, ops
from corereg.autograd import check_grads


def test_erfc_keeps_all_digits():
    x = np.linspace(-6, 26, 500)
    exact = np.array([math.erfc(one) for one in x])
    np.testing.assert_allclose(ops.erfc(x).numpy(), exact, rtol=2e-13)
    found = ops.erfc(x.astype("float32")).numpy()
    assert found.dtype == "float32"
    near = x < 9
    exact = np.array([math.erfc(one) for one in x.astype("float32")])
    np.testing.assert_allclose(found[near], exact[near], rtol=1e-6)
    check_grads(ops.erfc, np.array([-2.0, -0.5, 0.25, 1.5, 3.0]))
    at_zero = Tensor(0.0, requires_grad=True)
    ops.erfc(at_zero).backward()
    assert at_zero.grad.item() == pytest.approx(-2 / math.sqrt(math.pi))


def test_i0_everywhere():
    for limit, dtype in ((709, "float64"), (91.9, "float32")):
        x = np.linspace(-limit, limit, 301).astype(dtype)
        found = ops.i0(x).numpy()
        np.testing.assert_allclose(
            found, np.i0(x.astype(float)), rtol=2e-5 if dtype == "float32" else 1e-12
        )
    check_grads(ops.i0, np.array([-3.0, -0.5, 0.0, 0.25, 2.0]), order=2)
    with np.errstate(over="ignore"):
        assert np.isinf(ops.i0(np.float32([93.0, -200.0, 3e38])).numpy()).all()


@pytest.mark.parametrize("mode", ["valid", "same", "full"])
@pytest.mark.parametrize("sizes", [(5, 3), (3, 5), (4, 2), (2, 4), (4, 4), (1, 1), (1, 6)])
def test_correlate(sizes, mode, rng):
    a, b = (rng.standard_normal(size) for size in sizes)
    np.testing.assert_allclose(ops.correlate(a, b, mode).numpy(), np.correlate(a, b, mode))
    check_grads(lambda a, b: ops.correlate(a, b, mode), a, b)


@pytest.mark.parametrize(
    ("pattern", "lengths", "by_hand"),
    [
        ("a b c -> c a b", {}, lambda x: x.transpose(2, 0, 1)),
        ("a b c -> (a b) c", {}, lambda x: x.reshape(8, 6)),
        (
            "a (b d) c -> a b (c d)",
            {"b": 2},
            lambda x: x.reshape(2, 2, 2, 6).swapaxes(2, 3).reshape(2, 2, 12),
        ),
        (
            "a b (c d) -> (d a) (b c)",
            {"d": 3},
            lambda x: x.reshape(2, 4, 2, 3).transpose(3, 0, 1, 2).reshape(6, 8),
        ),
        ("a b c -> a () b c", {}, lambda x: x[:, None]),
    ],
)
def test_rearrange(pattern, lengths, by_hand, rng):
    x = rng.standard_normal((2, 4, 6))
    assert np.array_equal(ops.rearrange(x, pattern, **lengths).numpy(), by_hand(x))
    check_grads(lambda x: ops.rearrange(x, pattern, **lengths), x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.rearrange(np.ones((2, 3)), "a b"), "a pattern such as"),
        (lambda: ops.rearrange(np.ones((2, 3)), "a ... -> a"), "a pattern such as"),
        (lambda: ops.rearrange(np.ones((2, 3)), "a b -> a c"), "the same names once"),
        (lambda: ops.rearrange(np.ones((2, 3)), "a b c -> c b a"), "a pattern of 3 axes|of 2 axes"),
        (lambda: ops.rearrange(np.ones((2, 3)), "a (b c) -> a b c"), "of which 'b c' makes 3"),
        (lambda: ops.rearrange(np.ones((2, 3)), "a (b c) -> a b c", b=2), "makes 3"),
        (lambda: ops.rearrange(np.ones((2, 3)), "a b -> b a", d=2), "lengths of"),
        (lambda: ops.hanning(2.5), "the number of points as an integer"),
        (lambda: ops.kaiser([3, 4], 1.0), "the number of points as an integer"),
        (lambda: ops.correlate(np.ones((2, 2)), np.ones(2)), "two vectors"),
        (lambda: ops.correlate(np.ones(3), np.ones(2), "some"), "mode 'valid', 'same' or 'full'"),
    ],
)
def test_bad_arguments(call, message, fails):
    fails(call, ValueError, message)


# ---- custom_gradient -----------------------------------------------------------------------------


@ops.custom_gradient
def both(a, b):
    """a b and the sum of a, with their gradients."""
    return (a * b, ops.sum(a)), lambda product, total: (product * b + total, product * a)


@ops.custom_gradient
def half(x):
    """tanh, of which half the gradient goes back."""
    return ops.tanh(x), lambda upstream: upstream * 0.5


def test_gradients_of_ones_own(rng):
    a, b = rng.standard_normal((2, 3))
    check_grads(lambda a, b: both(a, b)[0] * 2 + both(a, b)[1] * 3, a, b)
    x = Tensor([1.0, 2.0], requires_grad=True)
    half(x).sum().backward()
    assert x.grad.tolist() == [0.5, 0.5]
    assert both.__name__ == "both"


class Half(layers.Layer):
    def call(self, x):
        return half(x)


def test_gradients_of_ones_own_are_recorded():
    x, y = data()
    models = []
    for eagerly in (False, True):
        corereg.set_random_seed(1)
        models.append(
            corereg.Sequential([corereg.Input((6,)), layers.Dense(5), Half(), layers.Dense(1)])
        )
        models[-1].compile("adam", "mse", run_eagerly=eagerly)
        fit(models[-1], x, y, epochs=2)
    assert "replayed" in str(models[0].execution_report())
    assert bits(models[0]) == bits(models[1])


def test_bad_gradients_of_ones_own(fails):
    x = Tensor([1.0], requires_grad=True)
    plain = ops.custom_gradient(lambda x: x)
    fails(lambda: plain(x), TypeError, "its output and a function of gradients, received Tensor")
    many = ops.custom_gradient(lambda x: (x * 2, lambda g: (g, g)))
    fails(many(x).backward, ValueError, "the gradients of the 1 inputs of <lambda>, received 2")
    fails(lambda: half(corereg.Input((3,))), TypeError, "received a symbolic one")
