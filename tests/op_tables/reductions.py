"""Reductions and norms."""

from __future__ import annotations

import math

import numpy as np

from corereg.autograd import ops
from op_tables.parts import apart, call, x

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
MEANS = [case for case in REDUCTIONS if case[:2] != ((0, 3), None)]  # NaN: see the corners
SPREADS = [case for case in MEANS if case[0] and case[1] != () and case[:2] != ((2, 1, 4), 1)]
ORDERS = (-math.inf, -1, 0.5, 1, 1.5, 2, 3, math.inf)


def cases(op, table=REDUCTIONS, made=x, **options):
    return [(call(op, axis=axis, keepdims=keep, **options), made(*s)) for s, axis, keep in table]


GRADIENTS = {
    "Sum": cases(ops.sum),
    "Mean": cases(ops.mean, MEANS),
    "Prod": [
        *cases(ops.prod),
        (ops.prod, np.array([0.0, 2.0, 3.0])),
        (ops.prod, np.array([0.0, 2.0, 0.0])),
        (call(ops.prod, axis=1), np.array([[0.0, 2.0, 3.0], [0.5, 0.0, 0.0]])),
        (ops.prod, x(9)),
    ],
    "Var": [*cases(ops.var, MEANS), *cases(ops.var, SPREADS[:-2], correction=1)],
    "Std": [*cases(ops.std, SPREADS), *cases(ops.std, SPREADS[:-2], correction=0.5)],
    "Max": cases(ops.max, MEANS, apart),
    "Min": cases(ops.min, MEANS, apart),
    "LogSumExp": cases(ops.logsumexp, MEANS),
    "Norm": [
        *cases(ops.norm, MEANS),
        *((call(ops.norm, ord, 1), apart(3, 4)) for ord in ORDERS),
        *((call(ops.norm, ord, (0, 2), True), apart(2, 3, 4)) for ord in ORDERS),
        (call(ops.norm, 0), x(3, 4)),
    ],
}


def norm(ord):
    return lambda a: np.linalg.norm(a.reshape(3, 8), ord, 1)


VALUES = {
    "sum": (lambda t: t.sum((0, 2)), lambda a: a.sum((0, 2)), x(3, 4, 5)),
    "sum keepdims": (lambda t: t.sum(-1, True), lambda a: a.sum(-1, keepdims=True), x(3, 4)),
    "mean": (lambda t: t.mean([1, 2]), lambda a: a.mean((1, 2)), x(3, 4, 5)),
    "mean keepdims": (
        lambda t: t.mean(1, keepdims=True),
        lambda a: a.mean(1, keepdims=True),
        x(3, 4),
    ),
    **{
        f"{name} {axis}": (
            call(getattr(ops, name), axis=axis),
            lambda a, name=name, axis=axis: getattr(np, name)(a, axis=axis),
            x(3, 4, 2),
        )
        for name in ("prod", "max", "min", "var", "std")
        for axis in (None, 1, (0, 2))
    },
    **{
        f"{name} correction": (
            call(getattr(ops, name), 1, correction=1),
            lambda a, name=name: getattr(np, name)(a, axis=1, ddof=1),
            x(3, 4),
        )
        for name in ("var", "std")
    },
    "logsumexp": (
        call(ops.logsumexp, 1, True),
        lambda a: np.log(np.exp(a).sum(1, keepdims=True)),
        x(3, 4),
    ),
    **{f"norm {o}": (call(ops.norm, o, (1, 2)), norm(o), x(3, 2, 4)) for o in (0, *ORDERS)},
}
