"""The ops that are kernels: activations, dense, dropout, losses, penalty."""

from __future__ import annotations

import numpy as np

from corereg import Tensor
from corereg.autograd import ops
from op_tables.parts import SHAPES, call, random, x

ACTIVATIONS = ["relu", "sigmoid", "tanh", "softmax", "leaky_relu", "elu", "selu", "softplus"]
ACTIVATIONS += ["gelu", "gelu_tanh", "silu", "mish"]
KINDS = [
    ("softmax_cross_entropy", (0.0, 0.1, 1.0)),
    ("sparse_cross_entropy", (0.0,)),
    ("sigmoid_cross_entropy", (0.0, 0.1, 1.0)),
    ("squared_error", (0.0,)),
    ("absolute_error", (0.0,)),
]


def dense(name):
    return call(ops.dense, activation=name)


def dropped(rate, before=None):
    return lambda t: ops.dropout(before(t) if before else t, rate, seed=7, step=3)


def penalized(l1, l2):
    return call(ops.l1_l2_penalty, l1, l2)


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


def softmax(a, axis=-1):
    e = np.exp(a - a.max(axis, keepdims=True))
    return e / e.sum(axis, keepdims=True)


GRADIENTS = {
    "Activation": [
        *((call(ops.activation, n), x(*shape)) for n in ACTIVATIONS for shape in SHAPES if shape),
        *((call(ops.activation, n), x()) for n in ACTIVATIONS if n != "softmax"),
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

VALUES = {
    "relu": (Tensor.relu, lambda a: np.maximum(a, 0), x(3, 4)),
    "sigmoid": (Tensor.sigmoid, lambda a: 1 / (1 + np.exp(-a)), x(3, 4)),
    "tanh": (Tensor.tanh, np.tanh, x(3, 4)),
    "softmax": (Tensor.softmax, softmax, x(3, 4)),
    "softmax axis": (lambda t: t.softmax(0), lambda a: softmax(a, 0), x(3, 4)),
    "linear": (call(ops.activation, "linear"), lambda a: a, x(3, 4)),
    "dense": (dense("tanh"), lambda a, w, b: np.tanh(a @ w + b), x(5, 3), x(3, 4), x(4)),
    "dense softmax": (dense("softmax"), lambda a, w: softmax(a @ w), x(5, 3), x(3, 4)),
    "dropout none": (dropped(0.0), lambda a: a, x(9, 5)),
    "dropout all": (dropped(1.0), np.zeros_like, x(9, 5)),
    "penalty": (penalized(0.1, 0.2), lambda w: 0.1 * np.abs(w).sum() + 0.2 * (w**2).sum(), x(3, 4)),
}
