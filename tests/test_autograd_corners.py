"""Corners of the ops: PyTorch's gradients at kinks and infinities, dtypes, warnings, errors."""

from __future__ import annotations

import operator
import warnings

import numpy as np
import pytest

from corereg import Tensor, config
from corereg.autograd import ops

INF, NAN = np.inf, np.nan
POW_BASE = [0, 0, 0, 0, 0, -2, -2, 2, 2, -8]
POW_EXPONENT = [0, 1, 2, 0.5, -1, 2, 3, 0, -1, 1 / 3]
LN2 = 0.6931471805599453

# function, inputs, value, gradients for a gradient of ones: as PyTorch 2.13 gives them in float64
CORNERS = {
    "relu": (ops.relu, [[-1, 0, 2, INF, -INF]], [0, 0, 2, INF, 0], [[0, 0, 1, 1, 0]]),
    "relu of NaN": (ops.relu, [[NAN]], [NAN], None),
    "abs": (ops.abs, [[-2, 0, -0.0, 3]], [2, 0, 0, 3], [[-1, 0, 0, 1]]),
    "pow": (
        operator.pow,
        [POW_BASE, POW_EXPONENT],
        [1, 0, 0, 0, INF, 4, -8, 1, 0.5, NAN],
        [
            [0, 1, 0, INF, -INF, -4, 12, 0, -0.25, NAN],
            [0, 0, 0, 0, -INF, NAN, NAN, LN2, LN2 / 2, NAN],
        ],
    ),
    "t**0": (lambda t: t**0, [[0, -2, 2]], [1, 1, 1], [[0, 0, 0]]),
    "t**1": (lambda t: t**1, [[0, -2, 2]], [0, -2, 2], [[1, 1, 1]]),
    "t**2": (lambda t: t**2, [[0, -2, 2]], [0, 4, 4], [[0, -4, 4]]),
    "t**0.5": (lambda t: t**0.5, [[0, -2, 4]], [0, NAN, 2], [[INF, NAN, 0.25]]),
    "t**-1": (lambda t: t**-1, [[0, -2, 2]], [INF, -0.5, 0.5], [[-INF, -0.25, -0.25]]),
    "0**t": (lambda t: 0**t, [[0, 1, -1, 0.5]], [1, 0, INF, 0], [[0, 0, -INF, 0]]),
    "(-2)**t": (lambda t: (-2) ** t, [[0, 1, 0.5]], [1, -2, NAN], [[NAN, NAN, NAN]]),
    "clip": (lambda t: t.clip(-1, 1), [[-2, -1, 0, 1, 2]], [-1, -1, 0, 1, 1], [[0, 1, 1, 1, 0]]),
    "clip of NaN": (lambda t: t.clip(-1, 1), [[NAN]], [NAN], [[0]]),
    "clip to a point": (lambda t: t.clip(1, 1), [[0, 1, 2]], [1, 1, 1], [[0, 1, 0]]),
    "log": (ops.log, [[0, -1, 1, INF]], [-INF, NAN, 0, INF], [[INF, -1, 1, 0]]),
    "exp": (ops.exp, [[1000, -1000, 0, -INF]], [INF, 0, 1, 0], [[INF, 0, 1, 0]]),
    "sigmoid": (
        ops.sigmoid,
        [[1000, -1000, 0, INF, -INF]],
        [1, 0, 0.5, 1, 0],
        [[0, 0, 0.25, 0, 0]],
    ),
    "sigmoid of NaN": (ops.sigmoid, [[NAN]], [NAN], [[NAN]]),
    "tanh": (ops.tanh, [[1000, -1000, 0]], [1, -1, 0], [[0, 0, 1]]),
    "softmax": (ops.softmax, [[1000, 0, -1000]], [1, 0, 0], [[0, 0, 0]]),
    "softmax of huge numbers": (
        lambda t: ops.softmax(t) * [1, 0],
        [[[1e300, 1e300], [-1e300, -1e300], [-INF, 0]]],
        [[0.5, 0], [0.5, 0], [0, 0]],
        [[[0.25, -0.25], [0.25, -0.25], [0, 0]]],
    ),
    "division": (
        operator.truediv,
        [[1, 0, -1, 0], [0, 0, 0, 2]],
        [INF, NAN, -INF, 0],
        [[INF, INF, INF, 0.5], [-INF, NAN, INF, 0]],
    ),
    "mean of nothing": (ops.mean, [[]], NAN, [[]]),
    "means of nothing": (lambda t: ops.mean(t, 0), [np.zeros((0, 3))], [NAN] * 3, None),
    "no means": (lambda t: ops.mean(t, 1), [np.zeros((0, 3))], [], None),
    "sum of nothing": (ops.sum, [[]], 0, [[]]),
    "penalty at 0": (lambda t: ops.l1_l2_penalty(t, 2, 3), [[0, -0.0, 1]], 5, [[0, 0, 8]]),
    "absolute error at 0": (
        lambda t: ops.loss_rows("absolute_error", t, np.ones((3, 1))),
        [[[0], [1], [2]]],
        [1, 0, 1],
        [[[-1], [0], [1]]],
    ),
}


@pytest.mark.parametrize("name", CORNERS)
def test_corner(name):
    function, inputs, value, grads = CORNERS[name]
    leaves = [Tensor(np.array(a, np.float64), requires_grad=True) for a in inputs]
    with np.errstate(all="ignore"):
        out = function(*leaves)
    np.testing.assert_allclose(out.data, value, rtol=1e-15)
    out.backward(np.ones(out.shape))
    for leaf, grad in zip(leaves, grads or (), strict=bool(grads)):
        np.testing.assert_allclose(leaf.grad.data, grad, rtol=1e-15)


@pytest.mark.parametrize(
    ("function", "data", "grad", "expected"),
    [
        (ops.relu, [-1, 0, 2], [INF, NAN, INF], [0, 0, INF]),
        (lambda t: t.clip(-1, 1), [-2, 1, 2], [INF, INF, NAN], [0, INF, 0]),
    ],
)
def test_no_gradient_passes_where_the_value_is_flat(function, data, grad, expected):
    leaf = Tensor(np.array(data, np.float64), requires_grad=True)
    function(leaf).backward(grad)
    np.testing.assert_array_equal(leaf.grad.data, expected)


# ---- warnings: see corereg.autograd.tensor ------------------------------------------------------


def test_forward_arithmetic_obeys_numpys_error_state():
    one, zero = Tensor(np.ones(2)), Tensor(np.zeros(2))
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        quotient = one / zero
    np.testing.assert_array_equal(quotient.data, [INF, INF])
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        one / zero


def test_kernels_and_backward_never_warn():
    zero = Tensor(np.zeros((2, 2)), requires_grad=True)
    with np.errstate(all="raise"), warnings.catch_warnings():
        warnings.simplefilter("error")
        log, exp = zero.log(), (zero + 1e5).exp()
        for out in (log, exp, zero**0.5, 1e300 * (zero * 1e300)):
            out.backward(np.ones((2, 2)))
    np.testing.assert_array_equal(log.data, np.full((2, 2), -INF))
    np.testing.assert_array_equal(exp.data, np.full((2, 2), INF))
    np.testing.assert_array_equal(zero.grad.data, np.full((2, 2), INF))


# ---- dtypes -------------------------------------------------------------------------------------

F32, F64, I64 = np.ones(2, np.float32), np.ones(2), np.ones(2, np.int64)
PROMOTION = [
    (F32, 2, "float32"),
    (F32, 0.1, "float32"),
    (F32, True, "float32"),
    (F32, [0.1, 0.2], "float32"),
    (F32, np.float32(2), "float32"),
    (F32, np.float64(2), "float64"),
    (F32, F64, "float64"),
    (F32, I64, "float64"),
    (F64, 0.1, "float64"),
    (F64, [0.1, 0.2], "float64"),
    (F64, I64, "float64"),
    (I64, 2, "int64"),
    (I64, I64, "int64"),
    (I64, 0.5, "float64"),
]


@pytest.mark.parametrize("op", [operator.add, operator.mul, operator.sub])
@pytest.mark.parametrize(("a", "b", "expected"), PROMOTION)
def test_promotion_is_numpys(a, b, expected, op):
    exact = np.asarray(b, expected) if isinstance(b, int | float | list) else b
    for out, value in [(op(Tensor(a), b), op(a, exact)), (op(b, Tensor(a)), op(exact, a))]:
        assert out.dtype == expected
        np.testing.assert_array_equal(out.data, value.astype(expected))


def test_gradients_have_the_dtype_of_their_tensors():
    single, double = Tensor(F32, requires_grad=True), Tensor(F64 / 3, requires_grad=True)
    ((single * double + single) @ I64).backward()
    assert single.grad.dtype == np.float32
    assert double.grad.dtype == np.float64
    np.testing.assert_array_equal(single.grad.data, np.float32(4 / 3) * F32)
    np.testing.assert_array_equal(double.grad.data, F64)


def test_integers_compute_but_have_no_gradient():
    labels = Tensor([[1, 2], [3, -4]])
    assert labels.dtype == np.int64
    results = [labels.sum(), abs(labels), -labels, labels.T, labels @ labels, labels.clip(0, 2)]
    assert [r.dtype for r in results] == [np.int64] * 6
    assert not any(r.requires_grad for r in results)
    assert labels.mean().data == 0.5
    leaf = Tensor(np.ones((2, 2)), requires_grad=True)
    (labels * leaf).sum().backward()
    np.testing.assert_array_equal(leaf.grad.data, labels.data)


def test_python_lists_keep_the_precision_of_float64():
    assert (Tensor(np.ones(2)) * [0.1, 0.2]).data.tolist() == [0.1, 0.2]
    assert config.floatx() == "float32"
    assert ops.add(0.1, [0.2]).dtype == np.float32


# ---- errors -------------------------------------------------------------------------------------

ones = np.ones
ERRORS = {
    "mixed dense": (
        lambda: ops.dense(ones((2, 3), np.float32), ones((3, 4))),
        TypeError,
        "dense_forward: expected w of dtype float32 as the other arrays, received float64",
    ),
    "mixed bias": (
        lambda: ops.dense(ones((2, 3)), ones((3, 4)), ones(4, np.float32)),
        TypeError,
        "expected b of dtype float64 as the other arrays, received float32",
    ),
    "integer dense": (
        lambda: ops.dense(ones((2, 3), int), ones((3, 4))),
        TypeError,
        "expected x of dtype float32 or float64, received int64",
    ),
    "dense of a vector": (
        lambda: ops.dense(ones(3), ones((3, 4))),
        ValueError,
        r"expected x with 2 dimensions, received shape \(3,\)",
    ),
    "dense shapes": (
        lambda: ops.dense(ones((2, 3)), ones((4, 5))),
        ValueError,
        r"expected w of shape \(3, N\) for x of shape \(2, 3\), received \(4, 5\)",
    ),
    "dense activation": (
        lambda: ops.dense(ones((2, 3)), ones((3, 4)), activation="rely"),
        ValueError,
        r"dense: expected an activation of \['elu', 'gelu', .*'rely'",
    ),
    "activation name": (
        lambda: ops.activation(ones(2), "rely"),
        ValueError,
        r"activation: expected one of \['elu', 'gelu', .*'rely'",
    ),
    "activation of integers": (
        lambda: Tensor([1, 2]).relu(),
        TypeError,
        "relu: expected a float32 or float64 tensor, received int64",
    ),
    "exp of integers": (
        lambda: Tensor([1, 2]).exp(),
        TypeError,
        r"exp: expected a float32 or float64 tensor, received int64; convert with .astype",
    ),
    "softmax axis": (lambda: Tensor(ones((2, 3))).softmax(2), ValueError, "of 2 axes, received 2"),
    "softmax of a number": (lambda: Tensor(1.0).softmax(), ValueError, "softmax: .*of 0 axes"),
    "clip bounds": (lambda: ops.clip(1.0, 2, 1), ValueError, "expected low <= high, received 2"),
    "dropout rate": (
        lambda: ops.dropout(ones(2), 1.5, 0),
        ValueError,
        r"expected a rate in \[0, 1\], received 1.5",
    ),
    "loss targets": (
        lambda: ops.mean_loss("squared_error", ones((2, 3)), ones((2, 2))),
        ValueError,
        r"squared_error: expected y of shape \(2, 3\), received \(2, 2\)",
    ),
    "loss kind": (
        lambda: ops.mean_loss("hinges", ones((2, 3)), ones((2, 3))),
        ValueError,
        "expected a kind of .*received 'hinges'",
    ),
    "broadcast": (lambda: Tensor(ones(2)) + ones(3), ValueError, "could not be broadcast"),
    "matmul": (lambda: Tensor(ones(2)) @ ones(3), ValueError, "matmul"),
    "operand": (lambda: Tensor(ones(2)) + "a", TypeError, "Tensor: expected numbers of dtype"),
    "no operand": (lambda: Tensor(ones(2)) * None, TypeError, "received object"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_error(name, fails):
    fails(*ERRORS[name])
