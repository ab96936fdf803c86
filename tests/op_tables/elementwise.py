"""Functions of one element, the activations without kernels, and comparisons' likes."""

from __future__ import annotations

import math

import numpy as np

from corereg import Tensor
from corereg.autograd import ops
from op_tables.parts import SHAPES, call, positive, unary, x

erf = np.vectorize(math.erf, otypes=[float])


def log_softmax(a, axis=-1):
    return a - np.log(np.exp(a).sum(axis, keepdims=True))


def elu(a, alpha=1.0):
    return np.where(a > 0, a, alpha * np.expm1(a))


def sparsemax(a):
    """By its definition: the rows of a are sorted, and the longest support is taken that fits."""
    down = -np.sort(-a, axis=-1)
    k = np.arange(1, a.shape[-1] + 1)
    sums = down.cumsum(-1)
    size = (1 + k * down > sums).sum(-1, keepdims=True)
    return np.maximum(a - (np.take_along_axis(sums, size - 1, -1) - 1) / size, 0)


def tanh_gelu(a):
    return a / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (a + 0.044715 * a**3)))


RELUS = [(0.0, 1.0), (0.1, 1.0), (0.1, None, 0.7), (0.3, 1.5, 0.5), (0.0, None, -0.5)]
GRADIENTS = {
    "Abs": unary(abs),
    "Sign": unary(ops.sign),
    "Sqrt": unary(ops.sqrt, positive),
    "Rsqrt": unary(ops.rsqrt, positive),
    "Exp": unary(ops.exp),
    "Expm1": unary(ops.expm1),
    "Log": unary(ops.log, positive),
    "Log1p": unary(ops.log1p, positive),
    "Sin": unary(ops.sin),
    "Cos": unary(ops.cos),
    "Tan": unary(lambda t: ops.tan(t / 2)),
    "Arcsin": unary(lambda t: ops.arcsin(t / 2)),
    "Arccos": unary(lambda t: ops.arccos(t / 2)),
    "Arctan": unary(ops.arctan),
    "Sinh": unary(ops.sinh),
    "Cosh": unary(ops.cosh),
    "Arcsinh": unary(ops.arcsinh),
    "Arccosh": unary(lambda t: ops.arccosh(t + 1), positive),
    "Arctanh": unary(lambda t: ops.arctanh(t / 2)),
    "Log2": unary(ops.log2, positive),
    "Log10": unary(ops.log10, positive),
    "Exp2": unary(ops.exp2),
    "Cbrt": unary(ops.cbrt),
    "Erf": unary(ops.erf),
    "Erfinv": unary(lambda t: ops.erfinv(t / 2)),
    "Square": unary(ops.square),
    "Reciprocal": unary(ops.reciprocal),
    "Astype": [(lambda t: t.astype("f4").astype(t.dtype) * 0 + t, x(3, 4))],
    "LeakyRelu": [*unary(ops.leaky_relu), (call(ops.leaky_relu, 0.3), x(3, 4))],
    "BoundedRelu": [
        *unary(ops.relu6),
        *((call(ops.bounded_relu, *given), 2 * x(9)) for given in RELUS),
    ],
    "Celu": [*unary(ops.celu), (call(ops.celu, 0.7), x(3, 4))],
    "Elu": unary(call(ops.elu, 0.7)),
    "HardSigmoid": [*unary(ops.hard_sigmoid), (lambda t: ops.hard_sigmoid(3 * t), x(9))],
    "HardTanh": unary(ops.hard_tanh),
    "Shrink": [*unary(ops.hard_shrink), *unary(ops.soft_shrink)],
    "Softsign": unary(ops.softsign),
    "SparsePlus": unary(ops.sparse_plus),
    "SparseSigmoid": unary(ops.sparse_sigmoid),
    "Sparsemax": [
        *((ops.sparsemax, x(*shape)) for shape in SHAPES if shape and 0 not in shape),
        (call(ops.sparsemax, 1), x(2, 3, 4)),
    ],
    "Threshold": unary(call(ops.threshold, 0.4, -2.0)),
    "LogSoftmax": [
        *((ops.log_softmax, x(*shape)) for shape in SHAPES if shape),
        *((call(ops.log_softmax, axis), x(2, 3, 4)) for axis in (0, 1, -2, -1)),
    ],
}
NUMPY = ("sign", "exp", "expm1", "sin", "cos", "square", "reciprocal")
ANYWHERE = ("arctan", "sinh", "cosh", "arcsinh", "exp2", "cbrt")

VALUES = {
    **{name: (getattr(ops, name), getattr(np, name), x(3, 4)) for name in ANYWHERE},
    **{name: (getattr(ops, name), getattr(np, name), positive(3, 4)) for name in ("log2", "log10")},
    "tan": (lambda t: ops.tan(t / 2), lambda a: np.tan(a / 2), x(3, 4)),
    "erfinv": (lambda t: ops.erf(ops.erfinv(t / 2)), lambda a: a / 2, x(3, 4)),
    **{name: (getattr(ops, name), getattr(np, name), x(3, 4)) for name in NUMPY},
    **{name: (getattr(ops, name), getattr(np, name), positive(3, 4)) for name in ("sqrt", "log1p")},
    "abs": (abs, np.abs, x(3, 4)),
    "t.abs": (Tensor.abs, np.abs, x(3, 4)),
    "t.exp": (Tensor.exp, np.exp, x(3, 4)),
    "log": (Tensor.log, np.log, positive(3, 4)),
    "rsqrt": (ops.rsqrt, lambda a: a**-0.5, positive(3, 4)),
    "erf": (ops.erf, erf, x(3, 4)),
    "leaky_relu": (ops.leaky_relu, lambda a: np.where(a > 0, a, 0.01 * a), x(3, 4)),
    "elu": (ops.elu, elu, x(3, 4)),
    "selu": (ops.selu, lambda a: 1.0507009873554805 * elu(a, 1.6732632423543772), x(3, 4)),
    "gelu": (ops.gelu, lambda a: a * (1 + erf(a / math.sqrt(2))) / 2, x(3, 4)),
    "gelu tanh": (call(ops.gelu, approximate=True), tanh_gelu, x(3, 4)),
    "silu": (ops.silu, lambda a: a / (1 + np.exp(-a)), x(3, 4)),
    "softplus": (ops.softplus, lambda a: np.log1p(np.exp(a)), x(3, 4)),
    "mish": (ops.mish, lambda a: a * np.tanh(np.log1p(np.exp(a))), x(3, 4)),
    "celu": (call(ops.celu, 0.7), lambda a: np.where(a > 0, a, 0.7 * np.expm1(a / 0.7)), x(3, 4)),
    "glu": (ops.glu, lambda a: a[:, :2] / (1 + np.exp(-a[:, 2:])), x(3, 4)),
    "log_sigmoid": (ops.log_sigmoid, lambda a: -np.log1p(np.exp(-a)), x(3, 4)),
    "tanh_shrink": (ops.tanh_shrink, lambda a: a - np.tanh(a), x(3, 4)),
    "squareplus": (ops.squareplus, lambda a: (a + np.sqrt(a * a + 4)) / 2, x(3, 4)),
    "relu6": (ops.relu6, lambda a: np.clip(a, 0, 6), 5 * x(3, 4)),
    "bounded_relu": (
        call(ops.bounded_relu, 0.1, 1.5, 0.5),
        lambda a: np.where(a > 0.5, np.minimum(a, 1.5), 0.1 * (a - 0.5)),
        2 * x(3, 4),
    ),
    "hard_silu": (ops.hard_silu, lambda a: a * np.clip(a / 6 + 0.5, 0, 1), 3 * x(3, 4)),
    "hard_shrink": (ops.hard_shrink, lambda a: a * (np.abs(a) > 0.5), x(3, 4)),
    "soft_shrink": (ops.soft_shrink, lambda a: a - np.clip(a, -0.5, 0.5), x(3, 4)),
    "threshold": (call(ops.threshold, 0.2, 7), lambda a: np.where(a > 0.2, a, 7), x(3, 4)),
    "sparse_plus": (
        ops.sparse_plus,
        lambda a: np.where(a > 1, a, (np.clip(a, -1, 1) + 1) ** 2 / 4),
        2 * x(3, 4),
    ),
    "sparse_sigmoid": (ops.sparse_sigmoid, lambda a: np.clip((a + 1) / 2, 0, 1), 2 * x(3, 4)),
    "sparsemax": (ops.sparsemax, sparsemax, x(3, 4)),
    "hard_sigmoid": (ops.hard_sigmoid, lambda a: np.clip(a / 6 + 0.5, 0, 1), 3 * x(3, 4)),
    "hard_tanh": (ops.hard_tanh, lambda a: np.clip(a, -1, 1), x(3, 4)),
    "softsign": (ops.softsign, lambda a: a / (1 + np.abs(a)), x(3, 4)),
    "log_softmax": (call(ops.log_softmax, 0), lambda a: log_softmax(a, 0), x(3, 4)),
}
