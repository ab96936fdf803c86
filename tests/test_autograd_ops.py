"""Every op: its gradient against central differences, its value against NumPy, its corners."""

from __future__ import annotations

import operator

import numpy as np
import pytest

from corereg import Tensor, reference
from corereg.autograd import check_grads, ops, registry
from corereg.autograd.ops.losses import KINDS as KERNEL_KINDS

random = np.random.default_rng(5)


def x(*shape):
    """Numbers of order 1 and either sign, away from 0 and from 1, where some ops have kinks."""
    size = random.uniform(0.2, 0.9, shape)
    return random.choice([-1, 1], shape) * (size + random.choice([0, 0.9], shape))


def positive(*shape):
    return np.abs(x(*shape))


# ---- gradients ------------------------------------------------------------------------------

BROADCAST = [
    ((3, 4), (3, 4)),
    ((4,), (3, 4)),
    ((3, 4), (3, 1)),
    ((2, 3, 1), (1, 4)),
    ((), (2, 3)),
    ((2, 3), ()),
    ((), ()),
    ((1, 1), (3,)),
    ((2, 0), (2, 0)),
    ((2, 0), (2, 1)),
    ((1,), (0,)),
    ((), (0, 3)),
]
MATMUL = [
    ((2, 3), (3, 4)),
    ((3,), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3,)),
    ((5, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (4, 3, 2)),
    ((3,), (2, 5, 3, 4)),
    ((2, 5, 4, 3), (3,)),
    ((0, 3), (3, 4)),
    ((2, 0), (0, 4)),
    ((2, 3, 0), (0,)),
    ((0,), (2, 0, 3)),
    ((1, 1), (1, 1)),
]
SHAPES = [(3, 4), (5,), (), (2, 3, 4), (0,), (2, 0)]
REDUCTIONS = [
    ((3, 4), None, False),
    ((3, 4), None, True),
    ((3, 4), 0, False),
    ((3, 4), -1, True),
    ((2, 3, 4), (0, 2), False),
    ((2, 3, 4), [-1, 1], True),
    ((2, 3, 4), (), False),
    ((2, 1, 4), 1, False),
    ((), None, False),
    ((0, 3), None, False),
    ((0, 3), 1, False),
    ((2, 0), 0, True),
]
ACTIVATIONS = ["relu", "sigmoid", "tanh", "softmax"]
KINDS = [
    ("softmax_cross_entropy", (0.0, 0.1, 1.0)),
    ("sparse_cross_entropy", (0.0,)),
    ("sigmoid_cross_entropy", (0.0, 0.1, 1.0)),
    ("squared_error", (0.0,)),
    ("absolute_error", (0.0,)),
]


def clip(t):
    return ops.clip(t, -1, 1)


def reshaped(*shape):
    return lambda t: t.reshape(*shape)


def transposed(*axes):
    return lambda t: t.transpose(*axes)


def reduced(op, axis, keepdims):
    return lambda t: op(t, axis, keepdims)


def activated(name):
    return lambda t: ops.activation(t, name)


def dense(name):
    return lambda *inputs: ops.dense(*inputs, activation=name)


def dropped(rate, before=None):
    return lambda t: ops.dropout(before(t) if before else t, rate, seed=7, step=3)


def penalized(l1, l2):
    return lambda t: ops.l1_l2_penalty(t, l1, l2)


def lost(op, kind, smoothing, weighted, rows=4):
    """The loss of (rows, 3) outputs against fixed targets."""
    y = random.dirichlet(np.ones(3), rows)
    weight = random.uniform(0.5, 2, rows) if weighted else None
    labels = random.integers(0, 3, rows)

    def function(z):
        target = labels if kind == "sparse_cross_entropy" else y.astype(z.dtype)
        given = None if weight is None else weight.astype(z.dtype)
        return op(kind, z, target, given, smoothing)

    return function


def losses(op):
    cases = [
        (lost(op, kind, smoothing, weighted), x(4, 3))
        for kind, smoothings in KINDS
        for smoothing in smoothings
        for weighted in (False, True)
    ]
    return [*cases, *((lost(op, kind, 0.0, False, rows=0), x(0, 3)) for kind, _ in KINDS)]


def pairs(op, shapes=BROADCAST):
    return [(op, x(*a), x(*b)) for a, b in shapes]


def unary(op, made=x):
    return [(op, made(*shape)) for shape in SHAPES]


GRADIENTS = {
    "Add": [*pairs(operator.add), (lambda t: 2 + t, x(3)), (lambda t: t + t, x(3))],
    "Subtract": [*pairs(operator.sub), (lambda t: 2 - t, x(3)), (lambda t: t - 2 * t, x(3))],
    "Multiply": [*pairs(operator.mul), (lambda t: 2 * t, x(3)), (lambda t: t * t, x(3))],
    "Divide": [*pairs(operator.truediv), (lambda t: 2 / t, x(3)), (lambda t: t / (t * t), x(3))],
    "Power": [
        *((operator.pow, positive(*a), x(*b)) for a, b in BROADCAST),
        *((lambda t, n=n: t**n, x(3, 4)) for n in (-2, -1, 0, 1, 2, 3)),
        *((lambda t, c=c: t**c, positive(3, 4)) for c in (-1.5, 0.5)),
        (lambda t: 2**t, x(3, 4)),
        (lambda t: t**t, positive(3)),
        (lambda t: t ** [0, 1, 2], x(4, 3)),
    ],
    "Matmul": [
        *pairs(operator.matmul, MATMUL),
        (lambda t: t @ t, x(3, 3)),
        (lambda t: t @ t, x(4)),
        (lambda t: t @ t.T, x(2, 3)),
    ],
    "Negative": unary(operator.neg),
    "Exp": unary(ops.exp),
    "Log": unary(ops.log, positive),
    "Abs": unary(abs),
    "Clip": unary(clip),
    "Sum": [(reduced(ops.sum, axis, keep), x(*shape)) for shape, axis, keep in REDUCTIONS],
    "Mean": [
        (reduced(ops.mean, axis, keep), x(*shape))
        for shape, axis, keep in REDUCTIONS
        if (shape, axis) != ((0, 3), None)  # NaN: see the corners
    ],
    "Reshape": [
        (reshaped(4, 3), x(3, 4)),
        (reshaped(-1), x(2, 3, 4)),
        (reshaped((2, -1, 2)), x(3, 4)),
        (reshaped(), x(1, 1)),
        (reshaped(1, 1), x()),
        (reshaped(0, 5), x(3, 0)),
    ],
    "Transpose": [
        (transposed(), x(3, 4)),
        (transposed(), x(2, 3, 4)),
        (transposed(2, 0, 1), x(2, 3, 4)),
        (transposed([-1, 0, -2]), x(2, 3, 4)),
        (transposed(), x()),
        (transposed(0), x(5)),
        (transposed(1, 0), x(3, 0)),
    ],
    "Activation": [
        *((activated(name), x(*shape)) for name in ACTIVATIONS for shape in SHAPES if shape),
        *((activated(name), x()) for name in ACTIVATIONS if name != "softmax"),
        *((lambda t, axis=axis: t.softmax(axis), x(2, 3, 4)) for axis in (0, 1, -2, -1)),
    ],
    "Dense": [
        *((dense(name), x(5, 3), x(3, 4), x(4)) for name in ["linear", *ACTIVATIONS]),
        *((dense(name), x(5, 3), x(3, 4)) for name in ["linear", *ACTIVATIONS]),
        *((dense("relu"), x(m, k), x(k, n), x(n)) for m, k, n in [(0, 3, 4), (5, 0, 4), (5, 3, 0)]),
        (dense("tanh"), x(1, 1), x(1, 1), x(1)),
        (lambda t: ops.dense(t, t), x(3, 3)),
        (lambda t, w: ops.dense(ops.dense(t, w, None, "sigmoid"), w), x(5, 3), x(3, 3)),
    ],
    "Dropout": [
        *((dropped(rate), x(9, 5)) for rate in (0.0, 0.3, 0.9, 1.0)),
        *((dropped(rate, ops.relu), x(9, 5)) for rate in (0.0, 0.3, 1.0)),
        (lambda t, w: ops.dropout(ops.dense(t, w, None, "relu"), 0.5, 7), x(9, 5), x(5, 4)),
        *((dropped(0.5), x(*shape)) for shape in SHAPES),
    ],
    "LossRows": losses(ops.loss_rows),
    "MeanLoss": [
        *losses(ops.mean_loss),
        (lambda z: ops.mean_loss("squared_error", z, np.zeros(z.shape, z.dtype)) * 3, x(4, 3)),
    ],
    "L1L2Penalty": [
        *((penalized(l1, l2), x(3, 4)) for l1, l2 in [(0.1, 0), (0, 0.2), (0.1, 0.2), (0, 0)]),
        *((penalized(0.3, 0.4), x(*shape)) for shape in SHAPES),
        (lambda t: 3 * ops.l1_l2_penalty(t.T, 0.1, 0.2), x(3, 4)),
    ],
}
CASES = [(name, case[0], case[1:]) for name, cases in GRADIENTS.items() for case in cases]
IDS = [f"{name}-{i}" for name, cases in GRADIENTS.items() for i in range(len(cases))]


def test_every_op_and_loss_is_in_the_table():
    assert {n for n, op in registry.items() if op.__module__.startswith("corereg.")} == {*GRADIENTS}
    assert {kind for kind, _ in KINDS} == set(KERNEL_KINDS)


@pytest.mark.parametrize(("name", "function", "arrays"), CASES, ids=IDS)
def test_gradient(name, function, arrays):
    check_grads(function, *arrays)
    leaves = [Tensor(a, requires_grad=True) for a in map(np.array, arrays)]
    out = function(*leaves)
    assert name in names_in_graph(out)
    out.backward(np.ones(out.shape))
    for leaf in leaves:
        assert leaf.grad.shape == leaf.shape
        assert leaf.grad.dtype == np.float64


def names_in_graph(out):
    stack, names = [out.node], set()
    while stack:
        node = stack.pop()
        names.add(type(node).__name__)
        stack += [t.node for t in node.inputs if t.node is not None]
    return names


@pytest.mark.parametrize(("name", "function", "arrays"), CASES, ids=IDS)
def test_float32_stays_float32(name, function, arrays, close):
    single = [Tensor(a.astype(np.float32), requires_grad=True) for a in map(np.array, arrays)]
    double = [Tensor(t.data.astype(np.float64), requires_grad=True) for t in single]
    with np.errstate(all="raise"):
        got, expected = function(*single), function(*double)
    assert got.dtype == np.float32
    close(got.data, expected.data, 200, scale=1 + np.abs(expected.data).max(initial=0))
    got.backward(np.ones(got.shape))
    expected.backward(np.ones(got.shape))
    for a, b in zip(single, double, strict=True):
        assert a.grad.dtype == np.float32
        close(a.grad.data, b.grad.data, 200, scale=1 + np.abs(b.grad.data).max(initial=0))


@pytest.mark.parametrize(("name", "function", "arrays"), CASES, ids=IDS)
def test_strided_read_only_arrays(name, function, arrays, rng, close):
    plain = [Tensor(a, requires_grad=True) for a in map(np.array, arrays)]
    spread = [Tensor(strided(a), requires_grad=True) for a in map(np.array, arrays)]
    expected, got = function(*plain), function(*spread)
    close(got.data, expected.data)
    grad = np.asarray(rng.standard_normal(expected.shape))
    expected.backward(grad)
    got.backward(strided(grad))
    for a, b in zip(spread, plain, strict=True):
        close(a.grad.data, b.grad.data)


def strided(a):
    """The same numbers, read-only, with NaN between them."""
    whole = np.full([2 * n for n in reversed(a.shape)], np.nan).T
    out = whole[(..., *(slice(None, None, 2) for _ in a.shape))]
    out[...] = a
    out.flags.writeable = False
    return out


# ---- values ---------------------------------------------------------------------------------


def softmax(a, axis=-1):
    e = np.exp(a - a.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


VALUES = {
    "t+a": (operator.add, np.add, x(3, 1), x(4)),
    "t-a": (operator.sub, np.subtract, x(3, 1), x(4)),
    "t*a": (operator.mul, np.multiply, x(3, 1), x(4)),
    "t/a": (operator.truediv, np.divide, x(3, 1), x(4)),
    "t**a": (operator.pow, np.power, positive(3, 1), x(4)),
    "t@a": (operator.matmul, np.matmul, x(3, 5), x(2, 5, 4)),
    "-t": (operator.neg, np.negative, x(3, 4)),
    "abs": (abs, np.abs, x(3, 4)),
    "t.abs": (Tensor.abs, np.abs, x(3, 4)),
    "exp": (Tensor.exp, np.exp, x(3, 4)),
    "log": (Tensor.log, np.log, positive(3, 4)),
    "clip": (lambda t: t.clip(-0.5, 1), lambda a: np.clip(a, -0.5, 1), x(3, 4)),
    "sum": (lambda t: t.sum((0, 2)), lambda a: a.sum((0, 2)), x(3, 4, 5)),
    "sum keepdims": (lambda t: t.sum(-1, True), lambda a: a.sum(-1, keepdims=True), x(3, 4)),
    "mean": (lambda t: t.mean([1, 2]), lambda a: a.mean((1, 2)), x(3, 4, 5)),
    "mean keepdims": (
        lambda t: t.mean(1, keepdims=True),
        lambda a: a.mean(1, keepdims=True),
        x(3, 4),
    ),
    "relu": (Tensor.relu, lambda a: np.maximum(a, 0), x(3, 4)),
    "sigmoid": (Tensor.sigmoid, lambda a: 1 / (1 + np.exp(-a)), x(3, 4)),
    "tanh": (Tensor.tanh, np.tanh, x(3, 4)),
    "softmax": (Tensor.softmax, softmax, x(3, 4)),
    "softmax axis": (lambda t: t.softmax(0), lambda a: softmax(a, 0), x(3, 4)),
    "linear": (activated("linear"), lambda a: a, x(3, 4)),
    "reshape": (lambda t: t.reshape(2, -1), lambda a: a.reshape(2, -1), x(3, 4)),
    "transpose": (lambda t: t.transpose(1, 2, 0), lambda a: a.transpose(1, 2, 0), x(2, 3, 4)),
    "T": (lambda t: t.T, lambda a: a.T, x(2, 3, 4)),
    "dense": (dense("tanh"), lambda a, w, b: np.tanh(a @ w + b), x(5, 3), x(3, 4), x(4)),
    "dense softmax": (dense("softmax"), lambda a, w: softmax(a @ w), x(5, 3), x(3, 4)),
    "dropout none": (dropped(0.0), lambda a: a, x(9, 5)),
    "dropout all": (dropped(1.0), np.zeros_like, x(9, 5)),
    "penalty": (penalized(0.1, 0.2), lambda w: 0.1 * np.abs(w).sum() + 0.2 * (w**2).sum(), x(3, 4)),
}


@pytest.mark.parametrize("name", VALUES)
def test_value(name, dtype, close):
    function, expected, *arrays = VALUES[name]
    arrays = [a.astype(dtype) for a in arrays]
    before = [a.copy() for a in arrays]
    out = function(*map(Tensor, arrays))
    assert out.dtype == dtype
    close(out.data, expected(*[a.astype(np.float64) for a in arrays]), 50)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


@pytest.mark.parametrize(("kind", "smoothings"), KINDS)
def test_loss_values(kind, smoothings, rng, close):
    z, weight = rng.standard_normal((6, 3)), rng.uniform(0.5, 2, 6)
    y = rng.integers(0, 3, 6) if kind == "sparse_cross_entropy" else rng.dirichlet(np.ones(3), 6)
    for smoothing in smoothings:
        extra = (smoothing,) if kind in ("softmax_cross_entropy", "sigmoid_cross_entropy") else ()
        rows, _ = getattr(reference, kind)(z, y, weight, *extra)
        close(ops.loss_rows(kind, z, y, weight, smoothing).data, rows, 50)
        close(ops.mean_loss(kind, z, y, weight, smoothing).data, rows.mean(), 50)


def test_dropout_behind_relu_gives_the_gradient_of_the_stored_mask(rng):
    z, grad = rng.standard_normal((20, 30)), rng.standard_normal((20, 30))
    leaf, relued = Tensor(z, requires_grad=True), Tensor(np.maximum(z, 0), requires_grad=True)
    behind = ops.dropout(ops.relu(leaf), 0.4, seed=9, step=2)
    stored = ops.dropout(relued, 0.4, seed=9, step=2)
    assert behind.node.bits is None
    np.testing.assert_array_equal(behind.data, stored.data)
    assert 0.3 < (stored.data[z > 0] == 0).mean() < 0.5
    behind.backward(grad)
    stored.backward(grad)
    np.testing.assert_array_equal(leaf.grad.data, relued.grad.data * (z > 0))


def test_dropout_masks_differ_by_step_and_seed():
    ones = Tensor(np.ones((100, 10)))
    masks = [ops.dropout(ones, 0.5, seed, step).data for seed, step in [(1, 0), (1, 1), (2, 0)]]
    assert all((a != b).any() for a, b in zip(masks, masks[1:] + masks[:1], strict=True))
    again = ops.dropout(ones, 0.5, 1, np.array(1, np.int64)).data
    np.testing.assert_array_equal(again, masks[1])
