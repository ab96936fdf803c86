"""check_grads finds wrong gradients, and nothing else."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest

from corereg import Tensor
from corereg.autograd import Op, apply, check_grads, is_grad_enabled, ops, registry
from corereg.autograd.gradcheck import _slope


@pytest.fixture
def cube():
    """Makes functions x -> x**3 whose gradient is what `gradient(grad, x)` says."""
    before = dict(registry)

    def make(gradient):
        class Cube(Op):
            def forward(self, x):
                return x**3

            def backward(self, grad, out, x):
                return (gradient(grad, x),)

        return lambda x: apply(Cube(), x)

    yield make
    registry.clear()
    registry.update(before)


def points(*shape):
    return np.random.default_rng(3).uniform(0.5, 1.5, shape)


@pytest.mark.parametrize("shape", [(), (4,), (3, 5), (2, 3, 4), (0, 3)])
def test_right_gradients_pass(cube, shape):
    check_grads(cube(lambda grad, x: 3 * x * x * grad), points(*shape))


def one_element_wrong(grad, x):
    right = 3 * x * x * grad
    right.flat[-1] *= 1.001
    return right


@pytest.mark.parametrize(
    "gradient",
    [
        lambda grad, x: 3.00001 * x * x * grad,
        lambda grad, x: -3 * x * x * grad,
        lambda grad, x: 3 * x * x,
        lambda grad, x: np.zeros_like(x),
        lambda grad, x: None,
        lambda grad, x: np.full_like(x, np.nan),
        lambda grad, x: (3 * x * x * grad).astype(np.float16),
        lambda grad, x: (3 * x * x * grad)[::-1],
        lambda grad, x: np.broadcast_to(3 * x * x * grad, (2, *x.shape)),
        one_element_wrong,
    ],
)
def test_wrong_gradients_do_not(cube, gradient):
    with pytest.raises(AssertionError, match="check_grads: input 0: backward gives"):
        check_grads(cube(gradient), points(4, 5))


def test_a_gradient_of_the_wrong_shape_is_the_engines_error(cube):
    with pytest.raises(RuntimeError, match=r"Cube.backward: expected .*\(4, 5\).*\(5, 4\)"):
        check_grads(cube(lambda grad, x: (3 * x * x * grad).T), points(4, 5))


def test_a_path_cut_off_from_the_graph_is_found():
    with pytest.raises(AssertionError, match="input 0: backward gives 0 "):
        check_grads(lambda x: x.detach() * 2, points(3))
    with pytest.raises(AssertionError, match="input 1: backward gives 0 "):
        check_grads(lambda x, y: x * y.detach(), points(3), points(3))
    check_grads(lambda x: Tensor(np.ones(2)), points(3))  # a constant has no gradient to miss


def test_every_input_is_checked(cube):
    wrong = cube(lambda grad, x: 2 * x * x * grad)
    with pytest.raises(AssertionError, match="input 1"):
        check_grads(lambda a, b, c: a * wrong(b) + c, points(3), points(3), points(3))
    check_grads(lambda a, b, c: a * b + c, points(3), points(2, 3), points(1))


def test_a_kink_is_not_taken_for_smooth():
    with pytest.raises(AssertionError):
        check_grads(ops.relu, np.zeros(3))


def test_tolerance_and_step_are_obeyed(cube):
    nearly = cube(lambda grad, x: 3.003 * x * x * grad)
    check_grads(nearly, points(4), tolerance=0.01)
    with pytest.raises(AssertionError):
        check_grads(nearly, points(4), tolerance=1e-4)
    right = cube(lambda grad, x: 3 * x * x * grad)
    with pytest.raises(AssertionError):
        check_grads(right, points(4), step=0.5)


def test_it_is_deterministic_and_leaves_inputs_alone(cube):
    inputs, seen = points(3, 4), []

    def watched(x):
        seen.append((x.requires_grad, is_grad_enabled(), x.data.tobytes()))
        return cube(lambda grad, x: 3 * x * x * grad)(x)

    before = inputs.copy()
    runs = []
    for seed in (0, 0, 1):
        seen.clear()
        check_grads(watched, inputs, directions=2, seed=seed)
        runs.append(list(seen))
    np.testing.assert_array_equal(inputs, before)
    assert runs[0] == runs[1] != runs[2]
    assert [flags for *flags, _ in runs[0]] == [[True, True], *[[False, False]] * 4]
    assert is_grad_enabled()


def test_wrong_use(fails):
    fails(lambda: check_grads(lambda: Tensor(1.0)), ValueError, "at least one input")
    fails(lambda: check_grads(lambda x: x.data, 1.0), TypeError, "expected a Tensor.*ndarray")


def test_second_derivatives_are_taken_along_a_direction():
    """Of x**3 + y, summed with weights; z is no part of it, and a direction of 0 adds nothing."""
    slope = _slope(lambda x, y, z: x**3 + y, np.array([1.0, 2.0]), [[0.5, 0.0], [0.0, 3.0], [1, 1]])
    x, y, z = (Tensor(np.array([2.0, 5.0])) for _ in range(3))
    assert slope(x, y, z).numpy() == 1.0 * 3 * 2**2 * 0.5 + 2.0 * 3.0


@pytest.mark.parametrize("wrong", [0.0, 1e-3])
def test_the_gradient_that_a_graph_is_made_of_is_checked_too(cube, wrong):
    """One that is wrong by a constant has the right gradient."""

    def gradient(grad, x):
        return 3 * x * x * grad + (wrong * grad if isinstance(x, Tensor) else 0)

    check_grads(cube(gradient), points(3))
    error = pytest.raises(AssertionError, match="input 0: create_graph=True gives")
    with error if wrong else nullcontext():
        check_grads(cube(gradient), points(3), order=2)
